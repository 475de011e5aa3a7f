/**
 * Cuts folded text into tokens, and gathers in which documents each of them is. A token is a word, or a piece of a long
 * one; or two ideographs (or kana) side by side, which have no spaces between words; or one that stands alone.
 */
import { randomBytes } from 'node:crypto'

/** Octets of the longest token; a longer word is cut into pieces of that length. */
export const maxTokenOctets = 64
/** Octets from the start of one piece to that of the next, so that any text of this length is within some piece. */
export const pieceStride: number = maxTokenOctets / 2
/** Different tokens of one document; the rest of it is not looked at, and it counts as holding any text. */
const maxDocumentTokens = 100_000

/** Octets of an ideograph or of kana, as the leading octets 0xe3 to 0xe9 begin them (U+3000 to U+9FFF). */
export const ideographOctets = 3
/** What a piece of text between two borders is of: for each octet that it may begin with. */
const kinds = { separator: 0, word: 1, ideographs: 2 } as const
/** By octet. Words are letters, digits and all else that UTF-8 has beyond ASCII. */
const kindOf: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) => {
  if (octet >= 0xe3 && octet <= 0xe9) return kinds.ideographs
  return octet >= 0x80 || /[0-9A-Za-z]/.test(String.fromCharCode(octet)) ? kinds.word : kinds.separator
})

/** A word, or a run of ideographs, as places in a text. */
export interface TextRun {
  readonly start: number
  readonly end: number
  readonly isIdeographs: boolean
}

/** The words and runs of ideographs in some octets; nothing is cut into tokens yet. */
export function runsIn(octets: Buffer): TextRun[] {
  const runs: TextRun[] = []
  for (let at = 0; at < octets.length;) {
    const kind = kindOf[octets[at]!] // inside bounds, as all octets here
    const start = at
    at = runEnd(octets, start, octets.length)
    if (kind !== kinds.separator) runs.push({ start, end: at, isIdeographs: kind === kinds.ideographs })
  }
  return runs
}

/** Where what begins at `start` ends. Hot: once per octet of all text. */
function runEnd(octets: Buffer, start: number, end: number): number {
  const kind = kindOf[octets[start]!]!
  const step = kind === kinds.ideographs ? ideographOctets : 1
  let at = start + step
  while (at < end && kindOf[octets[at]!] === kind) at += step
  return at
}

/** The tokens of many documents, each with the ascending numbers of those it is in. */
export interface Tokens {
  /** By token, ascending as octets. */
  readonly tokens: readonly Buffer[]
  /** By token, where its documents start in `documents`; one more at the end. */
  readonly starts: Uint32Array
  readonly documents: Uint32Array
  /** Documents of which not all was looked at, ascending. */
  readonly unfinished: readonly number[]
}

/** Takes in the text of one document after the other, in the order of their numbers. */
export class TokenBatch {
  #octets: Buffer = Buffer.allocUnsafe(64 * 1024)
  #filled = 0
  /** By token, where its octets start; one more at the end. */
  #starts: Uint32Array = new Uint32Array(4096)
  #hashes: Uint32Array = new Uint32Array(4096)
  /** By token, the last document that it was seen in, and one added. */
  #lastDocuments: Uint32Array = new Uint32Array(4096)
  #tokens = 0
  /** Open addressing: a token's number and one added. Its length is a power of two. */
  #slots: Uint32Array = new Uint32Array(8192)
  /** In the order seen. */
  #pairTokens: Uint32Array = new Uint32Array(64 * 1024)
  #pairDocuments: Uint32Array = new Uint32Array(64 * 1024)
  #pairs = 0
  readonly #unfinished = new Set<number>()
  readonly #seed: number = randomBytes(4).readUInt32LE() | 1
  #document = 0
  #room = 0
  #text: Buffer = Buffer.allocUnsafe(256 * 1024)
  /** Octets at the start of `#text`: a token that may go on. */
  #held = 0
  /** Whether the ideograph that is held is part of a pair already. */
  #wasPaired = false

  /** How many times a token was found in a document. */
  get pairs(): number {
    return this.#pairs
  }

  /** What follows is in this document; its number is above that of the one before. */
  begin(document: number): void {
    this.#document = document
    this.#room = maxDocumentTokens
  }

  /** Notes that a document may hold any text. */
  giveUp(document: number): void {
    this.#unfinished.add(document)
  }

