import { Refusal } from '../model/refusal.ts'
import { StoreFailure } from '../store/store.ts'

/** One reply to a command (RFC 5321 §4.2), with its enhanced status code (RFC 2034 §4, RFC 3463 §2). */
export interface Reply {
  readonly code: number
  /** Absent in the greeting, in the answer to LHLO and in intermediate replies (RFC 2034 §4). */
  readonly status?: string
  /** Lines of ASCII. */
  readonly text: readonly [string, ...string[]]
}

/** A reply of one line. */
export function reply(code: number, status: string, text: string): Reply {
  return { code, status, text: [text] }
}

/** The reply as it goes over the wire, each line with code and status. */
export function writeReply({ code, status, text }: Reply): string {
  const prefix = status === undefined ? '' : status + ' '
  const last = text.length - 1
  return text.map((line, at) => `${code}${at === last ? ' ' : '-'}${prefix}${line}\r\n`).join('')
}

/** Thrown by a command that answers with a refusal; carries no stack since it is expected. */
export class LmtpRefusal extends Error {
  readonly reply: Reply
  /** Whether it counts against the client: not understood or out of order, rather than just not possible. */
  readonly isBadCommand: boolean

  constructor(refused: Reply, isBadCommand: boolean) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(refused.text[0])
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'LmtpRefusal'
    this.reply = refused
    this.isBadCommand = isBadCommand
  }
}

/** Arguments that the grammar does not allow (RFC 3463 §3.6, X.5.4 unless said otherwise). */
export function badArguments(text: string, status = '5.5.4'): LmtpRefusal {
  return new LmtpRefusal(reply(501, status, text), true)
}

/** A command that does not fit in here (RFC 5321 §4.1.4). */
export function badSequence(text: string): LmtpRefusal {
  return new LmtpRefusal(reply(503, '5.5.1', text), true)
}

/** A command that is fine but cannot be done. */
export function refusal(code: number, status: string, text: string): LmtpRefusal {
  return new LmtpRefusal(reply(code, status, text), false)
}

/** `<address>` for the text of a reply, or words where it is not ASCII (RFC 6531 §3.7.4.1). */
export function inReply(address: string): string {
  return /^[\x21-\x7e]*$/.test(address) ? `<${address}>` : 'the recipient'
}

/**
 * What to tell the sender when the store did not take a message. Whatever may pass is a 4xx, so that the sender
 * keeps the mail and tries again (RFC 3463 §3.3, §3.4).
 */
export function replyForFailure(failure: unknown, address: string): Reply {
  const who = inReply(address)
  if (failure instanceof LmtpRefusal) return failure.reply
  if (failure instanceof StoreFailure) {
    if (failure.reason === 'disk-full') return reply(452, '4.3.1', `${who}: no space left, try again later`)
    return reply(451, '4.3.0', `${who}: the mail store cannot be used now, try again later`)
  }
  if (failure instanceof Refusal) {
    const [code, status, text] = forRefusals.get(failure.code) ?? [451, '4.2.0', 'the mailbox cannot take it now']
    return reply(code, status, `${who}: ${text}`)
  }
  return reply(451, '4.3.0', `${who}: internal error, try again later`)
}

const forRefusals: ReadonlyMap<Refusal['code'], readonly [code: number, status: string, text: string]> = new Map([
  ['TOOBIG', [552, '5.3.4', 'the message is too big']],
  ['OVERQUOTA', [452, '4.2.2', 'over quota']],
  ['LIMIT', [452, '4.2.0', 'the mailbox is at a limit']],
  ['NOPERM', [550, '5.7.1', 'the mailbox takes no messages']],
])
