/** Keys that the columns of a snapshot answer. */
import type { DateKey, SearchKey } from '../wire/search-grammar.ts'
import { normalise, type NumberRange, type NumberSet } from '../wire/number-set.ts'
import { systemFlag, systemFlagNames } from '../model/flags.ts'
import { firstRowFrom, rowOfUid, type MailboxSnapshot } from '../model/snapshot.ts'
import type { SearchContext } from './context.ts'
import { addRange, addRow, allRows, noRows, type RowSet, rowsBetween, rowsWhere } from './row-set.ts'

const secondsOfDay = 86_400

/** The rows that match, for a key that columns answer; `undefined` for all other keys. */
export function matchColumns(key: SearchKey, context: SearchContext): RowSet | undefined {
  const { snapshot, viewUids } = context
  const { uids, sizes, internalDates } = snapshot
  switch (key.key) {
    case 'ALL':
    case 'SAVEDATESUPPORTED': // RFC 8514 §4.3: every mailbox here keeps the date of saving
      return allRows(uids.length)
    case 'RECENT':
      return rowsWhere(uids.length, (row) => context.isRecent(uids[row]!)) // inside bounds, as all rows here
    case 'OLD':
      return rowsWhere(uids.length, (row) => !context.isRecent(uids[row]!))
    case 'NEW': // RFC 3501 §6.4.4: as (RECENT UNSEEN)
      return rowsWhere(uids.length, (row) => isUnseen(snapshot, row) && context.isRecent(uids[row]!))
    case 'FLAG':
      return matchFlag(snapshot, key.flag, key.present)
    case 'BEFORE':
    case 'ON':
    case 'SINCE':
      return matchDay(internalDates, key.key, key.days)
    case 'SAVEDBEFORE':
    case 'SAVEDON':
    case 'SAVEDSINCE':
      return matchDay(snapshot.saveDates, key.key, key.days)
    case 'LARGER':
      return rowsBetween(sizes, key.octets + 1, Infinity)
    case 'SMALLER':
      return rowsBetween(sizes, 0, key.octets)
    case 'OLDER': // in whole seconds, as all dates
      return rowsBetween(internalDates, -Infinity, context.now - key.seconds + 1)
    case 'YOUNGER':
      return rowsBetween(internalDates, context.now - key.seconds, Infinity)
    case 'MODSEQ': // no mod-sequence per flag here, so the entry is ignored as RFC 7162 §3.1.5 says
      return matchModSeq(snapshot, key.modSeq)
    case 'EMAILID':
      return matchNumber(snapshot.messages, objectNumber('M', key.id))
    case 'THREADID':
      return matchNumber(snapshot.threads, objectNumber('T', key.id))
    case 'X-GM-MSGID':
      return matchNumber(snapshot.messages, key.number)
    case 'X-GM-THRID':
      return matchNumber(snapshot.threads, key.number)
    case 'UID':
      return matchUids(context, key.set, normalise(key.set, viewUids.at(-1) ?? 0))
    case 'UIDAFTER':
      return rowsFromTo(uids, firstRowFrom(uids, key.uid + 1), uids.length)
    case 'UIDBEFORE':
      return rowsFromTo(uids, 0, firstRowFrom(uids, key.uid))
    case 'SEQUENCE': {
      // The UIDs between those of the first and the last message; the view counts no UID that it does not hold.
      const ranges = normalise(key.set, viewUids.length)
      const uidRanges = ranges.map(([first, last]) => [viewUids[first - 1]!, viewUids[last - 1]!] as const)
      return matchUids(context, key.set, uidRanges)
    }
    case 'AND':
    case 'BCC':
    case 'BODY':
    case 'CC':
    case 'FILTER': // what it stands for has taken its place, as with FUZZY
    case 'FUZZY':
    case 'FROM':
    case 'HEADER':
    case 'NOT':
    case 'OR':
    case 'SENTBEFORE':
    case 'SENTON':
    case 'SENTSINCE':
    case 'SUBJECT':
    case 'TEXT':
    case 'TO':
    case 'X-GM-LABELS': // resolved, as X-GM-RAW is, before the search begins
    case 'X-GM-RAW':
      return undefined
  }
}

function rowsFromTo({ length }: Uint32Array, first: number, end: number): RowSet {
  const rows = noRows(length)
  addRange(rows, first, end)
  return rows
}

function matchUids({ snapshot, saved }: SearchContext, set: NumberSet, ranges: readonly NumberRange[]): RowSet {
  const { uids } = snapshot
  const rows = noRows(uids.length)
  for (const [first, last] of ranges) addRange(rows, firstRowFrom(uids, first), firstRowFrom(uids, last + 1))
  if (set.saved) {
    for (const uid of saved) {
      const row = rowOfUid(uids, uid)
      if (row >= 0) addRow(rows, row)
    }
  }
  return rows
}

function isUnseen({ flags, flagSets }: MailboxSnapshot, row: number): boolean {
  return !(flagSets[flags.at(row)]!.system & systemFlag.seen) // every number in the column has its set
}

/** Decides once for each set of flags, then looks up each row's set. */
function matchFlag({ uids, flags, flagSets }: MailboxSnapshot, flag: string, present: boolean): RowSet {
  const lower = flag.toLowerCase()
  const bit = systemFlagNames.find(([name]) => name.toLowerCase() === lower)?.[1] ?? 0
  const matching = Uint8Array.from(flagSets, ({ system, keywords }) => {
    const has = bit ? (system & bit) !== 0 : keywords.some((keyword) => keyword.toLowerCase() === lower)
    return Number(has === present)
  })
  const rows = noRows(uids.length)
  const { words } = rows
  let base = 0
  // Hot: every page but the last has a multiple of 32 rows.
  for (const page of flags.pages) {
    const end = Math.min(page.length, uids.length - base)
    for (let i = 0; i < end; i += 32) {
      const stop = Math.min(i + 32, end)
      let word = 0
      for (let row = i; row < stop; row++) word |= matching[page[row]!]! << (row - i) // inside bounds
      words[(base + i) >>> 5] = word
    }
    base += page.length
  }
  return rows
}

/** Compares days in UTC, in which INTERNALDATE is shown (RFC 9051 §6.4.4: time and time zone are disregarded). */
function matchDay(dates: Float64Array, key: DateKey, days: number): RowSet {
  const first = days * secondsOfDay
  const end = first + secondsOfDay
  if (key.endsWith('BEFORE')) return rowsBetween(dates, -Infinity, first)
  return rowsBetween(dates, first, key.endsWith('SINCE') ? Infinity : end)
}

function matchModSeq({ uids, modSeqs, pageModSeqs }: MailboxSnapshot, modSeq: number): RowSet {
  const rows = noRows(uids.length)
  let base = 0
  modSeqs.pages.forEach((page, n) => {
    const end = pageModSeqs[n]! >= modSeq ? Math.min(page.length, uids.length - base) : 0
    for (let i = 0; i < end; i++) if (page[i]! >= modSeq) addRow(rows, base + i)
    base += page.length
  })
  return rows
}

function matchNumber(column: Uint32Array, wanted: number): RowSet {
  return wanted === 0 ? noRows(column.length) : rowsWhere(column.length, (row) => column[row] === wanted)
}

/** The number in an object id as FETCH shows it (a letter, then base 36; RFC 8474 §5); 0 for any other text. */
function objectNumber(letter: string, id: string): number {
  const number = parseInt(id.slice(1), 36)
  return letter + number.toString(36) === id ? number : 0
}
