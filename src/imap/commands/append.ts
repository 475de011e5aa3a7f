import { type FlagSet, noFlags } from '../../model/flags.ts'
import { type AppendedMessage, resultOf } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import type { Cursor } from '../../wire/cursor.ts'
import { formatSet } from '../../wire/number-set.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { defineCommand, type Command, type SessionIn } from '../command.ts'
import { parseFlags } from '../flags.ts'
import { code } from '../responses/codes.ts'
import { writeNormalisedName } from '../responses/list.ts'

/** One message of APPEND as the command describes it; its octets went to the store while they came. */
export interface MessageArgs {
  readonly flags: FlagSet
  /** Seconds since 1970. */
  readonly internalDate: number | undefined
  readonly size: number
}

interface AppendArgs {
  /** Octets as sent. */
  readonly mailbox: string
  readonly messages: readonly MessageArgs[]
}

/**
 * APPEND, RFC 9051 §6.3.12 (RFC 3501 §6.3.11), of several messages (RFC 3502), with octets of any value
 * (RFC 3516 §4.4), limited (RFC 7889) and answered with APPENDUID (RFC 4315 §3). All or nothing.
 *
 * Deviates: RFC 9755 §4 has octets above 127 in header fields refused where UTF8=ACCEPT is not enabled. There is much
 * mail with such octets, and whoever moves or synchronises it must be able to.
 */
export const append: Command<'authenticated', AppendArgs> = defineCommand({
  name: 'APPEND',
  state: 'authenticated',

  parse(cursor) {
    cursor.space()
    const mailbox = cursor.mailbox()
    const messages: MessageArgs[] = []
    do messages.push(parseMessage(cursor))
    while (cursor.hasMore)
    cursor.end()
    return { mailbox, messages }
  },

  isMessage(cursor) {
    return endsAtMessage(cursor, () => {
      cursor.space()
      cursor.mailbox()
    })
  },

  async admit(session, cursor) {
    cursor.space()
    return (await session.mailboxNamed(session.login, cursor.mailbox(), 'i', 'TRYCREATE')).account
  },

  async run(session, { mailbox: wire, messages }) {
    const { account, place, mailbox } = await session.mailboxNamed(session.login, wire, 'i', 'TRYCREATE')
    const committed = await account.commit([
      { op: 'append', mailbox: mailbox.id, messages: appendedMessages(session, messages) },
    ])
    const { uidValidity, uids } = resultOf(committed, 0, 'append')
    writeNormalisedName(session, { place, tree: await account.tree(), name: mailbox.name }, wire)
    return { code: code.appendUid(uidValidity, formatSet(uids)), text: 'APPEND completed' }
  },
})

/** Reads ` (flags) "date" {n}`, and the UTF8 form ` UTF8 (~{n})` of RFC 9755 §4. */
export function parseMessage(cursor: Cursor): MessageArgs {
  cursor.space()
  let flags = noFlags
  if (cursor.peek() === '(') {
    flags = parseFlags(cursor)
    cursor.space()
  }
  let internalDate: number | undefined
  if (cursor.peek() === '"') {
    internalDate = cursor.dateTime()
    cursor.space()
  }
  if (!cursor.tryWord('UTF8')) return { flags, internalDate, size: cursor.streamedLiteral().size }
  cursor.space()
  cursor.char('(')
  const { size } = cursor.streamedLiteral()
  cursor.char(')')
  return { flags, internalDate, size }
}

/** Whether the text, from `readBefore` on, is well formed up to a message's literal that stands at its very end. */
export function endsAtMessage(cursor: Cursor, readBefore: () => void): boolean {
  try {
    readBefore()
    for (;;) {
      parseMessagePrefix(cursor)
      cursor.streamedLiteral()
      if (cursor.atEnd) return true
      cursor.tryChar(')')
    }
  } catch (error) {
    if (error instanceof BadSyntax) return false // gathered like any literal; the parse will say what is wrong
    throw error
  }
}

function parseMessagePrefix(cursor: Cursor): void {
  cursor.space()
  if (cursor.peek() === '(') {
    cursor.flagList()
    cursor.space()
  }
  if (cursor.peek() === '"') {
    cursor.dateTime()
    cursor.space()
  }
  if (cursor.tryWord('UTF8')) {
    cursor.space()
    cursor.char('(')
  }
}

/** Joins what the command says of its messages with what the store took in. Throws `Refusal` at an empty message. */
export function appendedMessages(
  session: SessionIn<'authenticated'>,
  messages: readonly MessageArgs[],
): AppendedMessage[] {
  return messages.map(({ flags, internalDate, size }, n) => {
    const staged = session.staged[n]
    // An empty literal is how a client cancels (RFC 3502 §6.3.11).
    if (size === 0 || !staged) throw new Refusal(undefined, 'A message of no octets is not stored')
    return { staged, flags, ...(internalDate !== undefined && { internalDate }) }
  })
}
