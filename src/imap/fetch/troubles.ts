import { Refusal } from '../../model/refusal.ts'
import { rowOfUid } from '../../model/snapshot.ts'
import { StoreFailure } from '../../store/store.ts'
import type { Done, SessionIn } from '../command.ts'

/** What kept messages from being answered while the others were. */
export class Troubles {
  readonly #session: SessionIn<'selected'>
  #gone: boolean
  #damaged = false
  #refusal: Refusal | undefined

  /** `someGone`: whether messages that were asked for are expunged (RFC 9051 §7.5.1 lets the client still ask). */
  constructor(session: SessionIn<'selected'>, someGone: boolean) {
    this.#session = session
    this.#gone = someGone
  }

  /** Notes why the message with this UID cannot be answered. Throws what concerns more than one message. */
  async note(error: unknown, uid: number): Promise<void> {
    if (error instanceof Refusal && error.code === 'UNKNOWN-CTE') {
      this.#refusal = error
      return
    }
    if (!(error instanceof StoreFailure) || error.reason !== 'damaged') throw error
    const { selected, services } = this.#session
    // What others expunged in the meantime may have been cleared away already.
    const { uids } = await selected.account.snapshot(selected.view.mailbox, selected.user)
    if (rowOfUid(uids, uid) < 0) this.#gone = true
    else {
      this.#damaged = true
      services.log.error({ err: error, uid }, 'a message cannot be read')
    }
  }

  /** How the command ends. By UID a message that is gone is no failure (RFC 9051 §6.4.9). */
  done(byUid: boolean): Done {
    if (this.#damaged) return { no: true, code: 'CORRUPTION', text: 'Some messages are damaged' } // RFC 5530 §3
    if (this.#refusal) return { no: true, code: 'UNKNOWN-CTE', text: this.#refusal.message }
    if (this.#gone && !byUid) return { no: true, code: 'EXPUNGEISSUED', text: 'Some messages are gone' }
    return { text: 'FETCH completed' }
  }
}
