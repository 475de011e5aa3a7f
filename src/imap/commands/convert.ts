import { Refusal } from '../../model/refusal.ts'
import { StoreFailure } from '../../store/store.ts'
import {
  type Conversion,
  type ConvertItem,
  mediaTypeText,
  parseConversion,
  parseConvertItems,
} from '../../wire/convert-grammar.ts'
import { sectionLabel } from '../../wire/fetch-grammar.ts'
import type { NumberSet } from '../../wire/number-set.ts'
import { string } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { defineCommand, type Command, type SessionIn } from '../command.ts'
import { ConversionError, isRecognised } from '../convert/conversions.ts'
import { availableTargets, convertHeader, Converter, structureOf } from '../convert/converter.ts'
import type { MessageSource } from '../fetch/octets.ts'
import { partOf } from '../fetch/sections.ts'
import { Troubles } from '../fetch/troubles.ts'
import { writeOctets } from '../responses/octets.ts'
import type { SelectedMailbox } from '../state.ts'
import { type Octets, octetsInMemory, openMessage } from '../url/url-octets.ts'

/** Messages and parts of one command (RFC 5259 §8.5). */
const maxMessages = 100
const maxParts = 20

interface ConvertArgs {
  readonly set: NumberSet
  readonly conversion: Conversion
  readonly items: readonly ConvertItem[]
}

/** Conversions that a session may ask for again, as long as it has the mailbox selected. */
const converters = new WeakMap<SelectedMailbox, Converter>()

/**
 * CONVERT and UID CONVERT, RFC 5259 §6: parts in another media type or charset, headers in another charset. Nothing
 * becomes `\Seen`.
 */
export const convert: Command<'selected', ConvertArgs> = defineCommand({
  name: 'CONVERT',
  capability: 'CONVERT',
  state: 'selected',
  uid: 'also',
  effects: { usesSequenceNumbers: true },

  parse(cursor) {
    cursor.space()
    const set = cursor.sequenceSet()
    cursor.space()
    const conversion = parseConversion(cursor)
    cursor.space()
    const items = parseConvertItems(cursor)
    cursor.end()
    if (conversion.target && items.some(({ item }) => item === 'BODY')) {
      throw new BadSyntax('Headers have no media type to become: NIL is expected', 0) // RFC 5259 §6
    }
    return { set, conversion, items }
  },

  async run(session, { set, conversion, items }, { byUid, tag }) {
    const { selected } = session
    const { view } = selected
    // RFC 9586 knows no CONVERTED response without a sequence number.
    if (session.uidOnly) throw new Refusal('CANNOT', 'CONVERT and UIDONLY do not go together')
    const { target } = conversion
    if (target && !isRecognised(target)) throw new Refusal(undefined, `${mediaTypeText(target)} is no media type`)
    const { seqNums, rows, someGone } = session.resolve(selected, set, byUid)
    if (seqNums.length > maxMessages)
      throw new Refusal(`MAXCONVERTMESSAGES ${maxMessages}`, 'Too many messages at once')
    const parts = new Set(items.map((item) => ('section' in item ? item.section.part.join('.') : '')))
    if (parts.size > maxParts) throw new Refusal(`MAXCONVERTPARTS ${maxParts}`, 'Too many parts at once')

    // UID is the first where it is there (RFC 5259 §8.1), and always there by UID (RFC 5259 §6).
    const withUid = byUid || items.some(({ item }) => item === 'UID')
    const wanted = items.flatMap((item) => (item.item === 'UID' ? [] : [item]))
    const converter = converters.get(selected) ?? new Converter()
    converters.set(selected, converter)
    const troubles = new Troubles(session, someGone)
    const outcome = { converted: 0, failed: 0 }
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n]! // inside bounds, as are the columns below
      if (row < 0) continue
      const { messages, sizes, uids } = view.snapshot
      const message = { number: messages[row]!, size: sizes[row]!, uid: uids[row]! }
      try {
        const values = await valuesOf(session, converter, message, conversion, wanted, outcome)
        const head = `* ${seqNums[n]!} CONVERTED (TAG ${string(tag)}) (` + (withUid ? `UID ${message.uid}` : '')
        await writeValues(session, values, head, withUid)
      } catch (error) {
        await noteFailure(session, troubles, error, message.uid)
      }
      converter.endMessage()
      await session.io.breathe()
    }
    const done = troubles.done(byUid)
    if (done.no) return done
    const allFailed = outcome.failed > 0 && outcome.converted === 0
    return allFailed ? { no: true, text: 'All conversions failed' } : { text: 'CONVERT completed' }
  },
})

