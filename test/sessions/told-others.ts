import type { MailboxStatus } from '../../src/model/mailbox.ts'

/** What a client asked NOTIFY for. */
export interface NotifyWish {
  /** How it hears of the selected mailbox: not at all, expunges only where commands may tell them, or at any time. */
  readonly selected: 'hidden' | 'delayed' | 'at once'
  readonly selectedFlags: boolean
  /** Whether it hears of the messages in a mailbox; `name` as the client knows it. */
  readonly covers: (name: string) => boolean
  readonly otherFlags: boolean
  /** Whether it is told first where mailboxes stand. */
  readonly status: boolean
}

interface ToldStatus {
  readonly uidValidity: number
  readonly messages: number | undefined
  readonly uidNext: number | undefined
  readonly unseen: number | undefined
}

const nothingTold = { messages: undefined, uidNext: undefined, unseen: undefined }

/** What STATUS responses told a client of mailboxes that it has not selected (RFC 5465 §5.1 to §5.3). */
export class ToldOthers {
  wish: NotifyWish | undefined
  /** By name: what the client may rely on. */
  readonly #told = new Map<string, ToldStatus>()
  /** By UIDVALIDITY, above which number UIDNEXT must be. */
  readonly #uidsKnown = new Map<number, number>()

  /**
   * A response that nobody asked for by a STATUS command. Returns what is wrong with it, if anything. `mayBeAny`: there
   * is no telling what it answers to.
   */
  notified(name: string, items: ReadonlyMap<string, number | string>, mayBeAny: boolean): string | undefined {
    const { wish } = this
    const uidValidity = numberOf(items, 'UIDVALIDITY')
    if (uidValidity === undefined) return `STATUS of ${name} without UIDVALIDITY`
    // A mailbox that has another name now is not what it was called before.
    for (const [other, told] of this.#told) {
      if (other !== name && told.uidValidity === uidValidity) this.#told.delete(other)
    }
    const before = this.#told.get(name)
    const known = before?.uidValidity === uidValidity ? before : nothingTold
    this.#told.set(name, {
      uidValidity,
      messages: numberOf(items, 'MESSAGES') ?? known.messages,
      uidNext: numberOf(items, 'UIDNEXT') ?? known.uidNext,
      unseen: numberOf(items, 'UNSEEN') ?? known.unseen,
    })
    if (wish && !mayBeAny && !wish.covers(name)) return `STATUS of ${name}, of which it does not want to hear`
    return this.answered(name, items)
  }

  /** Any STATUS response: UIDNEXT never goes back, and is above all that the client knows of. */
  answered(name: string, items: ReadonlyMap<string, number | string>): string | undefined {
    const uidValidity = numberOf(items, 'UIDVALIDITY')
    const uidNext = numberOf(items, 'UIDNEXT')
    if (uidValidity === undefined || uidNext === undefined) return undefined
    const known = this.#uidsKnown.get(uidValidity) ?? 0
    if (uidNext <= known) return `UIDNEXT of ${name} is ${uidNext}, where UID ${known} is known`
    this.#uidsKnown.set(uidValidity, uidNext - 1)
    return undefined
  }

  /** A UID that the client was told its message has. */
  knows(uidValidity: number, uid: number): void {
    this.#uidsKnown.set(uidValidity, Math.max(uid, this.#uidsKnown.get(uidValidity) ?? 0))
  }

  /** The client itself has changed a mailbox, of which it is not notified; without a name, any mailbox. */
  doubt(name?: string): void {
    if (name === undefined) this.#told.clear()
    else this.#told.delete(name)
  }

  /** The same by UIDVALIDITY. */
  doubtSelected(uidValidity: number): void {
    for (const [name, told] of this.#told) if (told.uidValidity === uidValidity) this.#told.delete(name)
  }

  /** What it believes of a mailbox and is not so; to be asked when everything that there is to tell is told. */
  wrongAbout(name: string, { uidValidity, messages, uidNext, unseen }: MailboxStatus): string | undefined {
    const told = this.#told.get(name)
    if (!this.wish?.covers(name) || !told) return undefined
    // RFC 5465 §5.1: with FlagChange, another UIDVALIDITY is told.
    if (told.uidValidity !== uidValidity) {
      return this.wish.otherFlags ? `thinks ${name} has UIDVALIDITY ${told.uidValidity}, not ${uidValidity}` : undefined
    }
    const wrong =
      (told.messages ?? messages) !== messages ||
      (told.uidNext ?? uidNext) !== uidNext ||
      (this.wish.otherFlags && (told.unseen ?? unseen) !== unseen)
    if (!wrong) return undefined
    const thought = `MESSAGES ${told.messages} UIDNEXT ${told.uidNext} UNSEEN ${told.unseen}`
    return `thinks ${name} has ${thought}, it has MESSAGES ${messages} UIDNEXT ${uidNext} UNSEEN ${unseen}`
  }
}

function numberOf(items: ReadonlyMap<string, number | string>, name: string): number | undefined {
  const value = items.get(name)
  return typeof value === 'number' ? value : undefined
}
