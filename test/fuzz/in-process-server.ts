import type { Duplex } from 'node:stream'
import { createAuthenticator } from '../../src/accounts/authenticator.ts'
import { memoryDirectory } from '../../src/accounts/memory-directory.ts'
import { defaultImapLimits, type ImapLimits } from '../../src/imap/limits.ts'
import { serveImap } from '../../src/imap/serve.ts'
import type { ImapServices } from '../../src/imap/services.ts'
import { defaultLmtpLimits } from '../../src/lmtp/limits.ts'
import { serveLmtp } from '../../src/lmtp/serve.ts'
import type { LmtpServices } from '../../src/lmtp/services.ts'
import { lmtpSystemClock } from '../../src/lmtp/services.ts'
import type { Log } from '../../src/model/log.ts'
import { transportPair } from '../../src/net/memory-transport.ts'
import { sharingOf } from '../../src/server/sharing.ts'
import type { Store } from '../../src/store/store.ts'

/** A server of this process, on a store of the caller's. Its users are `alice` and `bob`, with the password `secret`. */
export interface InProcessServer {
  connectImap(): Duplex
  connectLmtp(): Duplex
  /** What was logged as an error since the last call: each is a fault of ours. */
  takeErrors(): string[]
  /** How many connections are not over yet. */
  readonly open: number
  /** Ends all connections and waits until what they held is given back. The store stays open. */
  close(): Promise<void>
}

/** The id of alice's account, and of bob's. */
export const account = 'alice'
export const bobsAccount = 'bob'

/** Starts one. */
export function inProcessServer(store: Store, limits: Partial<ImapLimits> = {}): InProcessServer {
  let errors: string[] = []
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (fields, text) => {
      const cause = 'err' in fields && fields.err instanceof Error ? fields.err.stack : JSON.stringify(fields)
      errors.push(`${text}: ${cause}`)
    },
  }
  const directory = memoryDirectory([
    { name: 'alice', password: 'secret', account },
    { name: 'bob', password: 'secret', account: bobsAccount },
  ])
  const authenticator = createAuthenticator({ directory, log, clock: Date.now, delay: async () => {} })
  const settings = { enabled: true, otherUsers: 'Other Users', sharedAccounts: 'Shared', seenPerUser: true }
  const sharing = sharingOf(settings, directory.people)
  const imap: ImapServices = {
    store,
    authenticator,
    log,
    limits: { ...defaultImapLimits, ...limits },
    now: Date.now,
    serverId: new Map([['name', 'Crispin']]),
    disabledCapabilities: new Set(),
    loginCounts: new Map(),
    gmail: true,
    ...(sharing && { sharing }),
  }
  const lmtp: LmtpServices = {
    store,
    recipients: (address) =>
      Promise.resolve(
        /^alice(?:\+|@|$)/.test(address)
          ? { account, user: 'alice', detail: /\+([^@]*)/.exec(address)?.[1] }
          : undefined,
      ),
    limits: defaultLmtpLimits,
    log,
    clock: lmtpSystemClock,
    hostname: 'mail.example',
  }
  const served = new Map<Duplex, Promise<void>>()
  const keep = (client: Duplex, closed: Promise<void>): Duplex => {
    served.set(client, closed)
    void closed.then(() => served.delete(client))
    return client
  }
  return {
    connectImap() {
      const { client, server } = transportPair()
      return keep(client, serveImap(server, imap).closed)
    },
    connectLmtp() {
      const { client, server } = transportPair()
      return keep(client, serveLmtp(server, lmtp).closed)
    },
    takeErrors() {
      const taken = errors
      errors = []
      return taken
    },
    get open() {
      return served.size
    },
    async close() {
      const closing = [...served.values()]
      for (const client of served.keys()) client.destroy()
      await Promise.all(closing)
    },
  }
}
