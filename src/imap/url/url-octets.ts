import { Refusal } from '../../model/refusal.ts'
import { rowOfUid } from '../../model/snapshot.ts'
import type { AccountStore } from '../../store/store.ts'
import type { Section } from '../../wire/fetch-grammar.ts'
import type { ImapUrl } from '../../wire/imap-url.ts'
import { ComputedBatch } from '../fetch/computed-batch.ts'
import { pieceOctets } from '../fetch/limits.ts'
import { MessageSource, nil, type Value } from '../fetch/octets.ts'
import { sectionReader } from '../fetch/sections.ts'
import { allows, type MailboxReference } from '../reference.ts'

/** Octets that are read as they are needed. */
export interface Octets {
  readonly length: number
  /** Once, or again from the beginning. */
  pieces(): AsyncIterable<Buffer>
}

/** One message, to be read by part; `breathe` is that of `SessionIo`. */
export async function openMessage(
  account: AccountStore,
  message: number,
  size: number,
  breathe: () => Promise<void> | undefined,
): Promise<MessageSource> {
  const parts = new ComputedBatch('parts')
  parts.set(await account.readComputed('parts', [message]))
  const source = new MessageSource(account, { parts, headerLines: undefined }, breathe)
  source.aim(message, size, 0)
  return source
}

/**
 * The message that a URL names in a mailbox; `undefined` when it is not there, is of another UIDVALIDITY, or the user
 * may not read it (RFC 5092 §6).
 */
export async function messageOfUrl(
  reference: MailboxReference,
  { uid, uidValidity, expires }: ImapUrl,
  now: number,
  breathe: () => Promise<void> | undefined,
): Promise<MessageSource | undefined> {
  const { account, mailbox, user } = reference
  if (uid === undefined || !allows(reference, 'r')) return undefined
  if (uidValidity !== undefined && uidValidity !== mailbox.uidValidity) return undefined
  if (expires !== undefined && expires < now) return undefined
  const { uids, messages, sizes } = await account.snapshot(mailbox.id, user)
  const row = rowOfUid(uids, uid)
  if (row < 0) return undefined
  return openMessage(account, messages[row]!, sizes[row]!, breathe) // inside bounds
}

const wholeMessage: Section = { part: [] }

/** What BODY.PEEK[section]<partial> would give (RFC 4469 §3); `undefined` when there is no such section. */
export async function octetsOfUrl(
  source: MessageSource,
  { section = wholeMessage, partial }: Pick<ImapUrl, 'section' | 'partial'>,
): Promise<Octets | undefined> {
  const range = partial && { offset: partial.offset, length: partial.length ?? Number.MAX_SAFE_INTEGER }
  return octetsOf(await sectionReader(section, range)(source))
}

/** A value of FETCH without what announces it; `undefined` for NIL. */
export function octetsOf(value: Value): Octets | undefined {
  if (value === nil) return undefined
  if (typeof value === 'string') {
    return octetsInMemory(Buffer.from(value.slice(value.indexOf('\n') + 1), 'latin1'))
  }
  return {
    length: value.length,
    async *pieces() {
      if (value.octets.length > 0) yield value.octets
      if (value.rest) yield* value.rest()
    },
  }
}

/** Octets that are at hand; in pieces, so that nobody is held up by them either. */
export function octetsInMemory(octets: Buffer): Octets {
  return { length: octets.length, pieces: () => slicesOf(octets) }
}

async function* slicesOf(octets: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < octets.length; at += pieceOctets) yield octets.subarray(at, at + pieceOctets)
}

/**
 * What a failed URL is answered with: its text (RFC 4469 §4.1). What may not stand in a response code, or would look
 * like a string in it, is percent-encoded; nothing of that is in a URL that could be read.
 */
export function badUrl(url: string): Refusal {
  const text = url.replace(
    /[^\x20\x21\x23-\x5b\x5e-\x7a\x7c\x7e]/g,
    (char) => '%' + char.charCodeAt(0).toString(16).padStart(2, '0'),
  )
  // The code cannot hold a URL of no octets.
  return new Refusal(text === '' ? undefined : `BADURL ${text}`, 'That URL names nothing that can be used here')
}
