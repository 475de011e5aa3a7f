import { Inexpressible } from '../../mime/charset-encode.ts'
import { isKnownEncoding, TransferDecoder } from '../../mime/decode.ts'
import { eachField, fieldSelector } from '../../mime/header-fields.ts'
import { recodeHeader } from '../../mime/header-recode.ts'
import type { Part } from '../../mime/message.ts'
import { findPart, sectionRange } from '../../mime/parts.ts'
import type { Conversion } from '../../wire/convert-grammar.ts'
import { type Section, sectionLabel } from '../../wire/fetch-grammar.ts'
import type { MessageSource } from '../fetch/octets.ts'
import { partStructure } from '../url/part-structure.ts'
import { type Octets, octetsInMemory } from '../url/url-octets.ts'
import { cannot, type Route, targetOf, targetsOf, textTarget } from './conversions.ts'
import { convertText } from './convert-text.ts'

/** Octets of a part, as it is stored, that is converted. */
export const maxSourceOctets: number = 4 * 1024 * 1024
/** Octets of a header that is converted. */
export const maxHeaderOctets: number = 128 * 1024
/** Octets of a header that are converted before others have their turn, if its fields are no longer. */
const headerSliceOctets = 4 * 1024
/** Conversions of a session that are kept, in case they are asked for again (RFC 5259 §8.5), and octets of each. */
const maxKept = 2
const maxKeptOctets: number = 256 * 1024

/** What a header alone is (RFC 6522 §4). */
const headerType = 'text/rfc822-headers'

/** A part after its conversion. */
export interface Converted {
  readonly octets: Buffer
  readonly hasNul: boolean
  /** Its header: what is still true of the old one, and what is new. */
  readonly header: string
}

/** Converts parts of messages, and keeps the latest results. One of these serves a selected mailbox. */
export class Converter {
  readonly #kept = new Map<string, Converted>()
  /** The one at hand, of any size, while the items of one message are answered. */
  #latest: { readonly key: string; readonly converted: Converted } | undefined

  /** The answer for a message is complete. */
  endMessage(): void {
    this.#latest = undefined
  }

