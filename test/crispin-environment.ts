/** Crispin, in this process, as a server that dialogues are played against. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from '../src/index.ts'
import { embeddedStore } from '../src/store/embedded/index.ts'
import { memoryStore } from '../src/store/memory/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import type { Dialogue } from './dialogue-file.ts'
import { runDialogue } from './dialogue-runner.ts'
import type { Outcome } from './dialogue-runner.ts'

/** The engines that dialogues are played on. */
export const engines = ['memory', 'embedded'] as const
/** One of {@link engines}. */
export type Engine = (typeof engines)[number]

/** Plays dialogues, each with a server and an account of its own, on one store. */
export interface Player {
  /** `pieceBytes`: how many octets of the client go out at once. */
  play(dialogue: Dialogue, pieceBytes?: number): Promise<Outcome>
  close(): Promise<void>
}

/** Opens a store and plays on it. */
export async function openPlayer(engine: Engine): Promise<Player> {
  return playerOn(await openStore(engine))
}

/** Plays on a store of the caller's; `close` ends it. */
export function playerOn({ store, close }: { readonly store: Store; readonly close: () => Promise<void> }): Player {
  let plays = 0
  return {
    async play(dialogue, pieceBytes) {
      const number = ++plays
      const { users, groups, sharedAccounts, settings: config } = dialogue
      const names = new Set(['alice', ...users.values(), ...Object.values(groups).flat(), ...sharedAccounts.keys()])
      const accounts = Array.from(names, (name) => {
        const owners = sharedAccounts.get(name)
        return { name, password: 'secret', account: `account-${number}-${name}`, ...(owners && { owners }) }
      })
      const server = await startServer({ store, accounts, groups, config })
      try {
        return await runDialogue(dialogue, {
          server: 'crispin',
          speaksTls: false,
          ...(pieceBytes !== undefined && { pieceBytes }),
          // What a dialogue takes as given is made in IMAP4rev1, whatever is spoken in it.
          connect: ({ startTls, setsUp }) =>
            Promise.resolve(
              server.connect({
                ...(startTls && { secure: false, startTls: true }),
                ...(setsUp && { protocol: 'imaps' }),
              }),
            ),
        })
      } finally {
        await server.close()
      }
    },
    close,
  }
}

async function openStore(engine: Engine): Promise<{ store: Store; close: () => Promise<void> }> {
  if (engine === 'memory') {
    const store = memoryStore()
    return { store, close: () => store.close() }
  }
  const directory = mkdtempSync(join(tmpdir(), 'crispin-dialogues-'))
  const store = await embeddedStore({ directory })
  return {
    store,
    async close() {
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
