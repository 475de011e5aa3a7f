/**
 * Crispin as a library: an IMAP server inside the process, above all for testing mail clients.
 *
 *     const server = await startServer({ accounts: [{ name: 'joe', password: 'secret' }] })
 *     const stream = server.connect()
 */
import type { Duplex } from 'node:stream'
import { memoryDirectory } from './accounts/memory-directory.ts'
import { silentLog } from './model/log.ts'
import type { Log } from './model/log.ts'
import type { PushService } from './imap/push-service.ts'
import { parseListenAddress } from './net/address.ts'
import { transportPair } from './net/memory-transport.ts'
import type { MemoryTransportOptions } from './net/memory-transport.ts'
import { checkConfig } from './server/config-schema.ts'
import { runServer } from './server/run-server.ts'
import { defaultQuotaOf } from './server/services.ts'
import { memoryStore } from './store/memory/memory-store.ts'
import type { Store } from './store/store.ts'

export { silentLog } from './model/log.ts'
export type { Log } from './model/log.ts'
export type { PushRegistration, PushService } from './imap/push-service.ts'
export { Refusal } from './model/refusal.ts'
export type { MemoryTransportOptions } from './net/memory-transport.ts'
export { memoryStore } from './store/memory/memory-store.ts'
export type { MemoryStoreOptions } from './store/memory/memory-store.ts'
export type { AccountStore, MessageStager, Store } from './store/store.ts'

/** Somebody who can sign in. */
export interface TestAccount {
  readonly name: string
  readonly password: string
  /** The account's id in the store, for tests that look into it; by default a random one. */
  readonly account?: string
  /** Makes it a shared account of these: names of users, and of groups behind a `$`. */
  readonly owners?: readonly string[]
}

/** What a server in the process is given. All of it has a default. */
export interface StartServerOptions {
  /** Default: a new {@link memoryStore}. It stays open when the server is closed. */
  readonly store?: Store
  readonly accounts?: readonly TestAccount[]
  /** Names of users by the name of their group. */
  readonly groups?: Readonly<Record<string, readonly string[]>>
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  readonly log?: Log
  /** Push by somebody else's network (docs/push.md). */
  readonly push?: PushService
  /** TCP ports to open, on which passwords may be sent without TLS; port 0 is any free one. */
  readonly listen?: {
    readonly imap?: { readonly host?: string; readonly port: number }
    readonly lmtp?: { readonly host?: string; readonly port: number }
  }
  /** Settings by table, as in docs/configuration.md. Throws `Error` for what is no setting. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** A server in the process. */
export interface CrispinServer {
  /** A new connection without a port; the server speaks first. */
  connect(options?: MemoryTransportOptions & { readonly protocol?: 'imap' | 'imaps' | 'lmtp' }): Duplex
  /** The open ports, `host` and `port` as they can be connected to. */
  readonly ports: { readonly imap?: OpenPort; readonly lmtp?: OpenPort }
  readonly store: Store
  /** Says BYE to all clients and closes the ports. */
  close(): Promise<void>
}

/** Where a listener really is. */
export interface OpenPort {
  readonly host: string
  readonly port: number
}

/** Starts a server in this process. */
export async function startServer(options: StartServerOptions = {}): Promise<CrispinServer> {
  const {
    accounts = [],
    groups = {},
    clock = Date.now,
    log = silentLog,
    listen = {},
    config: tables = {},
    push,
  } = options
  const checked = checkConfig({
    ...tables,
    imap: { ...tables['imap'], listen: listenList(listen.imap), allowPlaintextLogin: true, startTls: false },
    lmtp: { ...tables['lmtp'], listen: listenList(listen.lmtp) },
  })
  if (!checked.success) throw new Error(`wrong configuration: ${checked.error.message}`)
  const config = checked.data
  const store = options.store ?? memoryStore({ clock, limits: { quota: defaultQuotaOf(config) } })
  const directory = memoryDirectory(accounts, { localDomains: config.server.localDomains, groups })
  const running = await runServer(config, { store, directory, log, now: clock, ...(push && { push }) }, undefined)
  return {
    connect({ protocol = 'imap', ...about } = {}) {
      const { client, server } = transportPair(about)
      // A client that has said all waits for our end.
      running.sessions.serve(protocol, server, undefined, () => server.stream.end())
      return client
    },
    ports: { ...openPort('imap', running.addresses.imap), ...openPort('lmtp', running.addresses.lmtp) },
    store,
    async close() {
      await running.stop()
      await directory.close()
    },
  }
}

function listenList(port: { readonly host?: string; readonly port: number } | undefined): string[] {
  return port ? [`${port.host ?? '127.0.0.1'}:${port.port}`] : []
}

function openPort(name: 'imap' | 'lmtp', [text]: readonly string[]): CrispinServer['ports'] {
  const address = text === undefined ? undefined : parseListenAddress(text)
  return address?.kind === 'tcp' ? { [name]: { host: address.host, port: address.port } } : {}
}
