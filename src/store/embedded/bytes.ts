/** Writes numbers and texts one behind the other, small numbers in few octets. */
export class BytesWriter {
  #bytes: Buffer
  #at = 0

  constructor(capacity = 256) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  /** A whole number from 0 to below 2^53: seven bits an octet, lowest first. */
  number(value: number): void {
    this.#room(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 128)
    }
    this.#bytes[this.#at++] = rest
  }

  /** A whole number of either sign, below 2^52. */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value)
  }

  octets(value: Uint8Array): void {
    this.number(value.length)
    this.#room(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.number(length)
    this.#room(length)
    this.#at += this.#bytes.write(value, this.#at)
  }

  /** What was written. The writer must not be used any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

/** Reads what {@link BytesWriter} wrote. Throws `RangeError` where the octets end too early. */
export class BytesReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const octet = this.#bytes[this.#at++]
      if (octet === undefined) throw new RangeError('the octets end inside a number')
      value += (octet & 0x7f) * scale
      if (octet < 0x80) return value
    }
  }

  signed(): number {
    const value = this.number()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** A copy, so that what is kept of it does not keep all the rest. */
  octets(): Buffer {
    const length = this.number()
    const start = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length) throw new RangeError('the octets end inside a value')
    return Buffer.from(this.#bytes.subarray(start, this.#at))
  }

  text(): string {
    const length = this.number()
    const start = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length) throw new RangeError('the octets end inside a text')
    return this.#bytes.toString('utf8', start, this.#at)
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }
}
