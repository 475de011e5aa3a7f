import { changedFlags, type FlagSet, flagSet, permittedFlags, systemFlag } from '../../model/flags.ts'
import type { Operation, OperationResult } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { rowsOfUids } from './mailbox-draft.ts'
import type { Planning } from './planner.ts'

type StoreOperation = Extract<Operation, { op: 'store' }>

/**
 * STORE. A message whose flags stay equal gets no new mod-sequence; one that changed after UNCHANGEDSINCE is left
 * alone, whatever the flags (RFC 7162 §3.1.3).
 */
export function store({ draft, changes }: Planning, operation: StoreOperation): OperationResult {
  const { mailbox, user, unchangedSince } = operation
  const target = draft.mailbox(mailbox)
  const perUser = user !== undefined && draft.tree.byId.get(mailbox)?.seenPerUser === true ? user : undefined
  const found = rowsOfUids(target.uids, operation.uids)
  const isModified = (row: number): boolean => unchangedSince !== undefined && target.modSeqs.at(row) > unchangedSince
  const rows = unchangedSince === undefined ? found : found.filter((row) => !isModified(row))
  const modified = rows.length === found.length ? none : uidsOf(target.uids, found.filter(isModified))
  // A part of the mailbox's own column is ascending and complete, and need not be copied.
  const isPart = operation.uids instanceof Uint32Array && operation.uids.buffer === target.uids.buffer
  const stored = isPart && rows === found ? operation.uids : uidsOf(target.uids, rows)

  // Every position that is asked for or handed on is one of the table.
  const changed = target.changeFlags(rows, (before) =>
    target.table.intern(flagsAfter(target.table.sets[before]!, operation, perUser)),
  )
  const groups = [...changed].map(([set, uids]) => ({ flags: target.table.sets[set]!, uids }))
  if (groups.length > 0) changes.push({ kind: 'flagsChanged', mailbox, groups })

  const wantsSeen = perUser === undefined ? undefined : seenWanted(operation)
  if (perUser !== undefined && wantsSeen !== undefined) {
    const seenRows = rows.filter((row) => target.hasSeen(perUser, row) !== wantsSeen)
    if (seenRows.length > 0) {
      if (!target.keepsSeenOf(perUser)) throw new Refusal('LIMIT', 'Too many users have their own \\Seen here')
      target.setSeen(perUser, wantsSeen, seenRows)
      const uids = uidsOf(target.uids, seenRows)
      changes.push({ kind: 'seenChanged', mailbox, user: perUser, seen: wantsSeen, uids })
    }
  }
  return { op: 'store', stored, modified }
}

const none: readonly number[] = []

function uidsOf(column: Uint32Array, rows: Uint32Array): Uint32Array {
  return rows.map((row) => column[row]!) // rows of the mailbox
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
