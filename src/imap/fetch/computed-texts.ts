import type { ComputedKind, PackedBytes } from '../../store/store.ts'

/**
 * What was computed of one kind from the messages of a batch, as text of the wire: decoded in one piece, since cutting
 * strings costs less than cutting Buffers.
 */
export class ComputedTexts {
  readonly kind: ComputedKind
  #text = ''
  #offsets: Uint32Array = new Uint32Array(1)

  constructor(kind: ComputedKind) {
    this.kind = kind
  }

  /** Takes the place of what was there before. */
  set({ bytes, offsets }: PackedBytes): void {
    const start = offsets[0] ?? 0
    this.#text = bytes.toString('latin1', start, offsets.at(-1))
    this.#offsets = start === 0 ? offsets : offsets.map((offset) => offset - start)
  }

  /** The text of the `n`-th message of the batch. */
  at(n: number): string {
    return this.#text.slice(this.#offsets[n], this.#offsets[n + 1])
  }
}
