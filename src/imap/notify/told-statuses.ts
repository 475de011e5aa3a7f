import type { MailboxStatus } from '../../model/mailbox.ts'
import { asMailboxId, type MailboxId } from '../../model/numbers.ts'

/** Where a client was last told a mailbox stands. */
export type Told = Pick<MailboxStatus, 'mailbox' | 'uidNext' | 'messages' | 'unseen' | 'highestModSeq'>

/** Numbers of one mailbox, as they lie one behind the other: those of {@link Told}. */
const width = 5

/**
 * What a client was last told of many mailboxes: 40 octets each, however much happens in them. Sorted by the numbers of
 * the mailboxes.
 */
export class ToldStatuses {
  #columns: Float64Array = new Float64Array(0)

  get size(): number {
    return this.#columns.length / width
  }

  has(mailbox: MailboxId): boolean {
    return this.#find(mailbox) >= 0
  }

  *mailboxes(): Iterable<MailboxId> {
    for (let at = 0; at < this.#columns.length; at += width) yield asMailboxId(this.#columns[at]!) // inside bounds
  }

  /** Whether the numbers of messages are others than the client was told; see also {@link unseen}, {@link modSeq}. */
  countsDiffer({ mailbox, uidNext, messages }: Told): boolean {
    const at = this.#find(mailbox)
    return at >= 0 && (this.#columns[at + 1] !== uidNext || this.#columns[at + 2] !== messages)
  }

  /** How many messages the client knows as unseen. */
  unseen(mailbox: MailboxId): number | undefined {
    return this.#columns[this.#find(mailbox) + 3]
  }

  /** The mod-sequence that the client knows of. */
  modSeq(mailbox: MailboxId): number | undefined {
    return this.#columns[this.#find(mailbox) + 4]
  }

  /** Notes what the client knows by now of a mailbox that is among them. */
  update(told: Told): void {
    const at = this.#find(told.mailbox)
    if (at >= 0) put(this.#columns, at, told)
  }

  /** Forgets some that are among them, and takes in others that are not. */
  change(dropped: ReadonlySet<MailboxId>, added: readonly Told[]): void {
    const before = this.#columns
    const columns = new Float64Array((this.size - dropped.size + added.length) * width)
    const coming = added.toSorted((a, b) => a.mailbox - b.mailbox)
    let filled = 0
    let taken = 0
    const takeBelow = (mailbox: number): void => {
      for (let next = coming[taken]; next && next.mailbox < mailbox; next = coming[++taken], filled += width) {
        put(columns, filled, next)
      }
    }
    for (let at = 0; at < before.length; at += width) {
      const mailbox = asMailboxId(before[at]!) // inside bounds
      if (dropped.has(mailbox)) continue
      takeBelow(mailbox)
      for (let n = 0; n < width; n++) columns[filled++] = before[at + n]!
    }
    takeBelow(Infinity)
    this.#columns = columns
  }

  /** Where a mailbox's numbers begin; far below 0 where there are none. */
  #find(mailbox: number): number {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#columns[middle * width]! < mailbox)
        low = middle + 1 // inside bounds
      else high = middle
    }
    return this.#columns[low * width] === mailbox ? low * width : -width
  }
}

function put(columns: Float64Array, at: number, { mailbox, uidNext, messages, unseen, highestModSeq }: Told): void {
  columns[at] = mailbox
  columns[at + 1] = uidNext
  columns[at + 2] = messages
  columns[at + 3] = unseen
  columns[at + 4] = highestModSeq
}
