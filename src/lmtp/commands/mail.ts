import type { EsmtpParameter, Path } from '../arguments.ts'
import { decodedUtf8 } from '../arguments.ts'
import type { AnyLmtpCommand } from '../command.ts'
import { lmtpCommand } from '../command.ts'
import { badArguments, badSequence, LmtpRefusal, refusal, reply } from '../reply.ts'
import type { BodyType } from '../session.ts'

interface MailArguments {
  readonly sender: Path
  readonly body: BodyType
  /** Octets, as the client estimates them. */
  readonly size: number
  readonly smtpUtf8: boolean
}

/** MAIL, RFC 5321 §4.1.1.2, with SIZE (RFC 1870 §6), BODY (RFC 6152 §2, RFC 3030 §3) and SMTPUTF8 (RFC 6531 §3.4). */
export const mail: AnyLmtpCommand = lmtpCommand<MailArguments>({
  name: 'MAIL',
  usage: 'MAIL FROM:<sender> [SIZE=octets] [BODY=7BIT|8BITMIME|BINARYMIME] [SMTPUTF8]',
  groups: true,

  parse(cursor) {
    cursor.word('FROM:')
    const sender = cursor.reversePath()
    let body: BodyType = '7BIT'
    let size = 0
    let smtpUtf8 = false
    for (const parameter of cursor.parameters()) {
      if (parameter.keyword === 'BODY') body = bodyType(parameter)
      else if (parameter.keyword === 'SIZE') size = declaredSize(parameter)
      else if (parameter.keyword === 'SMTPUTF8' && parameter.value === undefined) smtpUtf8 = true
      // RFC 5321 §4.1.1.11
      else throw new LmtpRefusal(reply(555, '5.5.4', `${parameter.keyword} is not known here`), true)
    }
    return { sender, body, size, smtpUtf8 }
  },

  run(session, { sender, body, size, smtpUtf8 }) {
    if (session.clientName === undefined) throw badSequence('LHLO comes first')
    if (session.transaction.at !== 'none') throw badSequence('a transaction is under way; RSET ends it')
    if (!sender.isAscii) {
      if (!smtpUtf8) throw refusal(550, '5.6.7', 'this sender needs SMTPUTF8') // RFC 6531 §3.5
      if (decodedUtf8(sender.address) === undefined) throw badArguments('the sender is no UTF-8', '5.1.7')
    }
    const { messageBytes } = session.services.limits
    if (size > messageBytes) throw refusal(552, '5.3.4', `messages here have at most ${messageBytes} octets`)
    const envelope = { sender: sender.address, body, octets: size, smtpUtf8, recipients: [] }
    session.transaction = { at: 'envelope', envelope }
    return [reply(250, '2.1.0', 'sender taken')]
  },
})

function bodyType({ value }: EsmtpParameter): BodyType {
  const body = value?.toUpperCase()
  if (body === '7BIT' || body === '8BITMIME' || body === 'BINARYMIME') return body
  throw badArguments('BODY is 7BIT, 8BITMIME or BINARYMIME')
}

/** RFC 1870 §5 size-value: up to 20 digits. */
function declaredSize({ value }: EsmtpParameter): number {
  if (value === undefined || !/^\d{1,20}$/.test(value)) throw badArguments('SIZE is a number of octets')
  return Number(value)
}
