import type { MessageKeys } from './message.ts'

/**
 * The layout that `encodeKeys` writes, in its first octet. Numbers are little-endian: the version; 1 for a reply or
 * forward; the number of texts (uint16); date and day of sending (float64, NaN for none); the length of each text in
 * octets (uint32); the texts in UTF-8. They are those of {@link keyTexts}, the Message-ID if there is one, and the
 * references. What is compared can so be read alone, where thousands of messages are sorted.
 */
const version = 2
/** The layout before: the version, then JSON. */
const jsonVersion = 1

/** Texts of fixed places, in their order. */
const keyTexts = ['baseSubject', 'from', 'to', 'cc', 'displayFrom', 'displayTo'] as const

/** A text that every message has, if only the empty one. */
export type KeyText = (typeof keyTexts)[number]

const flagsAt = 1
const countAt = 2
const sentDateAt = 4
const sentDayAt = 12
const lengthsAt = 20
const isReplyFlag = 1
const hasIdFlag = 2

/** Keys as octets. Read back by {@link decodeKeys} and {@link KeysReader}. */
export function encodeKeys(keys: MessageKeys): Buffer {
  const { messageId, references } = keys
  const texts = [...keyTexts.map((name) => keys[name]), ...(messageId === undefined ? [] : [messageId]), ...references]
  const lengths = texts.map((text) => Buffer.byteLength(text))
  const start = lengthsAt + 4 * texts.length
  const bytes = Buffer.alloc(lengths.reduce((sum, length) => sum + length, start))
  bytes[0] = version
  bytes[flagsAt] = (keys.isReplyOrForward ? isReplyFlag : 0) | (messageId === undefined ? 0 : hasIdFlag)
  bytes.writeUInt16LE(texts.length, countAt)
  bytes.writeDoubleLE(keys.sentDate ?? Number.NaN, sentDateAt)
  bytes.writeDoubleLE(keys.sentDay ?? Number.NaN, sentDayAt)
  let at = start
  texts.forEach((text, n) => {
    bytes.writeUInt32LE(lengths[n]!, lengthsAt + 4 * n) // as many as texts
    at += bytes.write(text, at)
  })
  return bytes
}

/** Is handed UTF-8 in `octets`, which `view` sees, from `start` to below `end`, and gives a number for it. */
export type OctetsTaker = (octets: Buffer, view: DataView, start: number, end: number) => number

function taken(text: string, take: OctetsTaker): number {
  const octets = Buffer.from(text)
  return take(octets, new DataView(octets.buffer, octets.byteOffset, octets.byteLength), 0, octets.length)
}

/** Keys of many messages, one after the other, without an object for each. */
export class KeysReader {
  readonly #bytes: Buffer
  readonly #view: DataView
  #start = 0
  /** The keys, where they are in the layout before. */
  #decoded: MessageKeys | undefined

  /** Over the keys of some messages, as the store packs them. */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Goes to the keys that lie from `start` to `end`. Throws `RangeError` or `SyntaxError` when these are no keys. */
  open(start: number, end: number): void {
    this.#start = start
    this.#decoded = undefined
    const found = end > start ? this.#bytes[start] : undefined
    if (found === jsonVersion) this.#decoded = decodeJson(this.#bytes.toString('utf8', start + 1, end))
    else if (found !== version) throw new RangeError('the keys are of another version')
  }

