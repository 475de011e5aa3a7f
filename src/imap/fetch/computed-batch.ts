import type { ComputedKind, PackedBytes } from '../../store/store.ts'

/** What was computed of one kind from the messages of a batch. One of these serves a whole command. */
export class ComputedBatch {
  readonly kind: ComputedKind
  #packed: PackedBytes = { bytes: Buffer.alloc(0), offsets: new Uint32Array(1) }

  constructor(kind: ComputedKind) {
    this.kind = kind
  }

  /** Takes the place of what was there before. */
  set(packed: PackedBytes): void {
    this.#packed = packed
  }

  /** What was computed of the `n`-th message of the batch. */
  at(n: number): Buffer {
    const { bytes, offsets } = this.#packed
    return bytes.subarray(offsets[n], offsets[n + 1])
  }
}
