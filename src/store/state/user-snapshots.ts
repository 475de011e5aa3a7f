import { PagedColumn, pageRows } from '../../model/column.ts'
import { type FlagSet, flagSet, systemFlag } from '../../model/flags.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import { bitAt } from './seen-bits.ts'

/** The last snapshot that each user other than the owner was given, for as long as somebody has it. */
export type UserSnapshots = Map<string, WeakRef<MailboxSnapshot>>

/** What a user's snapshot was made from. */
interface Origin {
  readonly base: MailboxSnapshot
  readonly bits: Uint32Array | undefined
}

const origins = new WeakMap<MailboxSnapshot, Origin>()
/** Per table of sets, first each of them without `\Seen` and then each with it. */
const doubledTables = new WeakMap<readonly FlagSet[], readonly FlagSet[]>()

/** From this number of users on, those whose snapshots are gone are looked for. */
const sweepFrom = 64
/** Words of a user's bits that belong to one page. */
const wordsPerPage = pageRows / 32

/**
 * The mailbox as a user other than the owner sees it: with their own `\Seen`, one bit for each row, in the place of the
 * owner's. Many may look at one mailbox at once, so what can be shared is: pages of which a user has seen nothing are
 * the owner's, and pages in which nothing has changed are those of the user's snapshot before.
 */
export function snapshotFor(
  known: UserSnapshots,
  user: string,
  base: MailboxSnapshot,
  bits: Uint32Array | undefined,
): MailboxSnapshot {
  const last = known.get(user)?.deref()
  const origin = last && origins.get(last)
  if (last && origin?.base === base && origin.bits === bits) return last

  const flagSets = doubled(base.flagSets)
  const pages = base.flags.pages.map((page, number) => {
    if (!hasAny(bits, number)) return page
    return (last && origin && unchangedPage(last, origin, base, bits, number)) ?? ownPage(base, bits, number)
  })
  const snapshot = { ...base, flags: new PagedColumn(pages, base.flags.length), flagSets }
  origins.set(snapshot, { base, bits })
  if (known.size >= sweepFrom && !known.has(user)) sweep(known)
  known.set(user, new WeakRef(snapshot))
  return snapshot
}

/** A page of which the user has seen something: positions of sets with `\Seen` come behind those of all without. */
function ownPage({ flags, flagSets }: MailboxSnapshot, bits: Uint32Array | undefined, number: number): Uint32Array {
  const page = flags.pages[number]!.slice(0, rowsIn(flags, number)) // one of the column's
  const first = number * pageRows
  for (let at = 0; at < page.length; at++) if (bitAt(bits, first + at)) page[at]! += flagSets.length
  return page
}

/** The page of the user's last snapshot, if nothing that it was made from has changed. */
function unchangedPage(
  last: MailboxSnapshot,
  origin: Origin,
  base: MailboxSnapshot,
  bits: Uint32Array | undefined,
  number: number,
): Uint32Array | undefined {
  const isSame =
    origin.base.flagSets.length === base.flagSets.length &&
    origin.base.flags.pages[number] === base.flags.pages[number] &&
    // A page is added to without being another one; the rows behind the end are nobody's until then.
    rowsIn(origin.base.flags, number) === rowsIn(base.flags, number) &&
    hasSame(origin.bits, bits, number)
  return isSame ? last.flags.pages[number] : undefined
}

function rowsIn({ length }: PagedColumn<Uint32Array>, number: number): number {
  return Math.min(pageRows, length - number * pageRows)
}

function hasAny(bits: Uint32Array | undefined, number: number): boolean {
  const end = Math.min(bits?.length ?? 0, (number + 1) * wordsPerPage)
  for (let word = number * wordsPerPage; word < end; word++) if (bits?.[word]) return true
  return false
}

function hasSame(a: Uint32Array | undefined, b: Uint32Array | undefined, number: number): boolean {
  if (a === b) return true
  const first = number * wordsPerPage
  for (let word = first; word < first + wordsPerPage; word++) if ((a?.[word] ?? 0) !== (b?.[word] ?? 0)) return false
  return true
}

function doubled(flagSets: readonly FlagSet[]): readonly FlagSet[] {
  let both = doubledTables.get(flagSets)
  if (!both) {
    const without = flagSets.map(({ system, keywords }) => flagSet(system & ~systemFlag.seen, keywords))
    const withSeen = flagSets.map(({ system, keywords }) => flagSet(system | systemFlag.seen, keywords))
    doubledTables.set(flagSets, (both = [...without, ...withSeen]))
  }
  return both
}

function sweep(known: UserSnapshots): void {
  for (const [user, snapshot] of known) if (!snapshot.deref()) known.delete(user)
}
