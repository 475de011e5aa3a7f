import { notePassed } from '../net/young-garbage.ts'
import type { MailboxId } from '../model/numbers.ts'
import { normalMailboxName } from '../model/mailbox.ts'
import { noFlags } from '../model/flags.ts'
import { Refusal } from '../model/refusal.ts'
import type { AccountStore, MessageStager } from '../store/store.ts'
import { replyForDelivery } from './quota.ts'
import { inReply, refusal, reply, replyForFailure } from './reply.ts'
import type { Reply } from './reply.ts'
import type { LmtpRecipient, LmtpServices } from './services.ts'

/** A recipient that RCPT accepted, with its account open until the transaction ends. */
export interface AcceptedRecipient {
  /** As it was sent, latin1 text. */
  readonly address: string
  readonly recipient: LmtpRecipient
  readonly account: AccountStore
}

/**
 * The mailbox for a recipient: the one that `detail` names where it exists, else INBOX. Letter case decides only where
 * names differ in nothing else, since addresses often lose their capitals on the way.
 */
export async function mailboxFor(account: AccountStore, detail: string | undefined): Promise<MailboxId> {
  const { byName } = await account.tree()
  const wanted = detail === undefined ? 'INBOX' : normalMailboxName(detail)
  const exact = byName.get(wanted)
  if (exact) return exact.id
  const alike = [...byName.values()].filter(({ name }) => name.toLowerCase() === wanted.toLowerCase())
  const mailbox = alike.length === 1 ? alike[0] : byName.get('INBOX')
  if (!mailbox) throw new Refusal('NONEXISTENT', 'the account has no INBOX')
  return mailbox.id
}

/** One recipient's part of a delivery; once it failed it takes nothing more and the others go on. */
interface Share {
  readonly to: AcceptedRecipient
  stager: MessageStager | undefined
  failure: unknown
}

/**
 * One message on its way to several recipients. Each has a copy in its own account, written piece by piece as the
 * octets come in, so that memory does not depend on sizes; each fails alone.
 */
export class Delivery {
  readonly #services: LmtpServices
  readonly #shares: readonly Share[]
  readonly #sender: string
  #started = false
  #octets = 0

  /** `sender` is the reverse-path as written, '' for none. */
  constructor(services: LmtpServices, sender: string, recipients: readonly AcceptedRecipient[]) {
    this.#services = services
    this.#shares = recipients.map((to) => ({ to, stager: to.account.stage(), failure: undefined }))
    this.#sender = sender
  }

  /** Octets of the message so far, without what we put in front. */
  get octets(): number {
    return this.#octets
  }

  /** Whether no recipient is left to take octets. */
  get failed(): boolean {
    return this.#shares.every(({ stager }) => stager === undefined)
  }

  /** Adds octets of the message. Failures of the store are kept for the answers; nothing is thrown. */
  async write(octets: Buffer): Promise<void> {
    notePassed(octets.length)
    this.#octets += octets.length
    if (this.#octets > this.#services.limits.messageBytes) {
      await this.#failAll(refusal(552, '5.3.4', `the message is over ${this.#services.limits.messageBytes} octets`))
      return
    }
    await this.#writeEach(() => octets)
  }

  /** Puts the message into the mailboxes; one reply for each recipient, in order, when all of it is durable. */
  async finish(): Promise<readonly Reply[]> {
    await this.#start()
    return Promise.all(this.#shares.map((share) => this.#finishOne(share)))
  }

  /** Fails those that are left and has the replies. */
  async fail(failure: unknown): Promise<readonly Reply[]> {
    await this.#failAll(failure)
    return this.replies()
  }

  /** The replies of a delivery of which nothing is left. */
  replies(): readonly Reply[] {
    return this.#shares.map(({ to, failure }) => replyForFailure(failure, to.address))
  }

  /** Forgets all that was written and not finished. */
  async abort(): Promise<void> {
    await Promise.all(this.#shares.map((share) => this.#fail(share, undefined)))
  }

  async #start(): Promise<void> {
    if (this.#started) return
    this.#started = true
    await this.#writeEach(({ address }) => traceHeader(this.#sender, address))
  }

  async #writeEach(octetsFor: (to: AcceptedRecipient) => Buffer): Promise<void> {
    if (!this.#started) await this.#start()
    const waits: Promise<void>[] = []
    for (const share of this.#shares) {
      try {
        const wait = share.stager?.write(octetsFor(share.to))
        if (wait) waits.push(wait.catch((failure: unknown) => this.#fail(share, failure)))
      } catch (failure) {
        waits.push(this.#fail(share, failure)) // told in this recipient's own answer; the others go on
      }
    }
    if (waits.length > 0) await Promise.all(waits)
  }

  async #failAll(failure: unknown): Promise<void> {
    await Promise.all(this.#shares.filter(({ stager }) => stager).map((share) => this.#fail(share, failure)))
  }

  async #fail(share: Share, failure: unknown): Promise<void> {
    const { stager } = share
    share.stager = undefined
    share.failure ??= failure
    await stager?.abort()
  }

  async #finishOne(share: Share): Promise<Reply> {
    const { log } = this.#services
    const { address, account, recipient } = share.to
    const { stager } = share
    share.stager = undefined
    try {
      if (!stager) throw share.failure // kept since the store failed, and told here like one that fails now
      const mailbox = await this.#commit(share.to, stager)
      log.info({ account: account.id, mailbox, octets: this.#octets }, 'message delivered')
      return reply(250, '2.0.0', `${inReply(address)}: delivered`)
    } catch (failure) {
      // Each recipient has an answer of its own, so its failure ends here.
      await stager?.abort()
      const answer = await replyForDelivery(failure, account, this.#octets, address)
      if (answer.code < 500 && answer.status !== '4.2.2')
        log.error({ err: failure, user: recipient.user }, 'message not delivered')
      else log.info({ user: recipient.user, reply: answer.text[0] }, 'message refused')
      return answer
    }
  }

  /** Commits to the mailbox as it is named now; one that vanished in between gives way to INBOX. */
  async #commit({ account, recipient }: AcceptedRecipient, stager: MessageStager): Promise<MailboxId> {
    const staged = await stager.finish()
    try {
      const messages = [{ staged, flags: noFlags }]
      const mailbox = await mailboxFor(account, recipient.detail)
      try {
        await account.commit([{ op: 'append', mailbox, messages }])
        return mailbox
      } catch (failure) {
        if (!(failure instanceof Refusal && failure.code === 'NONEXISTENT')) throw failure
        const inbox = await mailboxFor(account, undefined)
        await account.commit([{ op: 'append', mailbox: inbox, messages }])
        return inbox
      }
    } catch (failure) {
      staged.release()
      throw failure
    }
  }
}

/**
 * The lines of a final delivery (RFC 5321 §4.4, with erratum 3447), in front of the message's own header.
 * Deviates: no Received line; the sender of LMTP is the mail system's own queue, which has just written one.
 */
function traceHeader(sender: string, address: string): Buffer {
  return Buffer.from(`Return-Path: <${sender}>\r\nDelivered-To: ${address}\r\n`, 'latin1')
}
