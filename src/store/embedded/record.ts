import { crc32 } from 'node:zlib'

/**
 * The format of segment files. A segment starts with a header; records follow, each starting at a multiple of 8 octets
 * and each with a header of its own. All numbers are little-endian. Zeros stand where nothing was written yet.
 */

/** What a record holds. */
export const recordType = {
  /** The octets of one message. */
  message: 1,
  /** One change set: `change-codec.ts`. */
  changeSet: 2,
  /** Says that `account.db` holds everything before this record. */
  checkpoint: 3,
  /** Says that the loss of records before this one was made good as far as possible. */
  mended: 4,
  /** Stands where a message stood that nobody refers to any more: `compaction.ts`. */
  dropped: 5,
} as const

/** Octets of a record's header. */
export const recordHeaderBytes = 64
/** Octets of a segment's header. */
export const segmentHeaderBytes = 128
/** Octets of the mark that starts every record. It is random for each account, so that no sender can forge a record. */
export const markBytes = 8

/** The header of a record. */
export interface RecordHeader {
  readonly type: number
  /** Octets of the payload. */
  readonly length: number
  /** Counts the records of an account from 1; 0 for a message in a file of its own. */
  readonly sequence: number
  /** The last record that was known to survive a loss of power when this one was written. */
  readonly durable: number
  /** Of a message: its number, the mailbox and UID it came to first, its INTERNALDATE and system flags; else 0. */
  readonly message: number
  readonly mailbox: number
  readonly uid: number
  readonly internalDate: number
  readonly systemFlags: number
  readonly payloadCrc: number
}

/** Octets that a record takes in the file. */
export function recordBytes(payloadLength: number): number {
  return (recordHeaderBytes + payloadLength + 7) & ~7
}

/** Writes a record's header. */
export function encodeRecordHeader(mark: Buffer, header: RecordHeader): Buffer {
  const bytes = Buffer.alloc(recordHeaderBytes)
  mark.copy(bytes, 0, 0, markBytes)
  bytes[8] = header.type
  bytes[9] = header.systemFlags
  bytes.writeUInt32LE(header.length, 12)
  bytes.writeDoubleLE(header.sequence, 16)
  bytes.writeDoubleLE(header.durable, 24)
  bytes.writeUInt32LE(header.message, 32)
  bytes.writeUInt32LE(header.mailbox, 36)
  bytes.writeUInt32LE(header.uid, 40)
  bytes.writeDoubleLE(header.internalDate, 44)
  bytes.writeUInt32LE(header.payloadCrc, 52)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60)
  return bytes
}

/** Reads the record header at `at`; undefined when there is none, or a damaged one. */
export function decodeRecordHeader(mark: Buffer, bytes: Buffer, at: number): RecordHeader | undefined {
  if (at + recordHeaderBytes > bytes.length) return undefined
  if (bytes.compare(mark, 0, markBytes, at, at + markBytes) !== 0) return undefined
  if (bytes.readUInt32LE(at + 60) !== crc32(bytes.subarray(at, at + 60))) return undefined
  return {
    type: bytes[at + 8]!,
    systemFlags: bytes[at + 9]!,
    length: bytes.readUInt32LE(at + 12),
    sequence: bytes.readDoubleLE(at + 16),
    durable: bytes.readDoubleLE(at + 24),
    message: bytes.readUInt32LE(at + 32),
    mailbox: bytes.readUInt32LE(at + 36),
    uid: bytes.readUInt32LE(at + 40),
    internalDate: bytes.readDoubleLE(at + 44),
    payloadCrc: bytes.readUInt32LE(at + 52),
  }
}

/** The header of a segment. */
export interface SegmentHeader {
  readonly mark: Buffer
  readonly number: number
  /** Records with this sequence or a higher one in older segments were never acknowledged and do not count. */
  readonly firstSequence: number
  /** The account's id. */
  readonly account: string
}

const segmentMagic = Buffer.from('CRISPIN\n', 'latin1')
/** The format of segments that this version writes. */
export const segmentFormat = 1
/** Octets of an account's id. */
export const maxAccountIdBytes = 64

/** Writes a segment's header. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes)
  segmentMagic.copy(bytes)
  bytes.writeUInt32LE(segmentFormat, 8)
  bytes.writeUInt32LE(header.number, 12)
  header.mark.copy(bytes, 16, 0, markBytes)
  bytes.writeDoubleLE(header.firstSequence, 24)
  bytes.write(header.account, 40, maxAccountIdBytes, 'latin1')
  bytes.writeUInt32LE(crc32(bytes.subarray(0, segmentHeaderBytes - 4)), segmentHeaderBytes - 4)
  return bytes
}

/** Reads a segment's header; undefined when there is none, or a damaged one. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < segmentHeaderBytes || bytes.compare(segmentMagic, 0, 8, 0, 8) !== 0) return undefined
  const crc = bytes.readUInt32LE(segmentHeaderBytes - 4)
  if (crc !== crc32(bytes.subarray(0, segmentHeaderBytes - 4))) return undefined
  const account = bytes.toString('latin1', 40, 40 + maxAccountIdBytes)
  return {
    mark: Buffer.from(bytes.subarray(16, 16 + markBytes)),
    number: bytes.readUInt32LE(12),
    firstSequence: bytes.readDoubleLE(24),
    account: account.replace(/\0+$/, ''),
  }
}
