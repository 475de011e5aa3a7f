/** UIDs whose number is not known ahead: a typed array that grows, since there may be a whole mailbox of them. */
export class GrowingUids {
  #uids: Uint32Array = new Uint32Array(4)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(uid: number): void {
    if (this.#length === this.#uids.length) {
      const larger = new Uint32Array(2 * this.#length)
      larger.set(this.#uids)
      this.#uids = larger
    }
    this.#uids[this.#length++] = uid
  }

  /** All of them. The list must not be used any more. */
  finish(): Uint32Array {
    return this.#uids.subarray(0, this.#length)
  }
}
