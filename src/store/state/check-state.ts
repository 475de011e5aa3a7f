import { isDeepStrictEqual } from 'node:util'
import { pageRows } from '../../model/column.ts'
import { systemFlag } from '../../model/flags.ts'
import { metadataBytes, theAccount } from '../../model/metadata.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type { AccountState } from './account-state.ts'
import type { AccountCounters, MailboxHead } from './images.ts'
import { bitAt } from './seen-bits.ts'
import { isUsed } from './uid-validities.ts'

/** Everything in the published state that contradicts itself, one sentence each; nothing when all is well. */
export function checkState(state: AccountState): string[] {
  const { counters, mailboxes, metadata, quotas, references, subscriptions } = state.catalogue()
  const problems: string[] = []
  const names = new Set<string>()
  const validities = new Set<number>()
  const entries = new Map<number, number>()
  for (const head of mailboxes) {
    const problem = (text: string): void => void problems.push(`mailbox ${head.id} (${head.name}): ${text}`)
    if (names.has(head.name)) problem('another mailbox has its name')
    if (validities.has(head.uidValidity)) problem('another mailbox has its UIDVALIDITY')
    names.add(head.name)
    validities.add(head.uidValidity)
    checkHead(head, counters, problem)
    const { snapshot, tombstones, seen } = state.inside(head.id)
    checkRows(snapshot, counters, problem)
    checkCounters(head, snapshot, problem)
    for (const message of snapshot.messages) entries.set(message, (entries.get(message) ?? 0) + 1)
    for (const [user, bits] of seen) {
      const count = snapshot.uids.reduce((sum, _uid, row) => sum + (bitAt(bits, row) ? 1 : 0), 0)
      if (count !== (head.seenCounts.get(user) ?? 0)) problem(`${user} has seen ${count} messages, counted otherwise`)
    }
    const live = new Set(snapshot.uids)
    tombstones.firsts.forEach((first, n) => {
      const last = tombstones.lasts[n]!
      if (first > last || last >= head.uidNext) problem(`tombstones ${first} to ${last} cannot be`)
      if (live.has(first) || live.has(last)) problem(`a UID of ${first} to ${last} is expunged and there`)
      if (tombstones.modSeqs[n]! > head.highestModSeq) problem('a tombstone is newer than HIGHESTMODSEQ')
      if (n > 0 && tombstones.modSeqs[n]! < tombstones.modSeqs[n - 1]!) problem('tombstones are out of order')
    })
  }
  for (const [message, count] of entries) {
    const counted = references.get(message) ?? 1
    if (counted !== count) problems.push(`message ${message} has ${count} entries, but ${counted} are counted`)
  }
  for (const message of references.keys()) {
    if (!entries.has(message)) problems.push(`message ${message} is counted and nowhere`)
  }
  for (const key of ['messages', 'size'] as const) {
    const sum = mailboxes.reduce((before, head) => before + head[key], 0)
    if (counters[key] !== sum) problems.push(`${key} of the account is ${counters[key]}, should be ${sum}`)
  }
  const annotations = [...metadata.values()].reduce((sum, one) => sum + metadataBytes(one), 0)
  const usage = state.quotas()[0]?.usage
  const counted = { storage: counters.size, messages: counters.messages, mailboxes: mailboxes.length, annotations }
  if (!isDeepStrictEqual(usage, counted)) {
    problems.push(`the usage is ${JSON.stringify(usage)}, should be ${JSON.stringify(counted)}`)
  }
  const ids = new Set<number>([theAccount, ...mailboxes.map(({ id }) => id)])
  for (const target of [...metadata.keys(), ...quotas.keys()]) {
    if (!ids.has(target)) problems.push(`mailbox ${target} is not there and has annotations or limits`)
  }
  for (const [user, theirs] of subscriptions) if (theirs.has('')) problems.push(`${user} subscribes to an empty name`)
  return problems
}

type Report = (text: string) => void

function checkHead(head: MailboxHead, counters: AccountCounters, problem: Report): void {
  if (head.id >= counters.nextMailbox) problem('its id was never given')
  if (!isUsed(counters.usedUidValidities, head.uidValidity)) problem('its UIDVALIDITY is not noted as used')
  if (head.highestModSeq < 1 || head.highestModSeq > Math.max(counters.modSeq, 1)) problem('HIGHESTMODSEQ cannot be')
  if (head.firstRecentUid > head.uidNext) problem('the first recent UID is beyond UIDNEXT')
}

function checkRows(snapshot: MailboxSnapshot, counters: AccountCounters, problem: Report): void {
  const { uids, messages, threads, flags, modSeqs, pageModSeqs, flagSets } = snapshot
  const lengths = [messages, snapshot.sizes, snapshot.internalDates, snapshot.saveDates, threads, flags, modSeqs]
  if (lengths.some(({ length }) => length !== uids.length)) return problem('its columns differ in length')
  const known = new Set(snapshot.keywords)
  const texts = new Set(flagSets.map(({ text }) => text))
  if (texts.size !== flagSets.length) problem('it has a flag set twice')
  if (flagSets.some(({ keywords }) => keywords.some((keyword) => !known.has(keyword)))) problem('it forgot a keyword')
  let before = 0
  for (let row = 0; row < uids.length; row++) {
    const uid = uids[row]!
    if (uid <= before) problem(`UID ${uid} comes behind ${before}`)
    before = uid
    const modSeq = modSeqs.at(row)
    if (modSeq < 1 || modSeq > snapshot.highestModSeq) problem(`UID ${uid} has an impossible mod-sequence`)
    if (modSeq > (pageModSeqs[Math.floor(row / pageRows)] ?? 0)) problem(`UID ${uid} is newer than its page`)
    if (!flagSets[flags.at(row)]) problem(`UID ${uid} has an unknown flag set`)
    if (messages[row]! < 1 || messages[row]! >= counters.nextMessage) problem(`UID ${uid} has an unknown message`)
    if (threads[row]! < 1 || threads[row]! >= counters.nextThread) problem(`UID ${uid} has an unknown thread`)
  }
  if (before >= snapshot.uidNext) problem(`UID ${before} is not below UIDNEXT`)
}

function checkCounters(head: MailboxHead, snapshot: MailboxSnapshot, problem: Report): void {
  const counted = { messages: snapshot.uids.length, unseen: 0, deleted: 0, recent: 0, size: 0 }
  snapshot.uids.forEach((uid, row) => {
    const system = snapshot.flagSets[snapshot.flags.at(row)]?.system ?? 0
    if (!(system & systemFlag.seen)) counted.unseen++
    if (system & systemFlag.deleted) counted.deleted++
    if (uid >= snapshot.firstRecentUid) counted.recent++
    counted.size += snapshot.sizes[row]!
  })
  for (const key of ['messages', 'unseen', 'deleted', 'recent', 'size'] as const) {
    if (head[key] !== counted[key]) problem(`${key} is ${head[key]}, should be ${counted[key]}`)
  }
  for (const key of ['uidNext', 'highestModSeq', 'firstRecentUid'] as const) {
    if (head[key] !== snapshot[key]) problem(`${key} is ${head[key]} and in the snapshot ${snapshot[key]}`)
  }
}
