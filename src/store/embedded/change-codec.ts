import type { Change, ChangeSet } from '../../model/change.ts'
import type { FlagSet } from '../../model/flags.ts'
import { flagSet } from '../../model/flags.ts'
import type { SpecialUse } from '../../model/mailbox.ts'
import { specialUses } from '../../model/mailbox.ts'
import { type MetadataChange, theAccount } from '../../model/metadata.ts'
import { asMailboxId, asMessageNum, asModSeq, asUid, type Uids } from '../../model/numbers.ts'
import type { AppendedEntry } from '../../model/operation.ts'
import { type QuotaLimits, quotaResources } from '../../model/quota.ts'
import { BytesReader, BytesWriter } from './bytes.ts'

/** A message of a change set whose octets are in a file of their own. */
export interface OwnFile {
  readonly message: number
  /** The number of the file. */
  readonly segment: number
}

/** What a change set record says. */
export interface ChangeRecord {
  readonly ownFiles: readonly OwnFile[]
  readonly changeSet: ChangeSet
}

/** The order gives each kind its number in the file: only ever add at the end. */
const kinds = [
  'mailboxCreated',
  'mailboxDeleted',
  'mailboxRenamed',
  'subscribed',
  'appended',
  'flagsChanged',
  'seenChanged',
  'expunged',
  'recentClaimed',
  'metadataSet',
  'specialUseSet',
  'quotaSet',
  'aclSet',
  'seenPerUserSet',
] as const satisfies readonly Change['kind'][]

/** Writes sets of flags: the first time whole, then by number. */
class FlagSetWriter {
  readonly #numbers = new Map<string, number>()

  write(out: BytesWriter, flags: FlagSet): void {
    const known = this.#numbers.get(flags.text)
    out.number(known ?? this.#numbers.size)
    if (known !== undefined) return
    this.#numbers.set(flags.text, this.#numbers.size)
    out.number(flags.system)
    out.number(flags.keywords.length)
    for (const keyword of flags.keywords) out.text(keyword)
  }
}

class FlagSetReader {
  readonly #sets: FlagSet[] = []

