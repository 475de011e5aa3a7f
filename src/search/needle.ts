import type { SearchKey } from '../wire/search-grammar.ts'
import { fold } from '../mime/casemap.ts'
import { Refusal } from '../model/refusal.ts'

/** Characters of a text that is searched for, folded. Longer ones would cost too much where they nearly match. */
export const maxNeedleCharacters = 4_096
/** Characters of a text up to which looking for it takes no time to speak of, whatever it is looked for in. */
export const maxEasyCharacters = 250

/** A text to be found in a message, prepared by a collation, as a rule i;unicode-casemap. */
export type Needle =
  /** In the values of header fields with this name, in lower case. The empty text is in every such field. */
  | { readonly where: 'field'; readonly field: string; readonly text: string }
  /** In the text of the message's parts; for `text` in any header, too. */
  | { readonly where: 'body' | 'text'; readonly text: string }

/**
 * What a key looks for in the octets of a message; `undefined` for keys that look elsewhere. Its value is in Unicode.
 * Throws `Refusal` (`LIMIT`) when it is too long.
 */
export function needleOf(key: SearchKey, prepare: (text: string) => string = fold): Needle | undefined {
  if (!('value' in key)) return undefined
  const text = preparedText(key.value, prepare)
  switch (key.key) {
    case 'BODY':
      return { where: 'body', text }
    case 'TEXT':
      return { where: 'text', text }
    case 'HEADER':
      return { where: 'field', field: key.field.toLowerCase(), text }
    case 'BCC':
    case 'CC':
    case 'FROM':
    case 'SUBJECT':
    case 'TO':
      return { where: 'field', field: key.key.toLowerCase(), text }
  }
}

function preparedText(text: string, prepare: (text: string) => string): string {
  const prepared = text.length > maxNeedleCharacters ? text : prepare(text)
  if (prepared.length > maxNeedleCharacters) {
    throw new Refusal('LIMIT', `A text to search for may have ${maxNeedleCharacters} characters at most`)
  }
  return prepared
}