type PartItem = Exclude<ConvertItem, { item: 'UID' }>

/** An item of a response: text of the wire, or octets behind it. */
type Value = string | { readonly label: string; readonly octets: Octets; readonly binary: boolean }

interface MessageAt {
  /** As the store counts. */
  readonly number: number
  readonly size: number
  readonly uid: number
}

/** All items of one message, before the first is written. What cannot be converted is answered with why. */
async function valuesOf(
  session: SessionIn<'selected'>,
  converter: Converter,
  message: MessageAt,
  conversion: Conversion,
  items: readonly PartItem[],
  outcome: { converted: number; failed: number },
): Promise<Value[]> {
  const breathe = (): Promise<void> | undefined => session.io.breathe()
  const source = await openMessage(session.selected.account, message.number, message.size, breathe)
  const values: Value[] = []
  for (const item of items) {
    const label = labelOf(item)
    try {
      values.push(await valueOf(converter, message.number, source, conversion, item, label, breathe))
      outcome.converted++
    } catch (error) {
      if (!(error instanceof ConversionError)) throw error
      values.push(`${label} ${error.phrase}`)
      outcome.failed++
    }
  }
  return values
}

function labelOf(item: PartItem): string {
  const label = `${item.item}[${sectionLabel(item.section)}]`
  return item.item === 'BINARY' && item.partial ? `${label}<${item.partial.offset}>` : label
}

async function valueOf(
  converter: Converter,
  message: number,
  source: MessageSource,
  conversion: Conversion,
  item: PartItem,
  label: string,
  breathe: () => Promise<void> | undefined,
): Promise<Value> {
  if (item.item === 'BODY') {
    return { label, octets: await convertHeader(source, item.section, conversion, breathe), binary: false }
  }
  if (item.item === 'AVAILABLECONVERSIONS') {
    return `${label} ((${availableTargets(source, item.section, conversion).map(string).join(' ')}))`
  }
  const converted = await converter.part(message, source, item.section, conversion, breathe)
  if (item.item === 'BINARY.SIZE') return `${label} ${converted.octets.length}`
  if (item.item === 'BODYPARTSTRUCTURE') return `${label} ${await structureOf(converted, breathe)}`
  const partial = item.item === 'BINARY' ? item.partial : undefined
  if (!partial) return { label, octets: octetsInMemory(converted.octets), binary: converted.hasNul }
  const { start, end } = partOf({ start: 0, end: converted.octets.length }, partial)
  const octets = converted.octets.subarray(start, end)
  return { label, octets: octetsInMemory(octets), binary: octets.includes(0) }
}

async function writeValues(
  session: SessionIn<'selected'>,
  values: readonly Value[],
  head: string,
  goesOn: boolean,
): Promise<void> {
  const { out } = session
  out.text(head)
  for (const [place, value] of values.entries()) {
    if (place > 0 || goesOn) out.text(' ')
    if (typeof value === 'string') out.text(value)
    else {
      out.text(value.label + ' ')
      await writeOctets(session, value.octets, value.binary)
    }
  }
  out.line(')')
  if (out.full) await session.io.settled()
}

/** A message that cannot be read is noted; where the store fails for the moment, the client may try again (RFC 5259 §9). */
async function noteFailure(
  { services }: SessionIn<'selected'>,
  troubles: Troubles,
  error: unknown,
  uid: number,
): Promise<void> {
  if (error instanceof StoreFailure && (error.reason === 'io' || error.reason === 'busy')) {
    services.log.error({ err: error, uid }, 'a message could not be read to be converted')
    throw new Refusal('TEMPFAIL', 'The message cannot be read now')
  }
  await troubles.note(error, uid)
}
