import type { AnyLmtpCommand } from '../command.ts'
import { lmtpCommand } from '../command.ts'
import { badArguments } from '../reply.ts'

/** LHLO, RFC 2033 §4.1: EHLO under another name (RFC 5321 §4.1.1.1). Starts anew, as RSET does (RFC 5321 §4.1.4). */
export const lhlo: AnyLmtpCommand = lmtpCommand({
  name: 'LHLO',
  usage: 'LHLO name',
  groups: false,

  parse(cursor) {
    const clientName = cursor.rest()
    // What the name says is not checked: RFC 5321 §4.1.4 forbids refusing mail for it.
    if (clientName === '') throw badArguments('LHLO needs the name of the client')
    return { clientName }
  },

  async run(session, { clientName }) {
    await session.reset()
    session.clientName = clientName
    const { hostname, limits } = session.services
    return [
      {
        code: 250,
        text: [
          hostname,
          'PIPELINING', // RFC 2920
          'SIZE ' + String(limits.messageBytes), // RFC 1870
          '8BITMIME', // RFC 6152
          'ENHANCEDSTATUSCODES', // RFC 2034
          'CHUNKING', // RFC 3030
          'BINARYMIME', // RFC 3030
          'SMTPUTF8', // RFC 6531
        ],
      },
    ]
  },
})
