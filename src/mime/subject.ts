import { maxSubjectCharacters } from './limits.ts'

/** What remains of a subject, and whether it was one of a reply or a forward. */
export interface BaseSubject {
  readonly text: string
  /** Whether anything was taken away that says so (RFC 5256 §3, REFERENCES, step 5). */
  readonly isReplyOrForward: boolean
}

/** `Re:`, `Fw:`, `Fwd:` with blobs before and one behind the word (RFC 5256 §5 subj-leader). */
const leader = /^(?:\[[^[\]]*\] *)*(?:re|fwd?) *(?:\[[^[\]]*\] *)?:/i
/** A text in brackets (RFC 5256 §5 subj-blob). */
const blob = /^\[[^[\]]*\] */

/**
 * The base subject (RFC 5256 §2.1).
 *
 * @param subject decoded, in Unicode
 */
export function baseSubject(subject: string): BaseSubject {
  let text = subject.slice(0, maxSubjectCharacters).replace(/[\t\r\n ]+/g, ' ')
  let isReplyOrForward = false
  for (;;) {
    // Step 2.
    text = text.trimEnd()
    while (/\(fwd\)$/i.test(text)) {
      text = text.slice(0, -5).trimEnd()
      isReplyOrForward = true
    }
    // Steps 3 to 5.
    for (;;) {
      text = text.replace(/^ +/, '')
      const prefix = leader.exec(text)
      if (prefix) {
        text = text.slice(prefix[0].length)
        isReplyOrForward = true
        continue
      }
      const rest = text.replace(blob, '')
      if (rest === text || rest === '') break
      text = rest
    }
    // Step 6.
    if (!/^\[fwd:.*\]$/is.test(text)) return { text, isReplyOrForward }
    text = text.slice(5, -1)
    isReplyOrForward = true
  }
}
