/** An IMAP server in this process with limits small enough to be gone over, and users who can sign in. */
import { duplexPair } from 'node:stream'
import type { Duplex } from 'node:stream'
import { createAuthenticator } from '../../src/accounts/authenticator.ts'
import { memoryDirectory } from '../../src/accounts/memory-directory.ts'
import { defaultImapLimits } from '../../src/imap/limits.ts'
import type { ImapLimits } from '../../src/imap/limits.ts'
import { serveImap } from '../../src/imap/serve.ts'
import { silentLog } from '../../src/model/log.ts'
import { memoryStore } from '../../src/store/memory/memory-store.ts'
import type { MemoryStoreOptions } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { RawClient } from './raw-client.ts'

/** What differs from the defaults. */
export interface LimitedServerOptions {
  readonly limits?: Partial<ImapLimits>
  readonly storeLimits?: MemoryStoreOptions['limits']
  /** Puts something between the server and its store. */
  readonly wrapStore?: (store: Store) => Store
}

/** A connection, and the server's end of it. */
export interface ServedClient {
  readonly client: RawClient
  /** What the server writes to and reads from. */
  readonly serverStream: Duplex
  /** Resolves when the server has let go of the connection. */
  readonly closed: Promise<void>
}

/** A server whose users are `alice` and `bob`, both with the password `secret`. */
export interface LimitedServer {
  readonly store: Store
  /** A new connection whose greeting was read. */
  connect(): Promise<ServedClient>
  /** A new connection that has signed in. */
  signIn(user?: string): Promise<RawClient>
  close(): Promise<void>
}

/** Account ids are the users' names. */
export function limitedServer(options: LimitedServerOptions = {}): LimitedServer {
  const { limits = {}, storeLimits = {}, wrapStore = (store: Store) => store } = options
  const store = wrapStore(memoryStore({ limits: storeLimits }))
  const directory = memoryDirectory(
    ['alice', 'bob'].map((name) => ({ name, account: name, password: 'secret' })),
    { localDomains: [] },
  )
  const services = {
    store,
    authenticator: createAuthenticator({
      directory,
      log: silentLog,
      clock: Date.now,
      delay: () => Promise.resolve(),
    }),
    log: silentLog,
    limits: { ...defaultImapLimits, ...limits },
    now: Date.now,
    serverId: new Map<string, string>(),
    disabledCapabilities: new Set<string>(),
    loginCounts: new Map<string, number>(),
  }
  const clients: RawClient[] = []

  async function connect(): Promise<ServedClient> {
    const [clientStream, serverStream] = duplexPair()
    const { closed } = serveImap(
      {
        stream: serverStream,
        secure: true,
        allowPlaintextLogin: false,
        remoteAddress: 'local',
        remotePort: 0,
        tlsExporter: () => undefined,
        certificateNames: () => [],
      },
      services,
    )
    const client = new RawClient(clientStream)
    clients.push(client)
    await client.next()
    return { client, serverStream, closed }
  }

  return {
    store,
    connect,
    async signIn(user = 'alice') {
      const { client } = await connect()
      await client.ok(`LOGIN ${user} secret`)
      return client
    },
    async close() {
      for (const client of clients) client.close()
      await directory.close()
      await store.close()
    },
  }
}
