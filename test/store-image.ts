import { createHash } from 'node:crypto'
import type { AccountStore } from '../src/store/store.ts'

/** A mailbox as plain data, to compare. */
export interface MailboxImage {
  readonly uidValidity: number
  readonly uidNext: number
  /** By UID: flags, INTERNALDATE, octets and a digest of them. */
  readonly messages: Readonly<Record<number, string>>
  /** Shared annotations, `name value` each. */
  readonly annotations: readonly string[]
  /** What is granted to whom. */
  readonly acl: Readonly<Record<string, string>>
}

/** All mailboxes of an account by name. With `withOctets`, every message is read. */
export async function imageOf(account: AccountStore, withOctets = true): Promise<Record<string, MailboxImage>> {
  const image: Record<string, MailboxImage> = {}
  for (const { id, name } of (await account.tree()).byId.values()) {
    const snapshot = await account.snapshot(id)
    const messages: Record<number, string> = {}
    for (let row = 0; row < snapshot.uids.length; row++) {
      const flags = snapshot.flagSets[snapshot.flags.at(row)]?.text
      const size = snapshot.sizes[row]!
      const digest = withOctets ? await digestOf(account, snapshot.messages[row]!, size) : ''
      messages[snapshot.uids[row]!] = `(${flags}) ${snapshot.internalDates[row]} ${size} ${digest}`
    }
    const { uidValidity, uidNext } = snapshot
    const tree = await account.tree()
    const { shared } = tree.metadata(id)
    const acl = tree.byId.get(id)?.acl ?? []
    const annotations = Array.from(shared, ([entry, value]) => `${entry} ${Buffer.from(value).toString()}`)
    image[name] = { uidValidity, uidNext, messages, annotations, acl: Object.fromEntries(acl) }
  }
  return image
}

/** Annotations, special uses and quotas of an account as plain data. */
export async function attributesOf(account: AccountStore): Promise<unknown> {
  const tree = await account.tree()
  const entries = (of: ReadonlyMap<string, Uint8Array>): string[] =>
    [...of].map(([name, value]) => `${name} ${Buffer.from(value).toString('hex')}`).sort()
  return {
    metadata: [...tree.allMetadata]
      .sort(([a], [b]) => a - b)
      .map(([of, { shared, private: ofUsers }]) => ({
        of,
        shared: entries(shared),
        private: Object.fromEntries([...ofUsers].map(([user, theirs]) => [user, entries(theirs)])),
      })),
    specialUses: [...tree.byName.values()].map(({ name, specialUse }) => `${name} ${specialUse.join(' ')}`),
    quotas: await account.quotas(),
  }
}

/** A digest of all octets of a message. */
export async function digestOf(account: AccountStore, message: number, size: number): Promise<string> {
  const hash = createHash('sha1')
  const into = Buffer.alloc(Math.min(Math.max(size, 1), 256 * 1024))
  for (let at = 0; at < size;) {
    const got = await account.readBlob(message, at, into)
    if (got === 0) throw new Error(`message ${message} ends after ${at} of ${size} octets`)
    hash.update(into.subarray(0, got))
    at += got
  }
  return hash.digest('hex').slice(0, 12)
}
