import { type SpecialUse, specialUses } from '../../model/mailbox.ts'
import type { MetadataChange } from '../../model/metadata.ts'
import type { Operation } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { maxListItems } from '../../wire/cursor.ts'
import { defineCommand, type Command } from '../command.ts'
import { requireFilter } from '../filters.ts'
import { isPrivate, parseEntryName, seenPerUserEntry, specialUseEntry } from '../metadata-names.ts'
import { setEntriesOfOther } from '../private-entries.ts'
import { requireRight, type MailboxReference } from '../reference.ts'
import { requireMailboxMetadata, requireMetadata } from '../responses/metadata.ts'
import { noteOwnChange, writeMetadataUpdates } from '../responses/metadata-updates.ts'

interface SetMetadataArgs {
  /** Octets as sent; empty: the server. */
  readonly mailbox: string
  /** Names in lower case, each once. */
  readonly entries: readonly MetadataChange[]
}

/**
 * SETMETADATA, RFC 5464 §4.3: all of the entries or none. Shared entries of the server are its administrator's, who
 * sets them in its configuration.
 */
export const setMetadata: Command<'authenticated', SetMetadataArgs> = defineCommand({
  name: 'SETMETADATA',
  capability: ['METADATA', 'METADATA-SERVER'],
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const mailbox = cursor.mailbox()
    cursor.space()
    cursor.char('(')
    const entries = new Map<string, Uint8Array | null>()
    do {
      if (entries.size === maxListItems) throw cursor.bad('too many entries')
      const name = parseEntryName(cursor)
      if (entries.has(name)) throw cursor.bad('an entry is named twice')
      cursor.space()
      const value = cursor.nstring('a value')
      entries.set(name, value === undefined ? null : Buffer.from(value, 'latin1'))
    } while (cursor.tryChar(' '))
    cursor.char(')')
    cursor.end()
    return { mailbox, entries: [...entries] }
  },

  async run(session, { mailbox: wire, entries }) {
    const { login } = session
    const { user } = login.identity
    const shared = entries.filter(([name]) => !isPrivate(name) && name !== seenPerUserEntry)
    const ofUser = entries.filter(([name]) => isPrivate(name) && name !== specialUseEntry)
    const uses = entries.find(([name]) => name === specialUseEntry)
    const seen = entries.find(([name]) => name === seenPerUserEntry)
    await writeMetadataUpdates(session)
    if (wire === '') {
      for (const [name, value] of ofUser) requireFilter(name, value)
      if (shared.length > 0 || seen)
        throw new Refusal('NOPERM', 'Shared entries of the server are set in its configuration')
      if (uses) throw new Refusal('CANNOT', 'The server has no special use')
      await session.commit(login.account, [{ op: 'setMetadata', user, entries: ofUser }])
      noteOwnChange(session, { shared, ofUser })
      return { text: 'SETMETADATA completed' }
    }
    requireMailboxMetadata(session)
    const reference = await session.mailboxNamed(login, wire, 'l')
    requireMetadata(reference)
    if (shared.length > 0) requireRight(reference, 'w')
    if (seen) requireRight(reference, 'a')
    const mailbox = reference.mailbox.id
    const isOwn = reference.user === undefined
    const specialUse = uses && specialUsesOf(reference, uses[1])
    const seenPerUser = seen && isTrue(seen[1])
    const operations: Operation[] = []
    if (shared.length > 0) operations.push({ op: 'setMetadata', mailbox, entries: shared })
    if (ofUser.length > 0 && isOwn) operations.push({ op: 'setMetadata', mailbox, user, entries: ofUser })
    if (specialUse) operations.push({ op: 'setSpecialUse', mailbox, specialUse })
    if (seenPerUser !== undefined) operations.push({ op: 'setSeenPerUser', mailbox, perUser: seenPerUser })
    const takeBack = isOwn || ofUser.length === 0 ? undefined : await setEntriesOfOther(login, reference, ofUser)
    try {
      await session.commit(reference.account, operations)
    } catch (error) {
      await takeBack?.() // two accounts have no commit in common, and it is to be all or nothing
      throw error
    }
    noteOwnChange(session, { reference, shared, ofUser: isOwn ? ofUser : [], specialUse, seenPerUser })
    return { text: 'SETMETADATA completed' }
  },
})

/**
 * The special uses that a value of {@link specialUseEntry} names, checked as CREATE checks them (RFC 6154 §4). Throws
 * `Refusal`: `USEATTR`, and `METADATA NOPRIVATE` where the mailbox is another user's, whose special uses they are.
 */
function specialUsesOf({ user }: MailboxReference, value: Uint8Array | null): SpecialUse[] {
  if (user !== undefined) throw new Refusal('METADATA NOPRIVATE', "The special use of a mailbox is its owner's")
  const names = value === null ? [] : Buffer.from(value).toString('latin1').split(' ')
  return names
    .filter((name) => name !== '')
    .map((name) => {
      const known = specialUses.find((use) => use.toLowerCase() === name.toLowerCase())
      if (!known) throw new Refusal('USEATTR', 'There is no such special use')
      return known
    })
}

/** What a value of {@link seenPerUserEntry} says; without one each user has the same `\Seen`. Throws `Refusal`. */
function isTrue(value: Uint8Array | null): boolean {
  const text = value === null ? 'false' : Buffer.from(value).toString('latin1').toLowerCase()
  if (text !== 'true' && text !== 'false') throw new Refusal('CANNOT', 'That entry is either true or false')
  return text === 'true'
}
