/**
 * Crispin beside Debian's Dovecot on loopback: the same mail, the same commands, in turn, and a table of ratios.
 * docs/benchmarks.md says what is measured and how to read it.
 *
 *     npm run bench -- [--messages 20000] [--rounds 3] [--only NAME,NAME] [--connections 300] [--json FILE]
 *                      [--picture FILE] [--directory DIR] [--crispin-only] [--keep] [--profile DIR]
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { buildMailbox, freshMail } from './build-mailbox.ts'
import { mailEdition } from './mail.ts'
import { Measure } from './measure.ts'
import type { Sample } from './measure.ts'
import { pictureOf } from './picture.ts'
import { atRest, cpuMsOf } from './process-usage.ts'
import { complaintsOf, rowsOf, tableOf } from './report.ts'
import { startCrispin } from './servers/crispin.ts'
import { haveDovecot, startDovecot } from './servers/dovecot.ts'
import type { Server, StartOptions, StartServer } from './servers/server.ts'
import { workloads } from './workloads/index.ts'
import type { Workload } from './workloads/workload.ts'

const { values: options } = parseArgs({
  options: {
    messages: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '300' },
    only: { type: 'string' },
    json: { type: 'string' },
    picture: { type: 'string' },
    directory: { type: 'string', default: join(tmpdir(), 'crispin-bench') },
    'crispin-only': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
})
const messages = Number(options.messages)
const rounds = Number(options.rounds)
const connections = Number(options.connections)
const freshMessages = 600
/** Work in the background begins this long after the last message at the latest, in milliseconds. */
const backgroundDelayMs = 5000
const startOptions: StartOptions = options.profile === undefined ? {} : { profileTo: resolve(options.profile) }

interface Contender {
  readonly name: string
  readonly start: StartServer
  /** Whether what was built for an earlier run may be used: another program's format does not change. */
  readonly keepBuilt: boolean
}

const contenders: readonly Contender[] = [
  { name: 'crispin', start: startCrispin, keepBuilt: options.keep },
  ...(haveDovecot && !options['crispin-only'] ? [{ name: 'dovecot', start: startDovecot, keepBuilt: true }] : []),
]

const say = (text: string): void => void process.stderr.write(`${text}\n`)

function chosenWorkloads(): readonly Workload[] {
  if (options.only === undefined) return workloads
  const names = options.only.split(',')
  const known = workloads.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no workload ${unknown.join(', ')}; there are ${known.join(', ')}`)
  return workloads.filter(({ name }) => names.includes(name))
}

/** The directory with the mail of the benchmark, made now or before. */
async function build({ name, start, keepBuilt }: Contender): Promise<string> {
  const directory = join(options.directory, `${name}-${messages}-${mailEdition}`)
  const mark = join(directory, 'complete')
  if (keepBuilt && existsSync(mark)) return directory
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const server = await start(directory, { building: true })
  const begun = performance.now()
  try {
    await buildMailbox(server, messages)
    const cpuSeconds = cpuMsOf(server.pid) / 1000
    await new Promise((resolve) => setTimeout(resolve, backgroundDelayMs))
    await atRest(server.pid)
    say(
      `${name}: ${(cpuMsOf(server.pid) / 1000 - cpuSeconds).toFixed(1)} s CPU in the background after the last message`,
    )
    const seconds = (performance.now() - begun) / 1000
    say(
      `built ${messages} messages in ${name}: ${seconds.toFixed(1)} s, ${(cpuMsOf(server.pid) / 1000).toFixed(1)} s CPU`,
    )
  } finally {
    await server.stop()
  }
  writeFileSync(mark, '')
  return directory
}

const runDirectory = (name: string): string => join(options.directory, `run-${name}`)

/** Every server starts from a copy of what was built, so that each round finds the same. */
async function startFresh({ name, start }: Contender, built: string): Promise<Server> {
  const directory = runDirectory(name)
  rmSync(directory, { recursive: true, force: true })
  // With owners, which Dovecot asks for and Node's own copying does not keep.
  execFileSync('cp', ['-a', built, directory])
  return await start(directory, startOptions)
}

async function round(
  number: number,
  built: ReadonlyMap<string, string>,
  chosen: readonly Workload[],
): Promise<Sample[]> {
  const samples: Sample[] = []
  const running = new Map<Contender, Server>()
  const inTurn = number % 2 === 0 ? contenders : contenders.toReversed()
  const mail = freshMail(freshMessages)
  try {
    for (const contender of contenders)
      running.set(contender, await startFresh(contender, built.get(contender.name) ?? ''))
    for (const workload of chosen) {
      say(`round ${number + 1}: ${workload.name}`)
      for (const contender of inTurn) {
        if (workload.freshServer === true) {
          await running.get(contender)?.stop()
          running.set(contender, await contender.start(runDirectory(contender.name), startOptions))
        }
        const server = running.get(contender)
        if (!server) throw new Error(`${contender.name} does not run`)
        await atRest(server.pid)
        const measure = new Measure(server)
        await workload.run({ server, messages, mail, connections }, measure)
        samples.push(...measure.samples)
      }
    }
    if (number === 0) for (const { name, settings } of running.values()) say(`${name}: ${settings}`)
  } finally {
    for (const server of running.values()) await server.stop()
  }
  return samples
}

if (!haveDovecot) say('Dovecot is not installed: Crispin is measured alone')
const chosen = chosenWorkloads()
const built = new Map<string, string>()
for (const contender of contenders) built.set(contender.name, await build(contender))
const samples: Sample[] = []
for (let number = 0; number < rounds; number++) samples.push(...(await round(number, built, chosen)))
for (const { name } of contenders) rmSync(runDirectory(name), { recursive: true, force: true })
const rows = rowsOf(samples)
console.log(`${messages} messages, medians of ${rounds}, ${cpus().length} x ${cpus()[0]?.model}\n\n${tableOf(rows)}`)
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify({ messages, rounds, rows }, undefined, 2))
if (options.picture !== undefined) writeFileSync(options.picture, pictureOf(rows, messages))
const complaints = complaintsOf(rows)
for (const complaint of complaints) console.log(complaint)
if (complaints.length > 0) process.exitCode = 1
