import type { Mail } from '../mail.ts'
import type { Measure } from '../measure.ts'
import type { Options } from '../options.ts'
import type { Server } from '../servers/server.ts'

/** What a workload runs on: alice's INBOX holds the `messages` first messages of the benchmark, bob has no mail. */
export interface Target {
  readonly server: Server
  /** Where all that the server keeps is. */
  readonly directory: string
  /** In alice's INBOX. */
  readonly messages: number
  /** Some hundred further messages to append and deliver, none of them large. */
  readonly mail: readonly Mail[]
  readonly options: Options
}

/** A group of rows. It leaves alice's INBOX as it was, unless its place in the list says otherwise. */
export interface Workload {
  readonly name: string
  /** Whether the servers are started anew before it, since it measures what earlier work would blur. */
  readonly freshServer?: boolean
  /** Done while the server is stopped, to what it keeps there. */
  prepare?(directory: string): void
  run(target: Target, measure: Measure): Promise<void>
}

/** A literal that needs no answer before it, RFC 7888 §4. */
export const literal = (octets: Buffer): Buffer => Buffer.concat([Buffer.from(`{${octets.length}+}\r\n`), octets])

/** How often `text` has a match; `pattern` must be global. */
export const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0
