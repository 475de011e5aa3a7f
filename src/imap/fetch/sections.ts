import { fieldSelector } from '../../mime/header-fields.ts'
import { headerLineSelector } from '../../mime/header-lines.ts'
import { type OctetRange, sectionRange } from '../../mime/parts.ts'
import type { PartialRange, Section } from '../../wire/fetch-grammar.ts'
import { maxSelectedHeaderOctets } from './limits.ts'
import { andThen, announcement, type Maybe, type MessageSource, nil, type Value } from './octets.ts'

/** Reads one item's value from the message at hand. Throws `StoreFailure`, or `Refusal` (`UNKNOWN-CTE`). */
export type ReadValue = (source: MessageSource) => Maybe<Value>

/** Those octets of a range that a partial asks for; none when it begins past the end (RFC 9051 §6.4.5). */
export function partOf({ start, end }: OctetRange, partial: PartialRange | undefined): OctetRange {
  if (!partial) return { start, end }
  const from = Math.min(start + partial.offset, end)
  return { start: from, end: Math.min(from + partial.length, end) }
}

/**
 * How BODY[section] is read (RFC 9051 §6.4.5.1). The octets go out as they were stored: 8-bit headers as well as a
 * NUL, which only BINARY can announce as one; to leave it out would make sizes, offsets and signatures wrong.
 */
export function sectionReader(section: Section, partial: PartialRange | undefined): ReadValue {
  const { part, text, fields } = section
  if (part.length === 0 && text === undefined) return (source) => source.literal(partOf(source.whole, partial))
  if (fields) return fieldsReader(part, fields, text === 'HEADER.FIELDS.NOT', partial)
  // HEADER.FIELDS and its kin have fields.
  const wanted = text === 'HEADER' || text === 'TEXT' || text === 'MIME' ? text : undefined
  return (source) => {
    const range = sectionRange(source.parts, part, wanted)
    return range ? source.literal(partOf(range, partial)) : nil
  }
}

/**
 * Deviates: RFC 9051 §6.4.5 knows no limit to a header; here fields are looked for in its first MiB, so that memory has
 * one.
 */
function fieldsReader(
  part: readonly number[],
  fields: readonly string[],
  except: boolean,
  partial: PartialRange | undefined,
): ReadValue {
  const select = fieldSelector(fields, except)
  const selectKept = part.length === 0 && !except ? headerLineSelector(fields) : undefined
  const cut = (selected: string): string => {
    const { start, end } = partOf({ start: 0, end: selected.length }, partial)
    return selected.slice(start, end)
  }
  return (source) => {
    const kept = selectKept && source.keptLines(selectKept)
    if (kept !== undefined) {
      const text = partial ? cut(kept) : kept
      return announcement(text.length, false) + text
    }
    const header = sectionRange(source.parts, part, 'HEADER')
    if (!header) return nil
    const seen = partOf(header, { offset: 0, length: maxSelectedHeaderOctets })
    const selected = (): Maybe<string> => andThen(source.read(seen), (octets) => cut(select(octets.toString('latin1'))))
    return andThen(selected(), (text) => {
      if (source.holds(text.length)) return announcement(text.length, false) + text
      // Too much to be kept until it is sent: read again then.
      return { binary: false, length: text.length, octets: Buffer.alloc(0), rest: () => once(selected) }
    })
  }
}

async function* once(text: () => Maybe<string>): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.from(await text(), 'latin1')
}
