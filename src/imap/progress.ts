/** INPROGRESS, RFC 9585: what a client hears of a command that takes long. */
import type { Work } from '../search/context.ts'
import { quoted } from '../wire/strings.ts'
import { offers } from './capabilities.ts'
import type { ImapSession } from './session.ts'

/** Time between two notes, and until the first, in milliseconds (RFC 9585 §4 recommends 10 to 15 seconds). */
export const progressIntervalMs = 10_000

/** Says how far one command is, now and then. */
export class ProgressNotes {
  readonly #tag: string
  readonly #inLanguage: (text: string) => string
  /** When the client last heard something. */
  #toldAt: number

  /** `now`: milliseconds since 1970. `inLanguage` translates what is said. */
  constructor(tag: string, now: number, inLanguage: (text: string) => string = (text) => text) {
    this.#tag = tag
    this.#inLanguage = inLanguage
    this.#toldAt = now
  }

  /** An untagged response about the work; `undefined` as long as none is due. */
  due(work: Work, now: number): string | undefined {
    if (now - this.#toldAt < progressIntervalMs) return undefined
    this.#toldAt = now
    // A tag with a bracket would end the response code too soon (RFC 9585 §4).
    const tag = this.#tag.includes(']') ? 'NIL' : quoted(this.#tag)
    const { done, goal } = work
    if (goal === 0) return `* OK [INPROGRESS (${tag} NIL NIL)] ${this.#inLanguage('Still at it')}`
    // The goal is reached by the tagged answer alone (RFC 9585 §4).
    const reached = Math.min(done, goal - 1)
    const text = `${Math.floor((reached / goal) * 100)}% of the messages`
    return `* OK [INPROGRESS (${tag} ${reached} ${goal})] ${this.#inLanguage(text)}`
  }
}

/** The notes on a command that begins, where they are offered. */
export function progressNotes(session: ImapSession, tag: string): ProgressNotes | undefined {
  return offers(session, 'INPROGRESS')
    ? new ProgressNotes(tag, session.services.now(), (text) => session.inLanguage(text))
    : undefined
}
