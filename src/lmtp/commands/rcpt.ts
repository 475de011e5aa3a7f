import type { Path } from '../arguments.ts'
import { decodedUtf8 } from '../arguments.ts'
import type { AnyLmtpCommand } from '../command.ts'
import { lmtpCommand } from '../command.ts'
import { mailboxFor } from '../delivery.ts'
import { overQuota } from '../quota.ts'
import { badArguments, inReply, LmtpRefusal, refusal, reply, replyForFailure } from '../reply.ts'

/**
 * RCPT, RFC 5321 §4.1.1.3. The account and the mailbox are looked up at once, so that an address nobody has, or whose
 * mailbox is full, is refused before the message is sent; they are looked up again when it is delivered.
 */
export const rcpt: AnyLmtpCommand = lmtpCommand<Path>({
  name: 'RCPT',
  usage: 'RCPT TO:<recipient>',
  groups: true,

  parse(cursor) {
    cursor.word('TO:')
    const recipient = cursor.forwardPath()
    const [unknown] = cursor.parameters()
    if (unknown) throw new LmtpRefusal(reply(555, '5.5.4', `${unknown.keyword} is not known here`), true)
    return recipient
  },

  async run(session, { address, isAscii }) {
    const envelope = session.openEnvelope('RCPT')
    const { services } = session
    if (envelope.recipients.length >= services.limits.recipients) {
      throw refusal(452, '4.5.3', `at most ${services.limits.recipients} recipients at once`) // RFC 5321 §4.5.3.1.10
    }
    if (!isAscii && !envelope.smtpUtf8) throw refusal(553, '5.6.7', 'this recipient needs SMTPUTF8') // RFC 6531 §3.5
    const text = decodedUtf8(address)
    if (text === undefined) throw badArguments('the recipient is no UTF-8')
    try {
      const recipient = await services.recipients(text)
      if (!recipient) throw refusal(550, '5.1.1', `${inReply(address)}: no such user here`)
      const account = await services.store.openAccount(recipient.account)
      try {
        await mailboxFor(account, recipient.detail)
        const full = await overQuota(account, envelope.octets, address)
        if (full) throw full
      } catch (failure) {
        await account.close()
        throw failure
      }
      envelope.recipients.push({ address, recipient, account })
      return [reply(250, '2.1.5', `${inReply(address)}: recipient taken`)]
    } catch (failure) {
      if (failure instanceof LmtpRefusal) throw failure
      services.log.error({ err: failure }, 'recipient not looked up')
      return [replyForFailure(failure, address)]
    }
  },
})
