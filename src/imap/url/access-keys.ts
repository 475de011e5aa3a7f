import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { entriesOf, hiddenPrefix, type MetadataChange } from '../../model/metadata.ts'
import type { MailboxTree } from '../../model/mailbox.ts'
import type { MailboxReference } from '../reference.ts'
import type { Login } from '../state.ts'

/** Names the algorithm in each token, so that another one can take its place some day (RFC 4467 §2.4.1). */
const algorithm = '02'
/** Octets of the part of a token that says that this server made it. */
const stampBytes = 16
/** Octets of what makes one generation of keys another than the last. */
const nonceBytes = 16

/** The entry of a user's own account that all keys of the user depend on. */
const allEntry = hiddenPrefix + 'urlauth'

/** The one that the key to a mailbox depends on. */
function entryOf({ account, mailbox }: Pick<MailboxReference, 'account' | 'mailbox'>): string {
  return `${allEntry}/${account.id}/${mailbox.id}`
}

/**
 * The key of a user to a mailbox (RFC 4467 §2.2). It follows from the secret of the server and from what RESETKEY
 * last left in the user's account; so there is one from the beginning, nobody outside can know it, and two sessions
 * that need it at once cannot disagree. `tree` is that of the user's account.
 */
function accessKey(secret: Uint8Array, { identity }: Login, tree: MailboxTree, reference: MailboxReference): Buffer {
  const { account, mailbox } = reference
  const parts = [identity.account, identity.user, account.id, mailbox.id, mailbox.uidValidity]
  return hmac(secret, ['urlauth', ...parts, keyGeneration(tree, identity.user, reference)].join('\0'))
}

/**
 * What each token for a URL without its proof begins with. It follows from the secret of the server alone: a token that was
 * not made here is known as such without a look at any account, so the time it takes tells nothing of who has one.
 */
function stampOf(secret: Uint8Array, rump: string): string {
  return algorithm + hmac(hmac(secret, 'urlauth-stamp'), rump).toString('hex', 0, stampBytes)
}

/** Whether a token for a URL was made here at some time; whether its key still holds is another question. */
export function wasMadeHere(secret: Uint8Array, rump: string, token: string): boolean {
  const stamp = stampOf(secret, rump)
  return sameToken(stamp, token.slice(0, stamp.length))
}

/** The token of a URL without its proof (RFC 4467 §5), in hexadecimal digits. */
export function tokenOf(
  secret: Uint8Array,
  login: Login,
  tree: MailboxTree,
  reference: MailboxReference,
  rump: string,
): string {
  return stampOf(secret, rump) + hmac(accessKey(secret, login, tree, reference), rump).toString('hex')
}

/** Whether two tokens are the same; how long it takes does not depend on where they differ. */
export function sameToken(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
}

/** What gives the user another key to a mailbox: all URLs that were made with the old one are void (RFC 4467 §7). */
export function newKey(reference: MailboxReference): readonly MetadataChange[] {
  return [[entryOf(reference), randomBytes(nonceBytes)]]
}

/** What gives the user other keys to all mailboxes. `tree` is that of the user's account. */
export function newKeys(tree: MailboxTree, user: string): readonly MetadataChange[] {
  const old = [...entriesOf(tree.metadata(), user).keys()].filter((name) => name.startsWith(allEntry + '/'))
  return [[allEntry, randomBytes(nonceBytes)], ...old.map((name) => [name, null] as const)]
}

/** What tells one key of a user to a mailbox from another, without being it. `tree` is that of the user's account. */
export function keyGeneration(
  tree: MailboxTree,
  user: string,
  reference: Pick<MailboxReference, 'account' | 'mailbox'>,
): string {
  const entries = entriesOf(tree.metadata(), user)
  return [allEntry, entryOf(reference)].map((name) => Buffer.from(entries.get(name) ?? []).toString('hex')).join('/')
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
