import type { AnyLmtpCommand } from '../command.ts'
import { lmtpCommand } from '../command.ts'
import { Delivery } from '../delivery.ts'
import { badArguments, badSequence, LmtpRefusal, reply } from '../reply.ts'
import type { Reply } from '../reply.ts'
import type { LmtpSession } from '../session.ts'
import { dataChunkBytes } from './data.ts'

interface BdatArguments {
  /** Octets behind the command line; `undefined` when it cannot be told how many there are. */
  readonly size: number | undefined
  readonly last: boolean
  readonly wrong: boolean
}

/**
 * BDAT, RFC 3030 §2 and RFC 2033 §4.3: octets as they are. Whatever is wrong with the command, the octets that it announces
 * are read before the answer, since the next command stands behind them.
 */
export const bdat: AnyLmtpCommand = lmtpCommand<BdatArguments>({
  name: 'BDAT',
  usage: 'BDAT octets [LAST]',
  groups: true,

  parse(cursor) {
    const [digits = '', mark, ...more] = cursor.rest().split(' ')
    const size = /^\d{1,15}$/.test(digits) ? Number(digits) : undefined
    const last = mark?.toUpperCase() === 'LAST'
    return { size, last, wrong: more.length > 0 || (mark !== undefined && !last) }
  },

  async run(session, { size, last, wrong }) {
    if (size === undefined) {
      // Where the next command starts cannot be known any more.
      session.closing = true
      throw badArguments('BDAT needs a number of octets')
    }
    const delivery = wrong ? undefined : deliveryOf(session)
    const failedBefore = delivery?.failed ?? true
    await receive(session, delivery, size)
    if (wrong) throw badArguments('BDAT takes a number of octets and LAST')
    if (!delivery) throw badSequence('BDAT needs MAIL before it')
    return last ? finish(session, delivery) : [chunkReply(delivery, size, failedBefore)]
  },
})

/** The delivery that a chunk belongs to; the first one starts it. */
function deliveryOf(session: LmtpSession): Delivery | undefined {
  const { transaction, services } = session
  switch (transaction.at) {
    case 'none':
      return undefined
    case 'chunks':
      return transaction.delivery
    case 'envelope': {
      const { envelope } = transaction
      const delivery = new Delivery(services, envelope.sender, envelope.recipients)
      session.transaction = { at: 'chunks', envelope, delivery }
      return delivery
    }
  }
}

async function receive(session: LmtpSession, delivery: Delivery | undefined, size: number): Promise<void> {
  const { connection, services } = session
  for (let left = size; left > 0;) {
    const chunk = await connection.readChunk(Math.min(left, dataChunkBytes), services.limits.dataTimeoutMs)
    left -= chunk.length
    await delivery?.write(chunk)
  }
}

/** None where no recipient was taken (RFC 2033 §4.3). */
async function finish(session: LmtpSession, delivery: Delivery): Promise<readonly Reply[]> {
  try {
    return await delivery.finish()
  } finally {
    await session.reset()
  }
}

/** One for each chunk but the last; a failure only when nobody is left to take the message. */
function chunkReply(delivery: Delivery, size: number, failedBefore: boolean): Reply {
  if (!delivery.failed) return reply(250, '2.0.0', `${size} octets taken`)
  const [first] = delivery.replies()
  if (!first) throw badSequence('no recipient was taken')
  if (failedBefore) throw new LmtpRefusal(reply(503, '5.5.1', 'the message has failed; RSET ends it'), false)
  return first
}
