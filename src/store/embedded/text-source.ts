import type { OpenedAccount } from './open-account.ts'
import { decodeRecordHeader, recordHeaderBytes, recordType } from './record.ts'
import type { TextSource } from './text-index/text-index.ts'

/** What the index of texts needs of an account. */
export function textSource(id: string, { mark, segments, locations, computed }: OpenedAccount): TextSource {
  return {
    id,
    mark,
    place: (message) => {
      const location = locations.get(message)
      if (!location) return undefined
      const { segment, offset, size } = location
      return { path: segments.path(segment), offset: offset + recordHeaderBytes, size }
    },
    checksum: (message) => {
      const location = locations.get(message)
      if (!location) return undefined
      try {
        const header = Buffer.alloc(recordHeaderBytes)
        segments.file(location.segment).read(header, location.offset)
        const record = decodeRecordHeader(mark, header, 0)
        return record?.type === recordType.message ? record.payloadCrc : undefined
      } catch {
        return undefined // a large message that is expunged has no file any more
      }
    },
    parts: (messages) => computed.read('parts', messages),
  }
}