  read(from: BytesReader): FlagSet {
    const number = from.number()
    const known = this.#sets[number]
    if (known) return known
    if (number !== this.#sets.length) throw new RangeError('a set of flags is missing')
    const system = from.number()
    const made = flagSet(
      system,
      times(from.number(), () => from.text()),
    )
    this.#sets.push(made)
    return made
  }
}

function times<T>(count: number, make: () => T): T[] {
  const made: T[] = []
  for (let n = 0; n < count; n++) made.push(make())
  return made
}

function writeUids(out: BytesWriter, uids: Uids): void {
  out.number(uids.length)
  let before = 0
  for (const uid of uids) {
    out.signed(uid - before)
    before = uid
  }
}

function readUids(from: BytesReader): number[] {
  let uid = 0
  return times(from.number(), () => (uid += from.signed()))
}

/** What an entry has that is written as the difference from the entry before. */
type EntryNumbers = Pick<AppendedEntry, 'uid' | 'message' | 'internalDate' | 'saveDate' | 'thread'>

function writeEntries(out: BytesWriter, entries: readonly AppendedEntry[], sets: FlagSetWriter): void {
  out.number(entries.length)
  let before: EntryNumbers = zeroEntry
  for (const entry of entries) {
    out.signed(entry.uid - before.uid)
    out.signed(entry.message - before.message)
    out.signed(entry.internalDate - before.internalDate)
    out.signed(entry.saveDate - before.saveDate)
    out.signed(entry.thread - before.thread)
    out.number(entry.size)
    sets.write(out, entry.flags)
    before = entry
  }
}

const zeroEntry = { uid: asUid(0), message: asMessageNum(0), internalDate: 0, saveDate: 0, thread: 0 }

function readEntries(from: BytesReader, sets: FlagSetReader): AppendedEntry[] {
  let before: EntryNumbers = zeroEntry
  return times(from.number(), () => {
    const entry: AppendedEntry = {
      uid: asUid(before.uid + from.signed()),
      message: asMessageNum(before.message + from.signed()),
      internalDate: before.internalDate + from.signed(),
      saveDate: before.saveDate + from.signed(),
      thread: before.thread + from.signed(),
      size: from.number(),
      flags: sets.read(from),
    }
    before = entry
    return entry
  })
}

function writeChange(out: BytesWriter, change: Change, sets: FlagSetWriter): void {
  out.number(kinds.indexOf(change.kind))
  if (change.kind !== 'subscribed') out.number(change.mailbox ?? theAccount)
  switch (change.kind) {
    case 'mailboxCreated':
      out.text(change.name)
      out.number(change.uidValidity)
      writeUses(out, change.specialUse)
      break
    case 'mailboxDeleted':
      break
    case 'mailboxRenamed':
      out.text(change.name)
      break
    case 'subscribed':
      out.text(change.user)
      out.text(change.name)
      out.number(change.subscribed ? 1 : 0)
      break
    case 'appended':
      writeEntries(out, change.entries, sets)
      break
    case 'flagsChanged':
      out.number(change.groups.length)
      for (const group of change.groups) {
        sets.write(out, group.flags)
        writeUids(out, group.uids)
      }
      break
    case 'seenChanged':
      out.text(change.user)
      out.number(change.seen ? 1 : 0)
      writeUids(out, change.uids)
      break
    case 'expunged':
      writeUids(out, change.uids)
      break
    case 'recentClaimed':
      out.number(change.firstRecentUid)
      break
    case 'metadataSet':
      writeOptional(out, change.user)
      writeMetadata(out, change.entries)
      break
    case 'specialUseSet':
      writeUses(out, change.specialUse)
      break
    case 'quotaSet':
      writeLimits(out, change.limits)
      break
    case 'aclSet':
      out.number(change.acl.size)
      for (const [identifier, rights] of change.acl) {
        out.text(identifier)
        out.text(rights)
      }
      break
    case 'seenPerUserSet':
      out.number(change.perUser ? 1 : 0)
      break
  }
}

function readChange(from: BytesReader, sets: FlagSetReader): Change {
  const kind = kinds[from.number()]
  if (kind === undefined) throw new RangeError('a change of a kind that is not known')
  if (kind === 'subscribed') {
    return { kind, user: from.text(), name: from.text(), subscribed: from.number() === 1 }
  }
  const number = from.number()
  const mailbox = asMailboxId(number)
  const ofMailbox = number === theAccount ? {} : { mailbox }
  switch (kind) {
    case 'mailboxCreated':
      return {
        kind,
        mailbox,
        name: from.text(),
        uidValidity: from.number(),
        specialUse: readUses(from),
      }
    case 'mailboxDeleted':
      return { kind, mailbox }
    case 'mailboxRenamed':
      return { kind, mailbox, name: from.text() }
    case 'appended':
      return { kind, mailbox, entries: readEntries(from, sets) }
    case 'flagsChanged': {
      const groups = times(from.number(), () => ({ flags: sets.read(from), uids: readUids(from) }))
      return { kind, mailbox, groups }
    }
    case 'seenChanged':
      return { kind, mailbox, user: from.text(), seen: from.number() === 1, uids: readUids(from) }
    case 'expunged':
      return { kind, mailbox, uids: readUids(from) }
    case 'recentClaimed':
      return { kind, mailbox, firstRecentUid: asUid(from.number()) }
    case 'metadataSet': {
      const user = readOptional(from)
      return { kind, ...ofMailbox, ...(user !== undefined && { user }), entries: readMetadata(from) }
    }
    case 'specialUseSet':
      return { kind, mailbox, specialUse: readUses(from) }
    case 'quotaSet':
      return { kind, ...ofMailbox, limits: readLimits(from) }
    case 'aclSet':
      return { kind, mailbox, acl: new Map(times(from.number(), () => [from.text(), from.text()] as const)) }
    case 'seenPerUserSet':
      return { kind, mailbox, perUser: from.number() === 1 }
  }
}

function writeOptional(out: BytesWriter, text: string | undefined): void {
  out.number(text === undefined ? 0 : 1)
  if (text !== undefined) out.text(text)
}

function readOptional(from: BytesReader): string | undefined {
  return from.number() === 0 ? undefined : from.text()
}

function writeUses(out: BytesWriter, uses: readonly SpecialUse[]): void {
  out.number(uses.length)
  for (const use of uses) out.text(use)
}

function readUses(from: BytesReader): SpecialUse[] {
  return times(from.number(), () => from.text()).filter(isSpecialUse)
}

/** Names and values, one behind the other; an entry that is taken away has no value. */
export function writeMetadata(out: BytesWriter, entries: readonly MetadataChange[]): void {
  out.number(entries.length)
  for (const [name, value] of entries) {
    out.text(name)
    out.number(value === null ? 0 : 1)
    if (value !== null) out.octets(value)
  }
}

/** Reads what {@link writeMetadata} wrote. Throws `RangeError`. */
export function readMetadata(from: BytesReader): MetadataChange[] {
  return times(from.number(), () => [from.text(), from.number() === 0 ? null : from.octets()] as const)
}

/** Limits by the names of their resources, behind how many there are and one more; 0: none of their own. */
function writeLimits(out: BytesWriter, limits: QuotaLimits | undefined): void {
  const set = quotaResources.flatMap((resource) => {
    const limit = limits?.[resource]
    return limit === undefined ? [] : [{ resource, limit }]
  })
  out.number(limits ? set.length + 1 : 0)
  for (const { resource, limit } of set) {
    out.text(resource)
    out.number(limit)
  }
}

function readLimits(from: BytesReader): QuotaLimits | undefined {
  const count = from.number()
  if (count === 0) return undefined
  const read = new Map(times(count - 1, () => [from.text(), from.number()] as const))
  return Object.fromEntries(
    quotaResources.flatMap((resource) => {
      const limit = read.get(resource)
      return limit === undefined ? [] : [[resource, limit]]
    }),
  )
}

function isSpecialUse(text: string): text is SpecialUse {
  return specialUses.some((use) => use === text)
}

/** A change set as the payload of a record. */
export function encodeChangeRecord({ ownFiles, changeSet }: ChangeRecord): Buffer {
  const out = new BytesWriter()
  out.number(ownFiles.length)
  for (const { message, segment } of ownFiles) {
    out.number(message)
    out.number(segment)
  }
  out.number(changeSet.modSeq)
  out.signed(changeSet.time)
  out.number(changeSet.changes.length)
  const sets = new FlagSetWriter()
  for (const change of changeSet.changes) writeChange(out, change, sets)
  return out.finish()
}

/** Reads what {@link encodeChangeRecord} wrote. Throws `RangeError` when it is something else. */
export function decodeChangeRecord(payload: Buffer): ChangeRecord {
  const from = new BytesReader(payload)
  const ownFiles = times(from.number(), () => ({ message: from.number(), segment: from.number() }))
  const modSeq = asModSeq(from.number())
  const time = from.signed()
  const sets = new FlagSetReader()
  const changes = times(from.number(), () => readChange(from, sets))
  if (!from.atEnd) throw new RangeError('octets behind the last change')
  return { ownFiles, changeSet: { modSeq, time, changes } }
}
