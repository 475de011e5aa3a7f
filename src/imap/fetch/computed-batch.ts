import type { ComputedKind, PackedBytes } from '../../store/store.ts'
import type { ResponseWriter } from '../../wire/response-writer.ts'
import { textOctets } from './limits.ts'

/** What was computed of one kind from the messages of a batch. One of these serves a whole command. */
export class ComputedBatch {
  readonly kind: ComputedKind
  #packed: PackedBytes = { bytes: Buffer.alloc(0), offsets: new Uint32Array(1) }
  /** All of it as text, from when it is first asked for. */
  #text: string | undefined

  constructor(kind: ComputedKind) {
    this.kind = kind
  }

  /** Takes the place of what was there before. */
  set(packed: PackedBytes): void {
    this.#packed = packed
    this.#text = undefined
  }

  /** What was computed of the `n`-th message of the batch. */
  at(n: number): Buffer {
    const { bytes, offsets } = this.#packed
    return bytes.subarray(offsets[n], offsets[n + 1])
  }

  /**
   * Goes on with a `line` by what {@link at} gives, which is wire-ready: returns as much of both as is not yet written
   * to `out`. Short pieces are cheaper as text, long ones as octets.
   */
  write(line: string, n: number, out: ResponseWriter): string {
    const { bytes, offsets } = this.#packed
    if (bytes.length < textOctets * (offsets.length - 1)) return line + this.text(n)
    out.text(line)
    out.bytes(bytes, offsets[n], offsets[n + 1])
    return ''
  }

  /** What {@link at} gives, one char per octet. */
  text(n: number): string {
    return this.#all().slice(this.#packed.offsets[n], this.#packed.offsets[n + 1])
  }

  /** What `pick` finds between two places of the batch's text, which are those of the `n`-th message. */
  pick<Found>(n: number, pick: (text: string, start: number, end: number) => Found): Found {
    const { offsets } = this.#packed
    return pick(this.#all(), offsets[n]!, offsets[n + 1]!) // inside bounds
  }

  /** Decoding a whole batch and slicing it costs a fraction of what handling each message's octets does. */
  #all(): string {
    return (this.#text ??= this.#packed.bytes.toString('latin1'))
  }
}
