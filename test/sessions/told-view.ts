import { changedFlags, type FlagMode, flagSetOf } from '../../src/model/flags.ts'
import type { FetchData, Ranges } from '../fuzz/response-grammar.ts'

/** A message as a client knows it. */
export interface ToldMessage {
  uid: number | undefined
  /**
   * The flags, spelled by {@link flagText}. Several: a `.SILENT` STORE and another session's change came so close that
   * no client can say which was first.
   */
  flags: readonly string[] | undefined
  modSeq: number | undefined
}

/** Flags in one spelling: sorted, lower case, without `\Recent`. */
export function flagText(names: readonly string[]): string {
  return names
    .map((name) => name.toLowerCase())
    .filter((name) => name !== '\\recent')
    .sort()
    .join(' ')
}

/** What a STORE asked for. */
export interface FlagChange {
  readonly mode: FlagMode
  readonly names: readonly string[]
}

/** The flags after a change, in the one spelling. */
export function flagsAfter(before: string, { mode, names }: FlagChange): string {
  const change = flagSetOf(names)
  const { text } = changedFlags(flagSetOf(before === '' ? [] : before.split(' ')), mode, change)
  return flagText(text === '' ? [] : text.split(' '))
}

/**
 * The selected mailbox as a client puts it together from what it is told, and from nothing else. Methods return what is
 * wrong with a response, if anything.
 */
export class ToldView {
  readonly readOnly: boolean
  /** Its name when it was selected. */
  readonly mailbox: string
  uidValidity = 0
  messages: ToldMessage[] = []
  /** Up to here the client knows every change: where QRESYNC may begin. */
  safeModSeq = 0
  /** The client itself has deleted a mailbox that may have been this one: it may have another name by now. */
  mayBeDeleted = false
  /** The client hears of no flags, or of nothing at all, since it wants it so (RFC 5465 §3.1). */
  isDeaf = false
  /**
   * There are no sequence numbers (RFC 9586 §3): messages are in the order of their UIDs, and behind them stand as many
   * as are there besides.
   */
  #uidOnly: boolean

  constructor(mailbox: string, readOnly: boolean, uidOnly = false) {
    this.mailbox = mailbox
    this.readOnly = readOnly
    this.#uidOnly = uidOnly
  }

  get uidOnly(): boolean {
    return this.#uidOnly
  }

  /** From here on there are no sequence numbers. */
  forgetNumbers(): void {
    this.#uidOnly = true
    this.#forgetAllWithoutUid()
    this.#sort()
  }

