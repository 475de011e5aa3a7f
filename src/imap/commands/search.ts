import { decodeText, isKnownCharset } from '../../mime/charset.ts'
import { type Found as FoundRows, searchFuzzily } from '../../search/fuzzy.ts'
import { countsMessages, mentions } from '../../search/search.ts'
import { decodeStrings, parseSearchProgram, type SearchKey, type SearchProgram } from '../../wire/search-grammar.ts'
import { placesOf } from '../../wire/result-range.ts'
import type { SearchReturnOption, SearchReturns } from '../../wire/search-returns.ts'
import { wireToUtf8 } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { defineCommand, type Command, type CommandForm, type Done, type SessionIn } from '../command.ts'
import { keepUpdated, requireUpdatable } from '../contexts/keep-updated.ts'
import type { ImapSession } from '../session.ts'
import { withFilters } from '../filters.ts'
import { withoutGmailKeys } from '../gmail/search-keys.ts'
import { answerWithin, newestIn } from '../message-limit.ts'
import { code, uidRequired } from '../responses/codes.ts'
import { writeEsearch, writeNumbers } from '../responses/search.ts'
import { searchContext } from '../search-scope.ts'

type Selected = SessionIn<'selected'>

/**
 * SEARCH and UID SEARCH, RFC 9051 §6.4.4 (RFC 3501 §6.4.4); RETURN in IMAP4rev1, RFC 4731 §3.1; SAVE, RFC 9051
 * §6.4.4.1 (RFC 5182 §2.1); PARTIAL, RFC 9394 §3.1. Messages that another session expunged do not match, told or not.
 */
export const search: Command<'selected', SearchProgram> = defineCommand({
  name: 'SEARCH',
  state: 'selected',
  uid: 'also',
  effects: { usesSequenceNumbers: true },

  parse(cursor) {
    cursor.space()
    const program = parseSearchProgram(cursor)
    cursor.end()
    return program
  },

  async run(session, { returns, charset, key }, form) {
    if (charset !== undefined && session.enabled.has('UTF8=ACCEPT')) {
      throw new BadSyntax('CHARSET has no place beside UTF8=ACCEPT', 0) // RFC 9755 §3
    }
    requireUpdatable(session, 'SEARCH', returns, form)
    return answered(session, returns, async () => {
      const decoded = await preparedKey(session, charset, key)
      if (!decoded) return badCharset
      const { messages: newest, code: limitCode } = newestIn(session, decoded, searchContext(session))
      requireFuzzy(decoded, returns?.options.has('RELEVANCY'))
      const { rows, scores } = await matching(session, newest)
      const byModSeq = mentions(decoded, ['MODSEQ'])
      const isCut = limitCode !== undefined
      keepUpdated(session, { returns, form, key, decoded, isCut }, rows)
      await tell(session, { name: 'SEARCH', returns, byModSeq, form, scores }, rows)
      const done = { usedSequenceNumbers: usesNumbers(form, decoded), text: 'SEARCH completed' }
      return answerWithin(session, limitCode, done)
    })
  },
})

/** The answer to a charset that is not known (RFC 9051 §6.4.4). */
export const badCharset: Done = {
  no: true,
  code: code.badCharset(['US-ASCII', 'UTF-8']),
  text: 'That charset is not known',
}

/** Whether a search, by UID or not, has to do with sequence numbers, so that no EXPUNGE may come with its answer. */
export function usesNumbers({ byUid }: CommandForm, key: SearchKey): boolean {
  return !byUid || mentions(key, ['SEQUENCE'])
}

/** Runs a search, and empties what `$` stands for when one that was to be saved is refused (RFC 9051 §6.4.4.1). */
export async function answered(
  session: SessionIn<'authenticated'>,
  returns: SearchReturns | undefined,
  run: () => Promise<Done>,
): Promise<Done> {
  const forget = (): void => {
    if (session.selected && returns?.options.has('SAVE')) session.selected.saved = new Uint32Array(0)
  }
  try {
    const done = await run()
    if (done.no) forget()
    return done
  } catch (error) {
    if (!(error instanceof BadSyntax)) forget() // the answer will be NO
    throw error
  }
}

/**
 * The key with its strings in Unicode; `undefined` when the charset is not known. Without a charset the strings are
 * UTF-8, of which US-ASCII, the default of IMAP4rev1, is a part. Throws `BadSyntax` when they are not in it.
 */
function decodeKey(session: ImapSession, charset: string | undefined, key: SearchKey): SearchKey | undefined {
  // RFC 9051 has none of these keys; there is no \Recent in IMAP4rev2.
  if (session.rev2 && mentions(key, ['NEW', 'OLD', 'RECENT'])) throw new BadSyntax('IMAP4rev2 has no such key', 0)
  if (session.uidOnly && countsMessages(key)) throw uidRequired() // RFC 9586 §3.5
  if (charset === undefined || /^(?:us-ascii|utf-8)$/i.test(charset)) {
    return decodeStrings(key, (octets) => {
      const text = wireToUtf8(octets)
      if (text === undefined) throw new BadSyntax('A string in the search is not UTF-8', 0)
      return text
    })
  }
  if (!isKnownCharset(charset)) return undefined
  return decodeStrings(key, (octets) => decodeText(Buffer.from(octets, 'latin1'), charset) ?? '\ufffd')
}

/**
 * {@link decodeKey} for a key as it was sent, its filters replaced by what they stand for (RFC 5466 §3.1), and what is
 * Gmail's. `inSelected`: whether the selected mailbox alone is searched.
 */