  /** A part converted. Throws `ConversionError`; `message` is the number that the store gives it. */
  async part(
    message: number,
    source: MessageSource,
    section: Section,
    conversion: Conversion,
    breathe: () => Promise<void> | undefined,
  ): Promise<Converted> {
    const key = JSON.stringify([message, section.part, conversion])
    if (this.#latest?.key === key) return this.#latest.converted
    let converted = this.#kept.get(key)
    if (!converted) {
      converted = await convertPart(source, section, conversion, breathe)
      if (converted.octets.length <= maxKeptOctets) {
        const [oldest] = this.#kept.keys()
        if (this.#kept.size === maxKept && oldest !== undefined) this.#kept.delete(oldest)
        this.#kept.set(key, converted)
      }
    }
    this.#latest = { key, converted }
    return converted
  }
}

/** The structure of a converted part (RFC 5259 §8.2), as text of the wire. */
export function structureOf({ header, octets }: Converted, breathe: () => Promise<void> | undefined): Promise<string> {
  return partStructure(header, octetsInMemory(octets), breathe)
}

async function convertPart(
  source: MessageSource,
  section: Section,
  conversion: Conversion,
  breathe: () => Promise<void> | undefined,
): Promise<Converted> {
  const part = partAt(source, section)
  const route: Route = {
    source: part && typeOf(part, section),
    target: targetOf(part && typeOf(part, section), conversion),
  }
  const range = sectionRange(source.parts, section.part)
  if (!part || !range || route.source === undefined) throw cannot('There is no such part', route)
  if (!targetsOf(route.source).includes(route.target)) throw cannot('There is no such conversion here', route)
  const wanted = textTarget(conversion, route, false)
  if (!isKnownEncoding(part.encoding)) throw cannot('The part has an encoding that nobody here can undo', route)
  if (range.end - range.start > maxSourceOctets) throw cannot('The part is too large to be converted', route)

  const decoder = new TransferDecoder(part.encoding)
  const pieces: Buffer[] = []
  for await (const piece of source.pieces(range)) pieces.push(decoder.write(Buffer.from(piece))) // good until the next
  pieces.push(decoder.end())
  const octets = await convertText(Buffer.concat(pieces), part.charset, route, wanted, breathe)
  const hasNul = octets.includes(0)
  const encoding = hasNul ? 'binary' : '8bit'
  const header =
    `Content-Type: ${route.target}; charset=${wanted.charset}\r\nContent-Transfer-Encoding: ${encoding}\r\n` +
    keptFields((await headerAt(source, { part: section.part, text: 'MIME' })) ?? '')
  return { octets, hasNul, header }
}

/** Fields that are still true of a part after its conversion; its checksum is not. */
const keptFields = fieldSelector(
  ['Content-ID', 'Content-Description', 'Content-Disposition', 'Content-Language', 'Content-Location'],
  false,
)

/** Media types that a part can be converted into with these parameters (RFC 5259 §8.4). Throws `ConversionError`. */
export function availableTargets(source: MessageSource, section: Section, conversion: Conversion): readonly string[] {
  const part = partAt(source, section)
  const type = part && typeOf(part, section)
  const route = { source: type, target: targetOf(type, conversion) }
  if (type === undefined) throw cannot('There is no such part', route)
  const targets = targetsOf(type)
  if (conversion.target && !targets.includes(route.target)) throw cannot('There is no such conversion here', route)
  if (targets.length > 0) textTarget(conversion, route, false) // all targets take the same parameters
  return conversion.target ? [route.target] : targets
}

/** A header with its encoded words in another charset (RFC 5259 §6). Throws `ConversionError`. */
export async function convertHeader(
  source: MessageSource,
  section: Section,
  conversion: Conversion,
  breathe: () => Promise<void> | undefined,
): Promise<Octets> {
  const header = await headerAt(source, section)
  const route = { source: header === undefined ? undefined : headerType, target: headerType }
  if (header === undefined) throw cannot(`There is no header ${sectionLabel(section)}`, route)
  const wanted = textTarget(conversion, route, true)
  if (header.length > maxHeaderOctets) throw cannot('The header is too large to be converted', route)
  try {
    let recoded = ''
    for (const fields of someFieldsEach(header)) {
      recoded += recodeHeader(fields, wanted)
      await breathe()
    }
    return octetsInMemory(Buffer.from(recoded, 'latin1'))
  } catch (error) {
    if (!(error instanceof Inexpressible)) throw error
    throw cannot(`The charset cannot express all of it: ${error.message}`, route, [['charset', wanted.charset]])
  }
}

/** A header in pieces of whole fields; what follows the last is with it. */
function someFieldsEach(header: string): readonly string[] {
  const cuts = [0]
  eachField(header, ({ start }) => {
    if (start - (cuts.at(-1) ?? 0) >= headerSliceOctets) cuts.push(start)
  })
  return cuts.map((cut, place) => header.slice(cut, cuts[place + 1]))
}

/** The octets of HEADER or MIME, one more than are converted at most; `undefined` when there is no such section. */
async function headerAt(source: MessageSource, { part, text }: Section): Promise<string | undefined> {
  const range = sectionRange(source.parts, part, text === 'MIME' ? 'MIME' : 'HEADER')
  if (!range) return undefined
  const { start, end } = range
  return (await source.read({ start, end: Math.min(end, start + maxHeaderOctets + 1) })).toString('latin1')
}

function partAt(source: MessageSource, { part }: Section): Part | undefined {
  return findPart(source.parts, part)
}

/** A whole message is one, whatever it holds. */
function typeOf({ type, subtype }: Part, { part }: Section): string {
  return part.length === 0 ? 'message/rfc822' : `${type}/${subtype}`.toLowerCase()
}