  #sort(): void {
    this.messages.sort((a, b) => (a.uid ?? Infinity) - (b.uid ?? Infinity) || 0)
  }

  /** What it knew of flags may have changed in silence. */
  forgetFlags(): void {
    for (const message of this.messages) message.flags = message.modSeq = undefined
  }

  exists(count: number): string | undefined {
    if (count < this.messages.length) return `EXISTS ${count} after ${this.messages.length}`
    while (this.messages.length < count) this.messages.push({ uid: undefined, flags: undefined, modSeq: undefined })
    return undefined
  }

  expunge(seqNum: number): string | undefined {
    if (seqNum > this.messages.length) return `EXPUNGE ${seqNum} of ${this.messages.length}`
    this.messages.splice(seqNum - 1, 1)
    return undefined
  }

  vanished(ranges: Ranges): string | undefined {
    for (const [first, last] of ranges) {
      for (let uid = first; uid <= last; uid++) {
        const at = this.#placeOf(uid)
        if (at === -1) return `VANISHED ${uid}, which was never there`
        const [gone] = this.messages.splice(at, 1)
        // Which of them it was, nobody told.
        if (gone?.uid === undefined) this.#forgetAllWithoutUid()
      }
    }
    return undefined
  }

  /** Where the message with `uid` is, or one that may be it. */
  #placeOf(uid: number): number {
    const known = this.messages.findIndex((message) => message.uid === uid)
    if (known !== -1) return known
    if (this.#uidOnly) return this.#placeOfUnknown()
    const next = this.messages.findIndex((message) => (message.uid ?? 0) > uid)
    const at = (next === -1 ? this.messages.length : next) - 1
    return this.messages[at]?.uid === undefined ? at : -1
  }

  /** Where one whose UID is unknown is; -1 where all are known. */
  #placeOfUnknown(): number {
    return this.messages.findIndex((message) => message.uid === undefined)
  }

  /** {@link fetch} of a UIDFETCH response (RFC 9586 §3.3). */
  uidFetch(data: FetchData): ToldMessage | string {
    const uid = data.seqNum
    if (data.uid !== undefined && data.uid !== uid) return `UIDFETCH of ${uid} with UID ${data.uid}`
    const message = this.messages[this.#placeOf(uid)]
    if (!message) return `UIDFETCH of ${uid}, which is not there`
    message.uid = uid
    this.#sort()
    return this.fetch({ ...data, seqNum: this.messages.indexOf(message) + 1, uid })
  }

  /** The message that `data` is of, or what is wrong with it. */
  fetch({ seqNum, uid, flags, modSeq }: FetchData): ToldMessage | string {
    const message = this.messages[seqNum - 1]
    if (!message) return `FETCH of ${seqNum} of ${this.messages.length}`
    if (uid !== undefined) {
      if (message.uid !== undefined && message.uid !== uid) return `message ${seqNum} was UID ${message.uid}, is ${uid}`
      const before = this.messages.slice(0, seqNum - 1).some((other) => (other.uid ?? 0) >= uid)
      const behind = this.messages.slice(seqNum).some((other) => (other.uid ?? Infinity) <= uid)
      if (before || behind) return `UID ${uid} of message ${seqNum} is out of order`
      message.uid = uid
    }
    if (modSeq !== undefined) {
      if (modSeq < (message.modSeq ?? 0)) return `MODSEQ of message ${seqNum} went from ${message.modSeq} to ${modSeq}`
      message.modSeq = modSeq
    }
    if (flags) message.flags = [flagText(flags)]
    return message
  }

  /** Messages of a set of numbers that the client spelled out. */
  ofSet(numbers: readonly number[], byUid: boolean): ToldMessage[] {
    const wanted = new Set(numbers)
    return this.messages.filter((message, at) => wanted.has(byUid ? (message.uid ?? 0) : at + 1))
  }

  /** After a silent STORE of `targets`. `touched`: those of which FETCH told flags while the command was running. */
  stored(targets: readonly ToldMessage[], change: FlagChange, touched: ReadonlySet<ToldMessage>): void {
    for (const message of targets) {
      if (!message.flags) continue
      const after = message.flags.map((flags) => flagsAfter(flags, change))
      message.flags = [...new Set(touched.has(message) ? [...message.flags, ...after] : after)]
    }
  }

  /** Without their UIDs a client cannot say whether a UID STORE was about them. */
  forgetFlagsWithoutUid(): void {
    for (const message of this.messages) if (message.uid === undefined) message.flags = undefined
  }

  #forgetAllWithoutUid(): void {
    for (const message of this.messages) if (message.uid === undefined) message.flags = message.modSeq = undefined
  }

  /** Everything up to the highest mod-sequence seen is told, expunges too. */
  caughtUp(): void {
    if (this.isDeaf) return
    for (const { modSeq } of this.messages) if ((modSeq ?? 0) > this.safeModSeq) this.safeModSeq = modSeq ?? 0
  }

  /** Whether it can be kept for QRESYNC: nothing is unknown or in doubt. */
  get complete(): boolean {
    return (
      !this.isDeaf &&
      this.safeModSeq > 0 &&
      this.messages.every(({ uid, flags }) => uid !== undefined && flags?.length === 1)
    )
  }

  /**
   * Puts together what was kept and what the answer to SELECT (QRESYNC) told. Messages in the view have a UID if FETCH told
   * it; the others must be just those that were kept and did not vanish.
   */
  resynchronise(kept: ReadonlyMap<number, ToldMessage>): string | undefined {
    const told = new Map(
      this.messages.flatMap((message) => (message.uid === undefined ? [] : [[message.uid, message]])),
    )
    const all = [...new Set([...kept.keys(), ...told.keys()])].sort((a, b) => a - b)
    if (all.length !== this.messages.length) {
      return `QRESYNC leaves the client with the UIDs ${all.join()} where ${this.messages.length} exist`
    }
    if (this.#uidOnly) {
      const unknown = { flags: undefined, modSeq: undefined }
      this.messages = all.map((uid) => told.get(uid) ?? { ...(kept.get(uid) ?? unknown), uid })
      return undefined
    }
    for (const [at, uid] of all.entries()) {
      const message = this.messages[at]
      const before = kept.get(uid)
      if (message?.uid === undefined && before) this.messages[at] = { ...before }
      else if (message?.uid !== uid) return `after QRESYNC message ${at + 1} is UID ${message?.uid}, not ${uid}`
    }
    return undefined
  }
}
