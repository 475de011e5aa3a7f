import type { Duplex } from 'node:stream'
import { flagSetOf } from '../../model/flags.ts'
import { silentLog } from '../../model/log.ts'
import { asMailboxId } from '../../model/numbers.ts'
import { transportPair } from '../../net/memory-transport.ts'
import type { AccountStore, Store } from '../../store/store.ts'
import { defaultImapLimits, type ImapLimits } from '../limits.ts'
import { serveImap } from '../serve.ts'

/** What a command was answered with, as text of the wire. */
export interface Answer {
  /** Each without its last CRLF. */
  readonly untagged: readonly string[]
  /** `OK`, `NO [CODE]` or `BAD`; `closed` when the connection was. */
  readonly outcome: string
}

/** A client in the process, signed in to the account `joe`. */
export interface TestClient {
  readonly command: (text: string) => Promise<Answer>
  readonly close: () => Promise<void>
}

/** Signs in to a server on `store`, with the limits that are given or the default ones. */
export async function clientOf(store: Store, limits: Partial<ImapLimits> = {}): Promise<TestClient> {
  const { client, server } = transportPair()
  const served = serveImap(server, {
    store,
    authenticator: {
      mechanisms: () => [],
      begin: () => undefined,
      login: (user) => Promise.resolve({ user, account: user }),
    },
    log: silentLog,
    limits: { ...defaultImapLimits, ...limits },
    now: Date.now,
    serverId: new Map(),
    disabledCapabilities: new Set(),
    loginCounts: new Map(),
  })
  const responses = responsesOf(client)
  await responses()
  let number = 0
  const command = async (text: string): Promise<Answer> => {
    const tag = 't' + ++number
    client.write(Buffer.from(`${tag} ${text}\r\n`, 'latin1'))
    const untagged: string[] = []
    for (;;) {
      const response = await responses()
      if (response === undefined) return { untagged, outcome: 'closed' }
      if (!response.startsWith(tag + ' ')) untagged.push(response)
      else return { untagged, outcome: /^\S+ (\w+(?: \[[^\]]*\])?)/.exec(response)?.[1] ?? response }
    }
  }
  const close = async (): Promise<void> => {
    client.destroy()
    await served.closed
  }
  await command('LOGIN joe x')
  return { command, close }
}

/** Gives one response after the other, literals and all, without the CRLF at its end; `undefined` at the end. */
function responsesOf(stream: Duplex): () => Promise<string | undefined> {
  let chunks: Buffer[] = []
  let ended = false
  let wake = (): void => {}
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    wake()
  })
  const end = (): void => {
    ended = true
    wake()
  }
  stream.on('end', end)
  stream.on('close', end)
  let text = ''
  return async () => {
    for (;;) {
      if (chunks.length > 0) {
        text += Buffer.concat(chunks).toString('latin1')
        chunks = []
      }
      const length = responseLength(text)
      if (length !== undefined) {
        const response = text.slice(0, length - 2)
        text = text.slice(length)
        return response
      }
      if (ended) return undefined
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
}

function responseLength(text: string): number | undefined {
  for (let at = 0; at <= text.length;) {
    const end = text.indexOf('\r\n', at)
    if (end === -1) return undefined
    const size = /\{(\d+)\}$/.exec(text.slice(Math.max(at, end - 20), end))?.[1]
    if (size === undefined) return end + 2
    at = end + 2 + Number(size)
  }
  return undefined
}

/** Puts messages into the INBOX of `joe`. */
export async function fill(
  store: Store,
  messages: readonly (string | Buffer)[],
  flags: readonly string[] = [],
): Promise<void> {
  const account = await store.openAccount('joe')
  const appended = []
  for (const message of messages) {
    const stager = account.stage()
    await stager.write(typeof message === 'string' ? Buffer.from(message, 'latin1') : message)
    appended.push({ staged: await stager.finish(), flags: flagSetOf(flags), internalDate: 1_000_000_000 })
  }
  await account.commit([{ op: 'append', mailbox: asMailboxId(1), messages: appended }])
  await account.close()
}

/** A store whose accounts are like those of `store`, but for the methods in `other`. */
export function storeWith(store: Store, other: (account: AccountStore) => Partial<AccountStore>): Store {
  return {
    ...store,
    async openAccount(id) {
      const account = await store.openAccount(id)
      const replaced = other(account)
      return new Proxy(account, {
        get: (target, name) => {
          // Both are the methods of an account, and names of others are undefined in both.
          const value = Reflect.get(name in replaced ? replaced : target, name) as unknown
          return typeof value === 'function' ? value.bind(name in replaced ? replaced : target) : value
        },
      })
    },
  }
}
