import { parseListenAddress } from '../net/address.ts'
import type { Config } from './config-type.ts'
import type { MetricsSample } from './metrics.ts'
import type { ServerAddresses } from './run-server.ts'

/** What a worker has to know before it can serve. */
export interface WorkerStart {
  /** Which one it is, from 0. */
  readonly worker: number
  readonly workers: number
  /** As {@link workerConfig} made it. */
  readonly config: Config
  /** Where the sockets between the workers are. */
  readonly sockets: string
  /** For session tickets, so that whichever worker a client meets next takes them. */
  readonly ticketKeys: Uint8Array
  /** Whether it counts what it does. */
  readonly measures: boolean
  /** Of the program that starts it. */
  readonly version: string
}

/** What the supervisor says to a worker. */
export type ToWorker =
  | { readonly do: 'start'; readonly start: WorkerStart }
  | { readonly do: 'reload'; readonly config: Config }
  /** Does what other commands left to the server. */
  | { readonly do: 'chores' }
  | { readonly do: 'measure' }
  /** Says BYE to all clients. The store stays open, since other workers may need it for what they have begun. */
  | { readonly do: 'hush' }
  | { readonly do: 'end' }

/** What a worker says to the supervisor. */
export type FromWorker =
  | { readonly is: 'ready' }
  /** It could not start, or not read its configuration again. */
  | { readonly is: 'failed'; readonly name: string; readonly message: string }
  | { readonly is: 'reloaded' }
  | { readonly is: 'measured'; readonly sample: MetricsSample }
  | { readonly is: 'hushed' }

/** The part of a limit on the whole server that one of several workers has. */
const partOf = (limit: number, workers: number): number => Math.ceil(limit / workers)

/**
 * A configuration as one worker is to use it: its listeners on the ports that were found, its part of what is limited for
 * the server as a whole. Unix sockets cannot be shared, so the first worker has them; HTTP is the supervisor's.
 */
export function workerConfig(config: Config, addresses: ServerAddresses, worker: number, workers: number): Config {
  const { imap, imaps, lmtp, http, limits, signIn } = config
  const mine = (listen: readonly string[]): string[] =>
    listen.filter((address) => worker === 0 || parseListenAddress(address).kind === 'tcp')
  return {
    ...config,
    imap: { ...imap, listen: mine(addresses.imap) },
    imaps: { ...imaps, listen: mine(addresses.imaps) },
    lmtp: { ...lmtp, listen: mine(addresses.lmtp) },
    http: { ...http, listen: [] },
    limits: {
      ...limits,
      connections: partOf(limits.connections, workers),
      connectionsBeforeLogin: partOf(limits.connectionsBeforeLogin, workers),
    },
    signIn: {
      ...signIn,
      accountFailures: partOf(signIn.accountFailures, workers),
      addressFailures: partOf(signIn.addressFailures, workers),
    },
  }
}
