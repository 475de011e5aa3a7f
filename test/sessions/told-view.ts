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

  constructor(mailbox: string, readOnly: boolean) {
    this.mailbox = mailbox
    this.readOnly = readOnly
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
        this.messages.splice(at, 1)
      }
    }
    return undefined
  }

  /** Where the message with `uid` is, or one that may be it. */
  #placeOf(uid: number): number {
    const known = this.messages.findIndex((message) => message.uid === uid)
    if (known !== -1) return known
    const next = this.messages.findIndex((message) => (message.uid ?? 0) > uid)
    const at = (next === -1 ? this.messages.length : next) - 1
    return this.messages[at]?.uid === undefined ? at : -1
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

  /** Everything up to the highest mod-sequence seen is told, expunges too. */
  caughtUp(): void {
    for (const { modSeq } of this.messages) if ((modSeq ?? 0) > this.safeModSeq) this.safeModSeq = modSeq ?? 0
  }

  /** Whether it can be kept for QRESYNC: nothing is unknown or in doubt. */
  get complete(): boolean {
    return this.safeModSeq > 0 && this.messages.every(({ uid, flags }) => uid !== undefined && flags?.length === 1)
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
    for (const [at, uid] of all.entries()) {
      const message = this.messages[at]
      const before = kept.get(uid)
      if (message?.uid === undefined && before) this.messages[at] = { ...before }
      else if (message?.uid !== uid) return `after QRESYNC message ${at + 1} is UID ${message?.uid}, not ${uid}`
    }
    return undefined
  }
}
