import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type { ComputedKind } from '../../store/store.ts'
import { formatInternalDate } from '../../wire/date-time.ts'
import {
  type FetchItem,
  formatFetchItem,
  type PartialRange,
  type Section,
  sectionLabel,
} from '../../wire/fetch-grammar.ts'
import { string } from '../../wire/strings.ts'
import { binaryReader, binarySizeReader } from './binary.ts'
import { ComputedBatch } from './computed-batch.ts'
import type { FlagColumns } from './flag-columns.ts'
import { type ReadValue, sectionReader } from './sections.ts'

/** An item as text: of the message in `row`, which is the `n`-th of its batch. */
export type WriteText = (row: number, n: number) => string

type WriteChange = (row: number) => string

/** One item of every response, in the order asked for. A label is name and space, with a space before all but the first. */
export type Step =
  | { readonly kind: 'text'; readonly label: string; readonly text: WriteText }
  /** Wire-ready since the message came. */
  | { readonly kind: 'computed'; readonly label: string; readonly batch: ComputedBatch }
  /** Read from the message. */
  | { readonly kind: 'octets'; readonly label: string; readonly read: ReadValue }

/** The items of a command, made ready to be written once per message. */
export interface FetchPlan {
  readonly steps: readonly Step[]
  /** What is to be loaded for each batch of messages. */
  readonly computed: readonly ComputedBatch[]
  /** The one of them with the trees of parts, where any item needs them. */
  readonly parts: ComputedBatch | undefined
  /** The one with the lines of headers that are kept, where any item selects from them. */
  readonly headerLines: ComputedBatch | undefined
  /** Behind all items: what a response has to tell since the command made its message `\Seen`, where any may have. */
  readonly tail: WriteChange | undefined
  /** The same in a response of its own, where no other item can be answered; `undefined` if there is nothing to tell. */
  readonly changed: (row: number) => string | undefined
}

/** What the items are read from. */
export interface PlanContext {
  readonly snapshot: MailboxSnapshot
  readonly flags: FlagColumns
  /** Whether responses carry the UID whatever was asked, and the mod-sequence (RFC 7162 §3.1.4.1). */
  readonly withUid: boolean
  readonly withModSeq: boolean
  /** Whether every response begins with the UID, which then needs no item (RFC 9586 §3.3). */
  readonly uidInFront: boolean
  /** X-GM-LABELS by row, where it is among the items. */
  readonly labels?: (row: number) => string
  /** Whether changes of flags are told with UID and mod-sequence (RFC 7162 §3.2.4). */
  readonly condstore: boolean
}

/** Whether an item makes messages `\Seen` (RFC 9051 §6.4.5, RFC 3501 §6.4.5, RFC 3516 §4.2). */
export function marksSeen(item: FetchItem): boolean {
  return 'peek' in item ? !item.peek : item.item === 'RFC822' || item.item === 'RFC822.TEXT'
}

/** Makes items ready. An item that stands there twice is answered once. */
export function planFetch(items: readonly FetchItem[], context: PlanContext): FetchPlan {
  const { flags, condstore } = context
  const wanted = new Map(items.map((item) => [responseKey(item), item]))
  const has = (item: FetchItem['item']): boolean => wanted.has(item)
  const withUid: readonly FetchItem[] = context.withUid && !has('UID') ? [{ item: 'UID' }] : []
  const withModSeq: readonly FetchItem[] = context.withModSeq && !has('MODSEQ') ? [{ item: 'MODSEQ' }] : []
  const all = [...withUid, ...wanted.values(), ...withModSeq]

  const batches = new Map<ComputedKind, ComputedBatch>()
  const computed = (kind: ComputedKind): ComputedBatch => {
    let batch = batches.get(kind)
    if (!batch) batches.set(kind, (batch = new ComputedBatch(kind)))
    return batch
  }
  const steps = all.map((item, place) => planItem(item, place === 0 ? '' : ' ', context, computed))
  const named = new Set(all.map(({ item }) => item))
  const uid: WriteChange = (row) => 'UID ' + context.snapshot.uids[row]! // inside bounds
  const news = new Map<FetchItem['item'], WriteChange>()
  if ((condstore || context.withUid) && !context.uidInFront) news.set('UID', uid)
  news.set('FLAGS', (row) => flags.flags(row))
  if (condstore) news.set('MODSEQ', (row) => flags.modSeq(row))
  const untold = [...news].flatMap(([item, write]) => (named.has(item) ? [] : [write]))
  const told = (row: number): string =>
    flags.isMarked(row) ? untold.reduce((line, write) => line + ' ' + write(row), '') : ''
  const tail = untold.length > 0 && flags.someMarked ? told : undefined
  const changed = (row: number): string | undefined =>
    flags.isMarked(row) ? [...news.values()].map((write) => write(row)).join(' ') : undefined
  const parts = all.some(needsParts) ? computed('parts') : undefined
  const headerLines = all.some(selectsFields) ? computed('headerLines') : undefined
  return { steps, computed: [...batches.values()], parts, headerLines, tail, changed }
}

