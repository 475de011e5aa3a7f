import { maxAllHeaderOctets, maxHeaderOctets } from './limits.ts'

/**
 * Gathers the header of one entity after the other, however it is cut into pieces, up to the limits per entity and per
 * message. What is kept always ends with a whole field.
 */
export class HeaderStore {
  #pieces: Buffer = Buffer.alloc(0)
  #length = 0
  #cutOff = false
  #left: number = maxAllHeaderOctets

  /** Adds octets of the header; they are copied. */
  add(piece: Buffer): void {
    const room = Math.min(maxHeaderOctets, this.#left) - this.#length
    const taken = Math.min(piece.length, room)
    if (taken < piece.length) this.#cutOff = true
    if (taken <= 0) return
    if (this.#length + taken > this.#pieces.length) {
      const larger = Buffer.allocUnsafe(Math.max(4096, 2 * (this.#length + taken)))
      this.#pieces.copy(larger, 0, 0, this.#length)
      this.#pieces = larger
    }
    piece.copy(this.#pieces, this.#length, 0, taken)
    this.#length += taken
  }

  /** The header that was gathered and `last`, its last piece, one octet per char; the store is empty again. */
  finish(last: Buffer): string {
    let header: string
    if (this.#length === 0 && !this.#cutOff && last.length <= Math.min(maxHeaderOctets, this.#left)) {
      header = last.toString('latin1')
    } else {
      this.add(last)
      header = this.#pieces.toString('latin1', 0, this.#length)
      if (this.#cutOff) header = withoutLastField(header)
    }
    this.#left -= header.length
    this.#length = 0
    this.#cutOff = false
    return header
  }
}

/** A header that was cut somewhere, without the field that was cut. */
function withoutLastField(header: string): string {
  let end = header.length
  for (;;) {
    const newline = header.lastIndexOf('\n', end - 1)
    if (newline === -1) return ''
    const char = header.charCodeAt(newline + 1)
    if (newline + 1 < header.length && char !== 0x20 && char !== 0x09) return header.slice(0, newline + 1)
    end = newline
    if (end === 0) return ''
  }
}