  /** NaN for none. */
  get sentDate(): number {
    return this.#decoded
      ? (this.#decoded.sentDate ?? Number.NaN)
      : this.#view.getFloat64(this.#start + sentDateAt, true)
  }

  /** NaN for none. */
  get sentDay(): number {
    return this.#decoded ? (this.#decoded.sentDay ?? Number.NaN) : this.#view.getFloat64(this.#start + sentDayAt, true)
  }

  get isReplyOrForward(): boolean {
    return this.#decoded ? this.#decoded.isReplyOrForward : (this.#flags & isReplyFlag) !== 0
  }

  text(name: KeyText): string {
    if (this.#decoded) return this.#decoded[name]
    const wanted = keyTexts.indexOf(name)
    let at = this.#textsAt
    for (let n = 0; n < wanted; n++) at += this.#length(n)
    return this.#bytes.toString('utf8', at, at + this.#length(wanted))
  }

  /** Hands the octets of a text to `take`, from `start` to below `end`; what that gives. */
  octets(name: KeyText, take: OctetsTaker): number {
    if (this.#decoded) return taken(this.#decoded[name], take)
    const wanted = keyTexts.indexOf(name)
    let at = this.#textsAt
    for (let n = 0; n < wanted; n++) at += this.#length(n)
    return take(this.#bytes, this.#view, at, at + this.#length(wanted))
  }

  /** Whether {@link eachId} begins with a Message-ID. */
  get hasId(): boolean {
    return this.#decoded ? this.#decoded.messageId !== undefined : (this.#flags & hasIdFlag) !== 0
  }

  /** Hands the octets of the Message-ID, if there is one, and of the references, in their order, to `take`. */
  eachId(take: OctetsTaker): void {
    if (this.#decoded) {
      const { messageId, references } = this.#decoded
      if (messageId !== undefined) taken(messageId, take)
      for (const id of references) taken(id, take)
      return
    }
    const count = this.#count
    let at = this.#textsAt
    for (let n = 0; n < keyTexts.length; n++) at += this.#length(n)
    for (let n = keyTexts.length; n < count; n++) {
      const end = at + this.#length(n)
      take(this.#bytes, this.#view, at, end)
      at = end
    }
  }

  /** Hands on the Message-ID, if there is one, and the references, in their order. */
  get ids(): { readonly messageId: string | undefined; readonly references: readonly string[] } {
    if (this.#decoded) return this.#decoded
    const count = this.#count
    let at = this.#textsAt
    for (let n = 0; n < keyTexts.length; n++) at += this.#length(n)
    const all: string[] = []
    for (let n = keyTexts.length; n < count; n++) {
      const end = at + this.#length(n)
      all.push(this.#bytes.toString('utf8', at, end))
      at = end
    }
    const messageId = (this.#flags & hasIdFlag) !== 0 ? all.shift() : undefined
    return { messageId, references: all }
  }

  get #flags(): number {
    return this.#bytes[this.#start + flagsAt]! // behind the version, which `open` has seen
  }

  get #count(): number {
    return this.#view.getUint16(this.#start + countAt, true)
  }

  get #textsAt(): number {
    return this.#start + lengthsAt + 4 * this.#count
  }

  #length(n: number): number {
    return this.#view.getUint32(this.#start + lengthsAt + 4 * n, true)
  }
}

/** The keys that {@link encodeKeys} wrote. Throws `RangeError` or `SyntaxError` when the octets are anything else. */
export function decodeKeys(bytes: Uint8Array): MessageKeys {
  const reader = new KeysReader(bytes)
  reader.open(0, bytes.length)
  const { sentDate, sentDay, isReplyOrForward } = reader
  const { messageId, references } = reader.ids
  return {
    sentDate: Number.isNaN(sentDate) ? undefined : sentDate,
    sentDay: Number.isNaN(sentDay) ? undefined : sentDay,
    baseSubject: reader.text('baseSubject'),
    isReplyOrForward,
    from: reader.text('from'),
    to: reader.text('to'),
    cc: reader.text('cc'),
    displayFrom: reader.text('displayFrom'),
    displayTo: reader.text('displayTo'),
    messageId,
    references,
  }
}

type Encoded = readonly [
  sentDate: number | null,
  sentDay: number | null,
  baseSubject: string,
  isReplyOrForward: boolean,
  from: string,
  to: string,
  cc: string,
  displayFrom: string,
  displayTo: string,
  messageId: string | null,
  references: readonly string[],
]

function decodeJson(text: string): MessageKeys {
  const encoded = JSON.parse(text) as Encoded // what was written: the store checks its octets before
  const [sentDate, sentDay, baseSubject, isReplyOrForward, from, to, cc, displayFrom, displayTo, messageId] = encoded
  return {
    sentDate: sentDate ?? undefined,
    sentDay: sentDay ?? undefined,
    baseSubject,
    isReplyOrForward,
    from,
    to,
    cc,
    displayFrom,
    displayTo,
    messageId: messageId ?? undefined,
    references: encoded[10],
  }
}
