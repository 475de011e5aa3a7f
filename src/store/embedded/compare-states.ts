import { isDeepStrictEqual } from 'node:util'
import type { MailboxId } from '../../model/numbers.ts'
import type { ComputedKind } from '../store.ts'
import type { AccountState } from '../state/account-state.ts'
import type { OpenedAccount } from './open-account.ts'

const kinds: readonly ComputedKind[] = [
  'envelope', 'body', 'bodyStructure', 'parts', 'keys', 'preview', 'fields', 'headerLines', 'sortKeys',
] // prettier-ignore
/** Kinds that messages of older versions do not have; whoever reads them does without. */
const laterKinds: ReadonlySet<ComputedKind> = new Set(['fields', 'headerLines', 'sortKeys'])
/** Messages whose computed parts are compared at once. */
const batch = 256

/**
 * In which points an account as its database has it differs from the same account as the log alone gives it, in
 * sentences; empty when they agree.
 */
export async function differences(stored: OpenedAccount, replayed: OpenedAccount): Promise<string[]> {
  return [...differentStates(stored.state, replayed.state), ...(await differentMessages(stored, replayed))]
}

/** As {@link differences}, but for what the messages' octets give. */
export function differentStates(stored: AccountState, replayed: AccountState): string[] {
  return [
    ...differentCatalogues(stored, replayed),
    ...[...stored.tree().byId.keys()].flatMap((mailbox) => differentMailboxes(stored, replayed, mailbox)),
  ]
}

function differentCatalogues(stored: AccountState, replayed: AccountState): string[] {
  const wrong: string[] = []
  const [a, b] = [stored.catalogue(), replayed.catalogue()]
  // Numbers that were given to commits which then failed are not used again until the account is opened anew.
  if (a.counters.modSeq !== b.counters.modSeq) {
    wrong.push(`account.db is at mod-sequence ${a.counters.modSeq}, the log at ${b.counters.modSeq}`)
  }
  for (const counter of ['nextMailbox', 'nextMessage', 'nextThread'] as const) {
    if (a.counters[counter] < b.counters[counter]) {
      wrong.push(
        `account.db would give out numbers again: ${counter} is ${a.counters[counter]}, not ${b.counters[counter]}`,
      )
    }
  }
  if (!isDeepStrictEqual(a.counters.usedUidValidities, b.counters.usedUidValidities)) {
    wrong.push('account.db and the log do not agree on which UIDVALIDITY values were used')
  }
  const heads = new Map(b.mailboxes.map((head) => [head.id, head]))
  for (const head of a.mailboxes) {
    const other = heads.get(head.id)
    heads.delete(head.id)
    if (!other) wrong.push(`the mailbox ${head.name} is in account.db but not in the log`)
    else if (!isDeepStrictEqual(head, other)) {
      wrong.push(`the mailbox ${head.name} has other counters or attributes in account.db than by the log`)
    }
  }
  for (const { name } of heads.values()) wrong.push(`the mailbox ${name} is in the log but not in account.db`)
  if (!isDeepStrictEqual(a.subscriptions, b.subscriptions)) wrong.push('the subscriptions differ from the log')
  if (!isDeepStrictEqual(a.metadata, b.metadata)) wrong.push('the annotations differ from the log')
  if (!isDeepStrictEqual(a.quotas, b.quotas)) wrong.push('the limits of quotas differ from the log')
  if (!isDeepStrictEqual(a.references, b.references)) wrong.push('the counts of copies differ from the log')
  return wrong
}

const columns = ['uids', 'messages', 'sizes', 'internalDates', 'saveDates', 'threads'] as const

function differentMailboxes(stored: AccountState, replayed: AccountState, mailbox: MailboxId): string[] {
  if (!replayed.tree().byId.has(mailbox)) return []
  const name = stored.tree().byId.get(mailbox)?.name ?? ''
  const [a, b] = [stored.inside(mailbox), replayed.inside(mailbox)]
  const wrong = columns
    .filter((column) => !isDeepStrictEqual(a.snapshot[column], b.snapshot[column]))
    .map((column) => `the ${column} of the mailbox ${name} differ between account.db and the log`)
  if (wrong.length > 0) return wrong
  for (let row = 0; row < a.snapshot.uids.length; row++) {
    const flags = [a, b].map(({ snapshot }) => snapshot.flagSets[snapshot.flags.at(row)]?.text)
    if (flags[0] === flags[1] && a.snapshot.modSeqs.at(row) === b.snapshot.modSeqs.at(row)) continue
    wrong.push(
      `UID ${a.snapshot.uids[row]} in ${name} has the flags (${flags[0]}) in account.db and (${flags[1]}) by the log`,
    )
  }
  if (!isDeepStrictEqual(a.tombstones, b.tombstones)) wrong.push(`the expunged UIDs of ${name} differ from the log`)
  if (!isDeepStrictEqual(a.seen, b.seen)) wrong.push(`what users have seen in ${name} differs from the log`)
  return wrong
}

async function differentMessages(stored: OpenedAccount, replayed: OpenedAccount): Promise<string[]> {
  const wrong: string[] = []
  for (const { id, name } of stored.state.tree().byId.values()) {
    const { messages, uids } = stored.state.snapshot(id)
    for (let from = 0; from < messages.length; from += batch) {
      const some = messages.subarray(from, from + batch)
      for (let n = 0; n < some.length; n++) {
        const [a, b] = [stored.locations.get(some[n]!), replayed.locations.get(some[n]!)]
        if (!b) wrong.push(`UID ${uids[from + n]} in ${name}: its octets are damaged or lost`)
        else if (!isDeepStrictEqual(a, b)) {
          wrong.push(`UID ${uids[from + n]} in ${name}: account.db looks for its octets in the wrong place`)
        }
      }
      for (const kind of kinds) {
        const [a, b] = [stored.computed.read(kind, some), replayed.computed.read(kind, some)]
        if (a.bytes.equals(b.bytes) && isDeepStrictEqual(a.offsets, b.offsets)) continue
        for (let n = 0; n < some.length; n++) {
          if (!replayed.locations.get(some[n]!)) continue
          const [one, other] = [a, b].map(({ bytes, offsets }) => bytes.subarray(offsets[n], offsets[n + 1]))
          if (one?.length === 0 && laterKinds.has(kind)) continue
          if (one && other && !one.equals(other)) {
            wrong.push(`UID ${uids[from + n]} in ${name}: account.db has another ${kind} than its octets give`)
          }
        }
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return wrong
}
