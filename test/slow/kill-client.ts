/** One client of a server that is going to be killed: what it asks, and what it was told. */
import { commandsOf, inSteps } from './imap-deeds.ts'
import type { Told } from './kill-child.ts'
import { RawClient } from './raw-client.ts'
import { type Territory, after, nextDeed, randomFrom } from './territory.ts'

/** Whether an answer leaves open what came of the command, as when there is none any more. */
export type IsOpen = (answer: string) => boolean

/** Does one deed after the other until the server is gone, or says what `isOpen` of. Throws when it refuses any. */
export async function work(port: number, start: Territory, seed: number, told: Told[], isOpen: IsOpen): Promise<void> {
  const random = randomFrom(seed * 1000 + start.worker)
  const { worker } = start
  const client = await RawClient.connect({ host: '127.0.0.1', port }).catch(() => undefined)
  if (!client) return // the server was gone before anything was asked
  let territory = start
  try {
    if (!(await done(client, 'LOGIN alice secret', isOpen))) return
    for (let n = 0; ; n++) {
      for (const deed of inSteps(nextDeed(territory, `${seed}.${worker}.${n}`, random))) {
        const { before, command, behind } = commandsOf(territory, deed)
        if (before !== undefined && !(await done(client, before, isOpen))) return
        told.push({ is: 'begun', worker, deed })
        if (!(await done(client, command, isOpen))) return
        told.push({ is: 'acknowledged', worker })
        territory = after(territory, deed)
        if (behind !== undefined && !(await done(client, behind, isOpen))) return
      }
    }
  } finally {
    client.close()
  }
}

/** Sends a command; false when it is not known what came of it. Throws when the answer is any other than OK. */
async function done(client: RawClient, command: string, isOpen: IsOpen): Promise<boolean> {
  const answer = (await client.command(command)).at(-1)
  if (answer?.startsWith('OK')) return true
  if (client.ended || (answer !== undefined && isOpen(answer))) return false
  throw new Error(`${command.slice(0, 80)}: ${answer}`)
}
