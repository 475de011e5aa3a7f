import type { LmtpConnection } from './connection.ts'
import type { AcceptedRecipient, Delivery } from './delivery.ts'
import type { LmtpServices } from './services.ts'
import { badSequence } from './reply.ts'

/** BODY of MAIL (RFC 6152 §2, RFC 3030 §3). */
export type BodyType = '7BIT' | '8BITMIME' | 'BINARYMIME'

/** What MAIL and RCPT have said. */
export interface Envelope {
  /** The reverse-path as written, '' for none. */
  readonly sender: string
  readonly body: BodyType
  /** Of the message, as the client estimates them; 0 where it does not. */
  readonly octets: number
  readonly smtpUtf8: boolean
  readonly recipients: AcceptedRecipient[]
}

/** Where in a mail transaction the session is (RFC 5321 §3.3, RFC 3030 §2). */
export type Transaction =
  | { readonly at: 'none' }
  | { readonly at: 'envelope'; readonly envelope: Envelope }
  /** BDAT has begun; with all recipients failed, more chunks are thrown away until LAST or RSET. */
  | { readonly at: 'chunks'; readonly envelope: Envelope; readonly delivery: Delivery }

/** One client's conversation: what commands see and change. */
export class LmtpSession {
  readonly services: LmtpServices
  readonly connection: LmtpConnection
  /** What the client said it is; `undefined` before LHLO. */
  clientName: string | undefined
  transaction: Transaction = { at: 'none' }
  /** Set by a command after whose replies the connection is closed. */
  closing = false

  constructor(services: LmtpServices, connection: LmtpConnection) {
    this.services = services
    this.connection = connection
  }

  /** Ends the transaction, done or not, and lets go of all that it held (RFC 5321 §4.1.1.5). */
  async reset(): Promise<void> {
    const { transaction } = this
    this.transaction = { at: 'none' }
    if (transaction.at === 'none') return
    if (transaction.at === 'chunks') await transaction.delivery.abort()
    for (const { account } of transaction.envelope.recipients) await account.close()
  }

  /** The envelope of a transaction whose message has not begun. */
  openEnvelope(command: string): Envelope {
    switch (this.transaction.at) {
      case 'none':
        throw badSequence(`${command} needs MAIL before it`)
      case 'chunks':
        throw badSequence(`${command} cannot stand between BDAT and RSET`)
      case 'envelope':
        return this.transaction.envelope
    }
  }
}
