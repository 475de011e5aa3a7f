/**
 * What most sorts compare, apart from all other keys: thousands of messages are gone through for it, and it is an eighth of
 * their octets.
 */
import type { MessageKeys } from './message.ts'

const version = 1
const flagsAt = 1
const sentDateAt = 8
const sentDayAt = 16
const subjectAt = 24
const isReplyFlag = 1

/**
 * Date, day of sending, whether it is a reply, and base subject of a message. The first octet is the version; then 1 for
 * a reply or forward, and zeros up to the eighth; date and day of sending (float64, little-endian, NaN for none); the base
 * subject in UTF-8.
 */
export function encodeSortKeys({ sentDate, sentDay, isReplyOrForward, baseSubject }: MessageKeys): Buffer {
  const bytes = Buffer.alloc(subjectAt + Buffer.byteLength(baseSubject))
  bytes[0] = version
  bytes[flagsAt] = isReplyOrForward ? isReplyFlag : 0
  bytes.writeDoubleLE(sentDate ?? Number.NaN, sentDateAt)
  bytes.writeDoubleLE(sentDay ?? Number.NaN, sentDayAt)
  bytes.write(baseSubject, subjectAt)
  return bytes
}

/** What {@link encodeSortKeys} wrote of many messages, one after the other, without an object for each. */
export class SortKeysReader {
  readonly bytes: Buffer
  readonly view: DataView
  #start = 0

  /** Over the keys of some messages, as the store packs them. */
  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Goes to the keys that lie from `start` to `end`; false where there are none. Throws `RangeError` for other octets. */
  open(start: number, end: number): boolean {
    this.#start = start
    if (end === start) return false
    if (end - start < subjectAt || this.bytes[start] !== version) {
      throw new RangeError('the sort keys are of another version')
    }
    return true
  }

  /** Seconds since 1970; NaN for none. */
  get sentDate(): number {
    return this.view.getFloat64(this.#start + sentDateAt, true)
  }

  /** Days since 1970-01-01; NaN for none. */
  get sentDay(): number {
    return this.view.getFloat64(this.#start + sentDayAt, true)
  }

  get isReplyOrForward(): boolean {
    return (this.bytes[this.#start + flagsAt]! & isReplyFlag) !== 0 // behind the version, which `open` has seen
  }

  /** Where the base subject starts in `bytes`; it ends where the keys do. */
  get subjectStart(): number {
    return this.#start + subjectAt
  }
}