/** The same for items that a response cannot tell apart. */
function responseKey(item: FetchItem): string {
  return 'peek' in item
    ? formatFetchItem({ ...item, peek: true })
    : item.item === 'PREVIEW'
      ? item.item
      : formatFetchItem(item)
}

function needsParts(item: FetchItem): boolean {
  if (item.item === 'RFC822.HEADER' || item.item === 'RFC822.TEXT') return true
  return 'section' in item && (item.section.part.length > 0 || item.section.text !== undefined)
}

/** Whether an item asks for named fields of the message's own header. */
function selectsFields(item: FetchItem): boolean {
  return 'section' in item && item.section.part.length === 0 && item.section.text === 'HEADER.FIELDS'
}

const header: Section = { part: [], text: 'HEADER' }
const text: Section = { part: [], text: 'TEXT' }
const whole: Section = { part: [] }

function planItem(
  item: FetchItem,
  space: string,
  { snapshot, flags, labels }: PlanContext,
  computed: (kind: ComputedKind) => ComputedBatch,
): Step {
  const plain = (label: string, write: WriteText): Step => ({ kind: 'text', label: space + label, text: write })
  const octets = (label: string, read: ReadValue): Step => ({ kind: 'octets', label: space + label + ' ', read })
  const kept = (label: string, kind: ComputedKind): Step => ({
    kind: 'computed',
    label: space + label + ' ',
    batch: computed(kind),
  })
  // Rows are inside the bounds of all columns.
  switch (item.item) {
    case 'UID':
      return plain('UID ', (row) => String(snapshot.uids[row]!))
    case 'FLAGS':
      return plain('', (row) => flags.flags(row))
    case 'MODSEQ':
      return plain('', (row) => flags.modSeq(row))
    case 'INTERNALDATE':
      return plain('INTERNALDATE "', (row) => formatInternalDate(snapshot.internalDates[row]!) + '"')
    case 'SAVEDATE':
      return plain('SAVEDATE "', (row) => formatInternalDate(snapshot.saveDates[row]!) + '"')
    case 'RFC822.SIZE':
      return plain('RFC822.SIZE ', (row) => String(snapshot.sizes[row]!))
    case 'EMAILID':
      return plain('EMAILID (M', (row) => snapshot.messages[row]!.toString(36) + ')')
    case 'THREADID':
      return plain('THREADID (T', (row) => snapshot.threads[row]!.toString(36) + ')')
    case 'X-GM-LABELS':
      return plain('', labels ?? (() => 'X-GM-LABELS ()'))
    case 'X-GM-MSGID':
      return plain('X-GM-MSGID ', (row) => String(snapshot.messages[row]!))
    case 'X-GM-THRID':
      return plain('X-GM-THRID ', (row) => String(snapshot.threads[row]!))
    case 'ENVELOPE':
      return kept('ENVELOPE', 'envelope')
    case 'BODY':
      return kept('BODY', 'body')
    case 'BODYSTRUCTURE':
      return kept('BODYSTRUCTURE', 'bodyStructure')
    case 'PREVIEW': {
      // Previews are made when a message arrives, so LAZY changes nothing (RFC 8970 §4.1).
      const batch = computed('preview')
      return plain('PREVIEW ', (_row, n) => string(batch.text(n)))
    }
    case 'BODY[]':
      return octets('BODY' + labelOf(item.section, item.partial), sectionReader(item.section, item.partial))
    case 'BINARY[]':
      return octets('BINARY' + labelOf(item.section, item.partial), binaryReader(item.section, item.partial))
    case 'BINARY.SIZE':
      return octets('BINARY.SIZE' + labelOf(item.section, undefined), binarySizeReader(item.section))
    case 'RFC822':
      return octets('RFC822', sectionReader(whole, undefined))
    case 'RFC822.HEADER':
      return octets('RFC822.HEADER', sectionReader(header, undefined))
    case 'RFC822.TEXT':
      return octets('RFC822.TEXT', sectionReader(text, undefined))
  }
}

/** `[1.2.HEADER]<0>`: a partial is answered with where it begins (RFC 9051 §7.5.2). */
function labelOf(section: Section, partial: PartialRange | undefined): string {
  return `[${sectionLabel(section)}]` + (partial ? `<${partial.offset}>` : '')
}
