import { randomInt } from 'node:crypto'
import type { Breathe } from './context.ts'
import { sortInSlices } from './slices.ts'

/** Odd, and unknown to whoever sends texts, lest many of them fall together. */
const secret = randomInt(2 ** 30) * 2 + 1
/** Octets and texts for which there is room at first; the room doubles as it is used up. */
const firstOctets = 4096
const firstTexts = 64

/**
 * Numbers texts, equal ones alike: 0 for the empty text, then 1, 2, 3 in the order in which they come. Texts are octets
 * of UTF-8 from first to last, so that no string is made of any: few of thousands of messages have a text of their own.
 */
export class TextTable {
  /** All texts one behind the other, and room behind them. */
  #octets: Buffer = Buffer.allocUnsafeSlow(firstOctets)
  #view = viewOf(this.#octets)
  /** By number, where its text starts; it ends where the next one does. */
  #starts: Uint32Array = new Uint32Array(firstTexts + 1)
  #hashes: Uint32Array = new Uint32Array(firstTexts)
  /** By hash and what comes behind it, numbers; 0 where there is none. At most half of it is used. */
  #slots: Uint32Array = new Uint32Array(2 * firstTexts)
  #length = 1
  #ranks: Uint32Array = new Uint32Array(1)

  /** How many different texts there are, with the empty one. */
  get length(): number {
    return this.#length
  }

  /** Octets of all of them. */
  get octets(): number {
    return this.#starts[this.#length]! // inside bounds, as all numbers and slots here
  }

  /** The number of the text from `start` to below `end` of `octets`, seen by `view`. Hot: once per text of each message. */
  numberOf(octets: Buffer, view: DataView, start: number, end: number): number {
    const length = end - start
    if (length === 0) return 0
    let hash = length
    let at = start
    for (; at + 4 <= end; at += 4) hash = mixed(hash, view.getUint32(at))
    for (; at < end; at++) hash = mixed(hash, octets[at]!)
    hash = (hash ^ (hash >>> 15)) >>> 0
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (let number = this.#slots[slot]!; number !== 0; number = this.#slots[slot]!) {
      if (this.#hashes[number] === hash && this.#isText(number, octets, view, start, length)) return number
      slot = (slot + 1) & mask
    }
    return this.#add(octets, start, end, hash, slot)
  }

  #isText(number: number, octets: Buffer, view: DataView, start: number, length: number): boolean {
    let own = this.#starts[number]!
    if (this.#starts[number + 1]! - own !== length) return false
    const end = start + length
    let at = start
    for (; at + 4 <= end; at += 4, own += 4) if (view.getUint32(at) !== this.#view.getUint32(own)) return false
    for (; at < end; at++, own++) if (octets[at] !== this.#octets[own]) return false
    return true
  }

  #add(octets: Buffer, start: number, end: number, hash: number, slot: number): number {
    const number = this.#length++
    const own = this.#starts[number]!
    const ownEnd = own + end - start
    if (ownEnd > this.#octets.length) {
      const more = Buffer.allocUnsafeSlow(Math.max(ownEnd, 2 * this.#octets.length))
      this.#octets.copy(more, 0, 0, own)
      this.#octets = more
      this.#view = viewOf(more)
    }
    octets.copy(this.#octets, own, start, end)
    this.#hashes[number] = hash
    this.#starts[number + 1] = ownEnd
    this.#slots[slot] = number
    if (number + 1 === this.#hashes.length) this.#widen()
    return number
  }

  /** Makes room for twice as many texts. */
  #widen(): void {
    const room = 2 * this.#hashes.length
    const starts = new Uint32Array(room + 1)
    starts.set(this.#starts)
    const hashes = new Uint32Array(room)
    hashes.set(this.#hashes)
    const slots = new Uint32Array(2 * room)
    const mask = slots.length - 1
    for (let number = 1; number < this.#length; number++) {
      let slot = hashes[number]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = number
    }
    this.#starts = starts
    this.#hashes = hashes
    this.#slots = slots
  }

  /** By number, the place of each text among all of them in the order of their octets (RFC 4790 §9.3.1). */
  async ranks(breathe: Breathe): Promise<Uint32Array> {
    const length = this.#length
    if (this.#ranks.length === length) return this.#ranks
    const order = new Uint32Array(length)
    for (let number = 0; number < length; number++) order[number] = number
    await sortInSlices(order, (a, b) => this.#compare(a, b), breathe)
    const ranks = new Uint32Array(length)
    for (let rank = 0; rank < length; rank++) ranks[order[rank]!] = rank
    this.#ranks = ranks
    return ranks
  }

  #compare(a: number, b: number): number {
    let at = this.#starts[a]!
    let other = this.#starts[b]!
    const end = this.#starts[a + 1]!
    const otherEnd = this.#starts[b + 1]!
    for (; at + 4 <= end && other + 4 <= otherEnd; at += 4, other += 4) {
      const difference = this.#view.getUint32(at) - this.#view.getUint32(other)
      if (difference !== 0) return difference
    }
    for (; at < end && other < otherEnd; at++, other++) {
      const difference = this.#octets[at]! - this.#octets[other]!
      if (difference !== 0) return difference
    }
    return end - at - (otherEnd - other)
  }
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, secret)
  return product ^ (product >>> 16)
}

const viewOf = (octets: Buffer): DataView => new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
