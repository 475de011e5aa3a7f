import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Told } from './kill-child.ts'
import { type Lane, assertSound, ended, newLane, verify } from './kill-lane.ts'
import { RawClient } from './raw-client.ts'
import { type Deed, type Territory, after, nextDeed, octetsOf, randomFrom } from './territory.ts'

/** How many servers are killed; `CRISPIN_IMAP_KILLS` sets another number. */
const kills = Number(process.env['CRISPIN_IMAP_KILLS'] ?? 50)
/** Kills between two checks of the whole store. */
const checkEvery = 10
/** The longest that clients work before the server is killed, in milliseconds. */
const maxLifeMs = 500

test(`nothing that IMAP answered OK is lost in ${kills} kills`, { timeout: 900_000 }, async (context) => {
  const scratch = mkdtempSync(join(tmpdir(), 'crispin-kill-imap-'))
  const seed = Number(process.env['CRISPIN_SEED'] ?? Date.now() % 1_000_000)
  context.diagnostic(`seed ${seed}`)
  try {
    const lane = await newLane(join(scratch, 'data'))
    const random = randomFrom(seed)
    for (let kill = 0; kill < kills; kill++) {
      const told = await lifeAndDeath(lane, seed + kill, random)
      await verify(lane, lane.directory, told, `seed ${seed}, kill ${kill}`)
      if (kill % checkEvery === checkEvery - 1) await assertSound(lane.directory)
    }
    await assertSound(lane.directory)
    context.diagnostic(
      `${lane.acknowledged} commands answered OK and found done; ${lane.halfway} not yet answered were done`,
    )
    assert.ok(lane.acknowledged > kills, 'the clients did too little for the test to mean anything')
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

/** Runs a server, lets every worker talk to it, kills it at some moment, and gives what it answered until then. */
async function lifeAndDeath(lane: Lane, seed: number, random: () => number): Promise<Told[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-server.ts'), lane.directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const over = ended(child)
  try {
    const [first] = (await once(child.stdout, 'data')) as [Buffer] // a readable stream gives Buffers
    const port = Number(first.toString())
    const told: Told[] = []
    const working = lane.territories.map((territory) => work(port, territory, seed, told))
    setTimeout(() => child.kill('SIGKILL'), random() ** 2 * maxLifeMs + 20)
    await Promise.all(working)
    return told
  } finally {
    child.kill('SIGKILL')
    await over
  }
}

async function work(port: number, start: Territory, seed: number, told: Told[]): Promise<void> {
  const random = randomFrom(seed * 1000 + start.worker)
  const { worker } = start
  const client = await RawClient.connect({ host: '127.0.0.1', port }).catch(() => undefined)
  if (!client) return // the server was gone before anything was asked
  let territory = start
  try {
    if (!(await done(client, 'LOGIN alice secret'))) return
    for (let n = 0; ; n++) {
      for (const deed of inSteps(nextDeed(territory, `${seed}.${worker}.${n}`, random))) {
        const { before, command, behind } = commandsOf(territory, deed)
        if (before !== undefined && !(await done(client, before))) return
        told.push({ is: 'begun', worker, deed })
        if (!(await done(client, command))) return
        told.push({ is: 'acknowledged', worker })
        territory = after(territory, deed)
        if (behind !== undefined && !(await done(client, behind))) return
      }
    }
  } finally {
    client.close()
  }
}

/** Sends a command; false when the server is gone before its answer. Throws when the answer is not OK. */
async function done(client: RawClient, command: string): Promise<boolean> {
  const answer = (await client.command(command)).at(-1)
  if (answer?.startsWith('OK')) return true
  if (client.ended) return false
  throw new Error(`${command.slice(0, 80)}: ${answer}`)
}

/** What IMAP does in several commands is as many deeds. */
function inSteps(deed: Deed): Deed[] {
  if (deed.do === 'expunge') return [{ ...deed, do: 'flags', flag: '\\Deleted' }, deed]
  // DELETE and CREATE would make a state between them that the model does not know.
  return deed.do === 'recreate' ? [] : [deed]
}

interface Commands {
  readonly before?: string
  readonly command: string
  readonly behind?: string
}

function commandsOf(territory: Territory, deed: Deed): Commands {
  switch (deed.do) {
    case 'append': {
      const flags = deed.flagged ? '(\\Flagged) ' : ''
      const mails = deed.mails.map((mail) => {
        const octets = octetsOf(mail).toString('latin1')
        return ` ${flags}"09-Sep-2001 01:46:40 +0000" {${octets.length}+}\r\n${octets}`
      })
      return { command: `APPEND ${territory[deed.box].name}${mails.join('')}` }
    }
    case 'copy':
    case 'move': {
      const to = territory[deed.from === 'a' ? 'b' : 'a'].name
      return selected(territory[deed.from].name, `UID ${deed.do} ${deed.uids.join()} ${to}`)
    }
    case 'flags':
      return selected(territory[deed.box].name, `UID STORE ${deed.uids.join()} FLAGS.SILENT (${deed.flag})`)
    case 'expunge':
      return selected(territory[deed.box].name, `UID EXPUNGE ${deed.uids.join()}`)
    case 'rename':
      return { command: `RENAME ${territory[deed.box].name} ${deed.to}` }
    case 'annotate': {
      const value = deed.note === '' ? 'NIL' : `"${deed.note}"`
      return { command: `SETMETADATA ${territory[deed.box].name} (/shared/comment ${value})` }
    }
    case 'recreate':
      throw new Error('not one command of IMAP')
  }
}

function selected(mailbox: string, command: string): Commands {
  return { before: `SELECT ${mailbox}`, command, behind: 'UNSELECT' }
}
