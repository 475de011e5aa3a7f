import type { AnyLmtpCommand } from '../command.ts'
import { lmtpCommand } from '../command.ts'
import { DataDecoder } from '../data-decoder.ts'
import { Delivery } from '../delivery.ts'
import { badSequence, writeReply } from '../reply.ts'
import type { Reply } from '../reply.ts'
import type { LmtpSession } from '../session.ts'

/** Octets of a message handled at a time. */
export const dataChunkBytes: number = 64 * 1024

/** DATA, RFC 2033 §4.2 (RFC 5321 §4.1.1.4): one reply for each recipient that was taken, in their order. */
export const data: AnyLmtpCommand = lmtpCommand<void>({
  name: 'DATA',
  usage: 'DATA',
  groups: false,

  parse(cursor) {
    cursor.end()
  },

  async run(session) {
    const envelope = session.openEnvelope('DATA')
    if (envelope.recipients.length === 0) throw badSequence('no recipient was taken')
    if (envelope.body === 'BINARYMIME') throw badSequence('BINARYMIME needs BDAT') // RFC 3030 §3
    const delivery = new Delivery(session.services, envelope.sender, envelope.recipients)
    try {
      const goOn: Reply = { code: 354, text: ['the message now; a line with only a dot ends it'] }
      session.connection.reply(writeReply(goOn))
      await receive(session, delivery)
      return await delivery.finish()
    } finally {
      await delivery.abort()
      await session.reset()
    }
  },
})

/** Reads to the end of the message, also when no recipient is left, since commands follow behind it. */
async function receive({ connection, services }: LmtpSession, delivery: Delivery): Promise<void> {
  const decoder = new DataDecoder()
  const pieces: Buffer[] = []
  while (!decoder.ended) {
    const chunk = await connection.readChunk(dataChunkBytes, services.limits.dataTimeoutMs)
    const used = decoder.push(chunk, (octets) => pieces.push(octets))
    if (used < chunk.length) connection.unread(chunk.subarray(used))
    // A message in which each line starts with a dot comes in small pieces; the store gets them in one.
    if (pieces.length > 0) await delivery.write(Buffer.concat(pieces))
    pieces.length = 0
  }
}