export async function preparedKey(
  session: SessionIn<'authenticated'>,
  charset: string | undefined,
  key: SearchKey,
  inSelected: boolean = true,
): Promise<SearchKey | undefined> {
  const decoded = decodeKey(session, charset, await withFilters(session, charset, key))
  return decoded && withoutGmailKeys(session, decoded, inSelected)
}

/** The rows of the view's snapshot that match, with their scores where the search is fuzzy (RFC 6203 §4). */
export async function matching(session: Selected, key: SearchKey): Promise<FoundRows> {
  if (mentions(key, ['MODSEQ'])) session.enableCondstore() // RFC 7162 §3.1
  return searchFuzzily(key, searchContext(session))
}

/** Refuses to tell how relevant messages are to a search that is not fuzzy (RFC 6203 §4, §6). Throws `BadSyntax`. */
export function requireFuzzy(key: SearchKey, asksForRelevancy: boolean | undefined): void {
  if (asksForRelevancy && !mentions(key, ['FUZZY'])) throw new BadSyntax('RELEVANCY is of fuzzy searches', 0)
}

/** How the result of SEARCH or SORT is to be told. */
export interface Telling {
  readonly name: 'SEARCH' | 'SORT'
  readonly returns: SearchReturns | undefined
  /** Whether the client asked by mod-sequence, and wants to know the highest one it is told of (RFC 7162 §3.1.6). */
  readonly byModSeq: boolean
  readonly form: CommandForm
  /** By row, how relevant it is. */
  readonly scores?: Uint8Array | undefined
}

/**
 * Tells, and where it was asked for saves, what was found: `rows` in the order to be told in, which are nobody else's and
 * may be overwritten.
 */
export async function tell(
  session: Selected,
  { name, returns, byModSeq, form, scores }: Telling,
  rows: Uint32Array,
): Promise<void> {
  // In IMAP4rev2 there is no SEARCH response (RFC 9051 §6.4.4); SORT has its own.
  const isExtended = returns !== undefined || (session.rev2 && name === 'SEARCH')
  const wanted = withDefault(returns)
  const told = toldOf(rows, wanted)
  if (wanted.options.has('SAVE')) save(session, isSavedOnly(wanted) ? rows : told)
  if (isSavedOnly(wanted)) return

  const modSeq = byModSeq ? highestModSeq(session, told) : undefined
  const relevancy = scores && rows.map((row) => scores[row]!) // ahead of the rows becoming numbers
  const found = { relevancy, numbers: numbered(session, rows, form.byUid), modSeq }
  if (isExtended) await writeEsearch(session, form, wanted, found)
  else await writeNumbers(session, name, found)
}

const all: SearchReturns = { options: new Set<SearchReturnOption>(['ALL']) }

/** No options mean ALL (RFC 9051 §6.4.4). */
export function withDefault(returns: SearchReturns | undefined): SearchReturns {
  return returns && returns.options.size > 0 ? returns : all
}

/** SAVE alone asks for no response (RFC 9051 §6.4.4). */
export function isSavedOnly({ options }: SearchReturns): boolean {
  return options.size === 1 && options.has('SAVE')
}

/** The messages of which something is told: all that were found, or the page and the ends (RFC 9394 §3.2). */
export function toldOf(rows: Uint32Array, { options, partial }: SearchReturns): Uint32Array {
  if (options.has('ALL') || options.has('COUNT')) return rows
  const { start, end } = partial ? placesOf(partial, rows.length) : { start: 0, end: 0 }
  const told = new Set<number>(rows.subarray(start, end))
  const [first] = rows
  const last = rows.at(-1)
  if (first !== undefined && options.has('MIN')) told.add(first)
  if (last !== undefined && options.has('MAX')) told.add(last)
  return Uint32Array.from(told)
}

/** Saves what `$` is to stand for (RFC 9051 §6.4.4.1). */
export function save({ selected }: Selected, rows: Uint32Array): void {
  const { uids } = selected.view.snapshot
  selected.saved = rows.map((row) => uids[row]!).sort() // rows of the snapshot
}

function highestModSeq({ selected }: Selected, rows: Uint32Array): number | undefined {
  const { modSeqs } = selected.view.snapshot
  let modSeq: number | undefined
  for (const row of rows) modSeq = Math.max(modSeq ?? 0, modSeqs.at(row))
  return modSeq
}

/** Puts in the place of each row its UID or sequence number. Hot: once per message found. */
function numbered({ selected: { view } }: Selected, rows: Uint32Array, byUid: boolean): Uint32Array {
  const { uids } = view.snapshot
  // Inside bounds, as rows of the snapshot.
  if (byUid) for (let n = 0; n < rows.length; n++) rows[n] = uids[rows[n]!]!
  else if (view.uids === uids) for (let n = 0; n < rows.length; n++) rows[n]!++
  else for (let n = 0; n < rows.length; n++) rows[n] = view.seqNumOfRow(rows[n]!)
  return rows
}

/** Checks what UTF8=ACCEPT asks of commands whose charset is mandatory (RFC 9755 §3). Throws `BadSyntax`. */
export function requireUtf8Charset(session: Selected, charset: string): void {
  if (session.enabled.has('UTF8=ACCEPT') && charset.toUpperCase() !== 'UTF-8') {
    throw new BadSyntax('With UTF8=ACCEPT the charset is UTF-8', 0)
  }
}
