import type { Part } from '../../mime/message.ts'
import type { LineSelector } from '../../mime/header-lines.ts'
import { decodeParts, type OctetRange } from '../../mime/parts.ts'
import { type AccountStore, StoreFailure } from '../../store/store.ts'
import type { ComputedBatch } from './computed-batch.ts'
import type { FetchPlan } from './plan.ts'
import { maxPreparedOctets, pieceOctets, scratchOctets, textOctets } from './limits.ts'

/** What may be at hand or on its way: stores answer at once where they can, and nobody should wait then. */
export type Maybe<T> = T | Promise<T>

/** Goes on with `value` at once where it is at hand. */
export function andThen<T, Next>(value: Maybe<T>, next: (value: T) => Maybe<Next>): Maybe<Next> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Octets that go out as a literal, when they are too many for text. */
export interface Literal {
  /** literal8, for octets among which there is a NUL (RFC 9051 §4.3.1). */
  readonly binary: boolean
  /** Octets in all. */
  readonly length: number
  /** All of them, or the first when there is a `rest`. Good until the source is aimed at another message. */
  readonly octets: Buffer
  /** The others, read as they are asked for; each piece is good until the next. */
  rest?(): AsyncIterable<Buffer>
}

/** What stands behind an item's name: text of the wire as it is, short literals included, or a long literal. */
export type Value = string | Literal

/** A section or part that does not exist (RFC 9051 §9 nstring). */
export const nil = 'NIL'

/**
 * Octets as a value: few of them become text.
 *
 * Quirk(curl): none at all are a literal too, since it cannot read a quoted string here.
 */
export function literalOf(octets: Buffer, binary: boolean = false): Value {
  if (octets.length > textOctets) return { binary, length: octets.length, octets }
  return announcement(octets.length, binary) + octets.toString('latin1')
}

/** What stands in front of a literal's octets (RFC 9051 §4.3, §4.3.1). */
export function announcement(length: number, binary: boolean): string {
  return (binary ? '~{' : '{') + length + '}\r\n'
}

/** Waits for the next command: one alone would spend more on such memory than on what it reads. */
let spareScratch: Buffer | undefined

/**
 * The message that a response is being made of, as items read it. One of these serves a whole command: it is aimed at
 * one message after the other.
 */
export class MessageSource {
  readonly #account: AccountStore
  readonly #breathe: () => Promise<void> | undefined
  #message = 0
  #size = 0
  #parts: Part | undefined
  readonly #partsOf: ComputedBatch | undefined
  readonly #linesOf: ComputedBatch | undefined
  #place = 0
  #room = 0
  /** What is read of the message at hand. */
  #scratch: Buffer | undefined
  #used = 0

  /**
   * `parts` and `headerLines`: the trees of parts of the batch, and the kept lines of its headers, where they are
   * needed. `breathe` is that of `SessionIo`.
   */
  constructor(
    account: AccountStore,
    { parts, headerLines }: Pick<FetchPlan, 'parts' | 'headerLines'>,
    breathe: () => Promise<void> | undefined,
  ) {
    this.#account = account
    this.#partsOf = parts
    this.#linesOf = headerLines
    this.#breathe = breathe
  }

  /** Moves on to a message: its number, its octets, and its place in the batch. */
  aim(message: number, size: number, place: number): void {
    this.#message = message
    this.#size = size
    this.#place = place
    this.#parts = undefined
    this.#room = maxPreparedOctets
    this.#used = 0
  }

  /** To be called when the command is done: what was read is no longer needed. */
  end(): void {
    if (this.#scratch) spareScratch = this.#scratch
    this.#scratch = undefined
  }

  /** The whole message. */
  get whole(): OctetRange {
    return { start: 0, end: this.#size }
  }

  /** The tree of parts, decoded when it is first asked for. Throws `StoreFailure` (`damaged`). */
  get parts(): Part {
    return (this.#parts ??= this.#decodeParts())
  }

  #decodeParts(): Part {
    if (!this.#partsOf) throw new Error('the trees of parts were not loaded')
    try {
      return decodeParts(this.#partsOf.at(this.#place))
    } catch (error) {
      throw new StoreFailure('damaged', `The part table of message ${this.#message} is damaged`, { cause: error })
    }
  }

  /** What `select` picks from the kept lines of the header; `undefined` where it must be read. */
  keptLines(select: LineSelector): string | undefined {
    return this.#linesOf?.pick(this.#place, select)
  }

  /**
   * Whether so many octets may be held until the response is written. Every message has its share, so that no list of
   * items, however long, adds up.
   */
  holds(length: number): boolean {
    if (length > pieceOctets || length > this.#room) return false
    this.#room -= length
    return true
  }

  /** Octets of a range, good until the next {@link aim}. Throws `StoreFailure`, also where there are fewer. */
  read({ start, end }: OctetRange): Maybe<Buffer> {
    return this.#fill(this.#memory(end - start), start)
  }

  #memory(length: number): Buffer {
    const from = this.#used
    if (from + length > scratchOctets) return Buffer.allocUnsafe(length)
    if (!this.#scratch) {
      this.#scratch = spareScratch ?? Buffer.allocUnsafeSlow(scratchOctets)
      spareScratch = undefined
    }
    this.#used += length
    return this.#scratch.subarray(from, from + length)
  }

  #fill(into: Buffer, start: number): Maybe<Buffer> {
    if (into.length === 0) return into
    return andThen(this.#account.readBlob(this.#message, start, into), (count) => {
      if (count !== into.length) throw new StoreFailure('damaged', `Message ${this.#message} is shorter than it was`)
      return into
    })
  }

  /** Octets of a range, piece by piece, each good until the next. */
  async *pieces({ start, end }: OctetRange): AsyncGenerator<Buffer, void, undefined> {
    const piece = Buffer.allocUnsafeSlow(Math.min(end - start, pieceOctets))
    for (let at = start; at < end; at += pieceOctets) {
      yield await this.#fill(piece.subarray(0, Math.min(end - at, pieceOctets)), at)
      await this.#breathe()
    }
  }

  /** A range as a literal: read now if it is short, else as it is sent. */
  literal(range: OctetRange): Maybe<Value> {
    const length = range.end - range.start
    if (this.holds(length)) return andThen(this.read(range), (octets) => literalOf(octets))
    // Reading the first piece shows most damage while there is still a way to say so.
    const cut = this.holds(pieceOctets) ? range.start + pieceOctets : range.start
    return andThen(this.read({ start: range.start, end: cut }), (octets) => ({
      binary: false,
      length,
      octets,
      rest: () => this.pieces({ start: cut, end: range.end }),
    }))
  }
}
