import type { MailboxSnapshot } from '../../model/snapshot.ts'
import { rowOfUid } from '../../model/snapshot.ts'
import type { MailboxView } from '../../session/view.ts'

/**
 * Flags and mod-sequences of a view's messages, by their rows in the view's snapshot, as they are told. They may come
 * from a later snapshot, when the command itself has changed them.
 */
export class FlagColumns {
  readonly #view: MailboxView
  readonly #static: MailboxSnapshot
  readonly #latest: MailboxSnapshot
  readonly #marked: Uint32Array
  readonly #sameRows: boolean
  readonly #withRecent: boolean
  /** `FLAGS (..)` per flag set. */
  readonly #texts: string[] = []

  /**
   * `latest`: where the values are taken from, unless a message is not in it any more. `marked`: UIDs of messages that
   * the command has made `\Seen`, ascending. `withRecent`: whether `\Recent` exists (RFC 3501 §2.3.2).
   */
  constructor(view: MailboxView, latest: MailboxSnapshot, marked: Uint32Array, withRecent: boolean) {
    this.#view = view
    this.#static = view.snapshot
    this.#latest = latest
    this.#marked = marked
    this.#sameRows = latest.uids === view.snapshot.uids
    this.#withRecent = withRecent && view.countRecent() > 0
  }

  /** `FLAGS (..)`. */
  flags(row: number): string {
    if (this.#sameRows) return this.#flags(this.#latest, row, row)
    const { snapshot, row: at } = this.#place(row)
    return this.#flags(snapshot, at, row)
  }

  #flags(snapshot: MailboxSnapshot, at: number, row: number): string {
    const set = snapshot.flags.at(at)
    if (this.#withRecent && this.#view.isRecent(this.#static.uids[row]!)) {
      // Inside bounds, and every number in the column has its set, here and below.
      const { text } = snapshot.flagSets[set]!
      return text === '' ? 'FLAGS (\\Recent)' : 'FLAGS (\\Recent ' + text + ')'
    }
    if (snapshot !== this.#latest) return 'FLAGS (' + snapshot.flagSets[set]!.text + ')'
    return (this.#texts[set] ??= 'FLAGS (' + snapshot.flagSets[set]!.text + ')')
  }

  /** `MODSEQ (..)` (RFC 7162 §3.1.4.2). */
  modSeq(row: number): string {
    const { snapshot, row: at } = this.#place(row)
    return 'MODSEQ (' + snapshot.modSeqs.at(at) + ')'
  }

  /** Whether the command has made any message `\Seen`. */
  get someMarked(): boolean {
    return this.#marked.length > 0
  }

  /** Whether the command has made the message `\Seen`. */
  isMarked(row: number): boolean {
    return this.#marked.length > 0 && rowOfUid(this.#marked, this.#static.uids[row]!) >= 0 // inside bounds
  }

  #place(row: number): { readonly snapshot: MailboxSnapshot; readonly row: number } {
    if (this.#sameRows) return { snapshot: this.#latest, row }
    const at = rowOfUid(this.#latest.uids, this.#static.uids[row]!) // inside bounds
    return at < 0 ? { snapshot: this.#static, row } : { snapshot: this.#latest, row: at }
  }
}