  /** Adds folded text; a token may go on in the next piece of it. */
  add(text: string): void {
    if (this.#room <= 0) return
    const needed = this.#held + 3 * text.length
    if (needed > this.#text.length) {
      const larger = Buffer.allocUnsafe(2 * needed)
      this.#text.copy(larger, 0, 0, this.#held)
      this.#text = larger
    }
    const end = this.#held + this.#text.write(text, this.#held)
    this.#scan(end)
  }

  /** Ends the text at hand: no token goes on. */
  endText(): void {
    if (this.#held > 0) this.#take(0, this.#held)
    this.#held = 0
    this.#wasPaired = false
  }

  #scan(end: number): void {
    const text = this.#text
    let start = 0
    while (start < end) {
      const stop = runEnd(text, start, end)
      if (kindOf[text[start]!] === kinds.separator) start = stop
      else if (stop === end) break
      else {
        this.#take(start, stop)
        this.#wasPaired = false
        start = stop
      }
    }
    if (start < end) start = this.#takeBeginning(start, end)
    this.#held = end - start
    if (start > 0) text.copyWithin(0, start, end)
  }

  /** Takes what is certain of a run that may go on; where the rest starts. */
  #takeBeginning(start: number, end: number): number {
    let at = start
    if (kindOf[this.#text[start]!] === kinds.ideographs) {
      for (; end - at >= 2 * ideographOctets; at += ideographOctets) {
        this.#note(at, at + 2 * ideographOctets)
        this.#wasPaired = true
      }
    } else for (; end - at > maxTokenOctets; at += pieceStride) this.#note(at, at + maxTokenOctets)
    return at
  }

  /** Takes a whole run, or the rest of one. */
  #take(start: number, end: number): void {
    const rest = this.#takeBeginning(start, end)
    if (this.#wasPaired && kindOf[this.#text[rest]!] === kinds.ideographs) return
    this.#note(rest, end)
  }

  #note(start: number, end: number): void {
    const token = this.#numberOf(start, end)
    if (this.#lastDocuments[token] === this.#document + 1) return
    if (this.#room-- <= 0) {
      this.giveUp(this.#document)
      return
    }
    this.#lastDocuments[token] = this.#document + 1
    if (this.#pairs === this.#pairTokens.length) {
      this.#pairTokens = enlarged(this.#pairTokens)
      this.#pairDocuments = enlarged(this.#pairDocuments)
    }
    this.#pairTokens[this.#pairs] = token
    this.#pairDocuments[this.#pairs++] = this.#document
  }

  #numberOf(start: number, end: number): number {
    const text = this.#text
    let hash = this.#seed
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ text[at]!, 0x5bd1e995) ^ (hash >>> 15)
    hash >>>= 0
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const token = this.#slots[slot]! - 1
      if (token < 0) return this.#newToken(slot, hash, start, end)
      if (this.#hashes[token] === hash && this.#isToken(token, start, end)) return token
    }
  }

  #isToken(token: number, start: number, end: number): boolean {
    const from = this.#starts[token]!
    if (this.#starts[token + 1]! - from !== end - start) return false
    for (let n = end - start - 1; n >= 0; n--) if (this.#octets[from + n] !== this.#text[start + n]) return false
    return true
  }

  #newToken(slot: number, hash: number, start: number, end: number): number {
    const token = this.#tokens++
    if (token + 2 > this.#starts.length) {
      this.#starts = enlarged(this.#starts)
      this.#hashes = enlarged(this.#hashes)
      this.#lastDocuments = enlarged(this.#lastDocuments)
    }
    if (this.#filled + end - start > this.#octets.length) {
      const larger = Buffer.allocUnsafe(2 * this.#octets.length)
      this.#octets.copy(larger, 0, 0, this.#filled)
      this.#octets = larger
    }
    this.#text.copy(this.#octets, this.#filled, start, end)
    this.#filled += end - start
    this.#starts[token + 1] = this.#filled
    this.#hashes[token] = hash
    this.#slots[slot] = token + 1
    if (2 * this.#tokens > this.#slots.length) this.#rehash()
    return token
  }

  #rehash(): void {
    const slots = new Uint32Array(2 * this.#slots.length)
    const mask = slots.length - 1
    for (let token = 0; token < this.#tokens; token++) {
      let slot = this.#hashes[token]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = token + 1
    }
    this.#slots = slots
  }

  /** All that was taken in. */
  finish(): Tokens {
    const names = Array.from({ length: this.#tokens }, (_, token) =>
      this.#octets.toString('latin1', this.#starts[token], this.#starts[token + 1]),
    )
    // As text with one char per octet, which sorts as the octets do.
    const order = Uint32Array.from(names.keys()).sort((a, b) => (names[a]! < names[b]! ? -1 : 1)) // all are different
    const rankOf = new Uint32Array(this.#tokens)
    order.forEach((token, rank) => (rankOf[token] = rank))
    const starts = new Uint32Array(this.#tokens + 1)
    for (let pair = 0; pair < this.#pairs; pair++) starts[rankOf[this.#pairTokens[pair]!]! + 1]!++
    for (let rank = 0; rank < this.#tokens; rank++) starts[rank + 1]! += starts[rank]!
    const documents = new Uint32Array(this.#pairs)
    const next = starts.slice()
    for (let pair = 0; pair < this.#pairs; pair++) {
      documents[next[rankOf[this.#pairTokens[pair]!]!]!++] = this.#pairDocuments[pair]!
    }
    const tokens = Array.from(order, (token) => this.#octets.subarray(this.#starts[token], this.#starts[token + 1]))
    return { tokens, starts, documents, unfinished: [...this.#unfinished].sort((a, b) => a - b) }
  }
}

function enlarged(numbers: Uint32Array): Uint32Array {
  const larger = new Uint32Array(2 * numbers.length)
  larger.set(numbers)
  return larger
}
