import { changedFlags, type FlagSet, flagSet, permittedFlags, systemFlag } from '../../model/flags.ts'
import type { Operation, OperationResult } from '../../model/operation.ts'
import { rowsOfUids } from './mailbox-draft.ts'
import type { Planning } from './planner.ts'

/** Messages that a STORE gives the same flags. */
interface FlagsGroup {
  readonly flags: FlagSet
  readonly uids: number[]
}

type StoreOperation = Extract<Operation, { op: 'store' }>

/**
 * STORE. A message whose flags stay equal gets no new mod-sequence; one that changed after UNCHANGEDSINCE is left
 * alone, whatever the flags (RFC 7162 §3.1.3).
 */
export function store({ draft, changes }: Planning, operation: StoreOperation): OperationResult {
  const { mailbox, user, unchangedSince } = operation
  const target = draft.mailbox(mailbox)
  const perUser = user !== undefined && draft.tree.byId.get(mailbox)?.seenPerUser === true ? user : undefined
  const rows = rowsOfUids(target.uids, operation.uids)
  const stored = new Uint32Array(rows.length)
  const storedRows = new Uint32Array(rows.length)
  const modified: number[] = []
  let count = 0
  for (const row of rows) {
    const uid = target.uids[row]! // a row of the mailbox
    if (unchangedSince !== undefined && target.modSeqs.at(row) > unchangedSince) modified.push(uid)
    else {
      storedRows[count] = row
      stored[count++] = uid
    }
  }

  const groups: FlagsGroup[] = []
  const seenRows: number[] = []
  /** By the position of the set before, the position of the set after. */
  const after: (number | undefined)[] = []
  const groupOf: (FlagsGroup | undefined)[] = []
  const wantsSeen = perUser === undefined ? undefined : seenWanted(operation)
  for (let n = 0; n < count; n++) {
    const row = storedRows[n]! // inside bounds
    const before = target.flags.at(row)
    const set = (after[before] ??= target.table.intern(flagsAfter(target.flagsAt(row), operation, perUser)))
    if (set !== before) {
      let group = groupOf[set]
      if (!group) {
        group = groupOf[set] = { flags: target.table.sets[set] ?? operation.flags, uids: [] }
        groups.push(group)
      }
      group.uids.push(target.uids[row]!)
      target.setFlags(row, set)
    }
    if (perUser !== undefined && wantsSeen !== undefined && target.hasSeen(perUser, row) !== wantsSeen)
      seenRows.push(row)
  }

  if (groups.length > 0) changes.push({ kind: 'flagsChanged', mailbox, groups })
  if (perUser !== undefined && wantsSeen !== undefined && seenRows.length > 0) {
    const uids = seenRows.map((row) => target.uids[row]!)
    target.setSeen(perUser, wantsSeen, seenRows)
    changes.push({ kind: 'seenChanged', mailbox, user: perUser, seen: wantsSeen, uids })
  }
  return { op: 'store', stored: stored.subarray(0, count), modified }
}

/** What the operation makes of a user's own `\Seen`; undefined if it leaves it alone. */
function seenWanted({ mode, flags, rights }: StoreOperation): boolean | undefined {
  if (rights?.includes('s') === false) return undefined
  const named = (flags.system & systemFlag.seen) !== 0
  if (mode === 'replace') return named
  return named ? mode === 'add' : undefined
}

/** The shared flags after the change; where `\Seen` is somebody's own, the owner's stays as it is. */
function flagsAfter(before: FlagSet, { mode, flags, rights }: StoreOperation, perUser: string | undefined): FlagSet {
  const wanted = changedFlags(before, mode, flags)
  const changed = rights === undefined ? wanted : permittedFlags(before, wanted, rights)
  if (perUser === undefined) return changed
  return flagSet((changed.system & ~systemFlag.seen) | (before.system & systemFlag.seen), changed.keywords)
}
