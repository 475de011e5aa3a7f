import type { Work } from '../search/context.ts'
import type { ResponseWriter } from '../wire/response-writer.ts'
import type { Connection } from './connection.ts'
import type { ProgressNotes } from './progress.ts'

/** How long one connection may keep the event loop before others have their turn, in milliseconds. */
const sliceMs = 3

/** The client went away in the middle of a command; nothing is left to answer. */
export class Disconnected extends Error {}

/** A connection's share of the event loop: what takes long gives way to others, and says so to its client. */
export class Turns {
  readonly #connection: Connection
  readonly #out: ResponseWriter
  #sliceEnd = 0
  /** Of the command at hand, where its client wants any. */
  notes: ProgressNotes | undefined

  constructor(connection: Connection, out: ResponseWriter) {
    this.#connection = connection
    this.#out = out
  }

  /** It is this connection's turn. */
  begin(): void {
    this.#sliceEnd = performance.now() + sliceMs
  }

  /** As in `SessionIo`. */
  async settled(): Promise<void> {
    this.#out.flush()
    await this.#out.settled()
    if (this.#connection.closed) throw new Disconnected()
    await this.breathe()
  }

  /** As in `SessionIo`. */
  breathe(): Promise<void> | undefined {
    return performance.now() < this.#sliceEnd ? undefined : this.#giveWay()
  }

  /** As in `SessionIo`; `now`: milliseconds since 1970. */
  breatheWhile(work: Work, now: () => number): Promise<void> | undefined {
    const isOver = performance.now() >= this.#sliceEnd
    const note = isOver ? this.notes?.due(work, now()) : undefined
    if (note !== undefined) this.#out.line(note)
    return isOver ? this.#giveWay() : undefined
  }

  async #giveWay(): Promise<void> {
    this.#out.flush() // answers that are ready do not wait for one that takes long
    await this.#out.settled() // nor do more gather than the client reads
    await new Promise(setImmediate)
    this.begin()
    if (this.#connection.closed) throw new Disconnected()
  }
}
