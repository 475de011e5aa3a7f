/** The character classes of RFC 9051 §9, one table lookup per octet. */

/** atom: any CHAR but the atom-specials. */
export const ATOM = 1
/** ASTRING-CHAR: atom and `]`. */
export const ASTRING = 2
/** list-char: ASTRING-CHAR and the wildcards. */
export const LIST = 4
/** tag: ASTRING-CHAR but `+`. */
export const TAG = 8
/** Letters, digits, `.`, `-`, `_`: what names of fetch items are made of. Atoms would swallow the `[` behind them. */
export const NAME = 16
/** What may stand inside quotes without a backslash in text that is not UTF-8: TEXT-CHAR but quoted-specials. */
export const QUOTED = 32

const table = new Uint8Array(256)
for (let code = 1; code < 0x80; code++) {
  const char = String.fromCharCode(code)
  let bits = char === '\r' || char === '\n' || char === '"' || char === '\\' ? 0 : QUOTED
  if (code > 0x20 && code < 0x7f && !'({)%*"\\]'.includes(char)) bits |= ATOM | ASTRING | LIST
  if (char === ']') bits |= ASTRING | LIST
  if (char === '%' || char === '*') bits |= LIST
  if (bits & ASTRING && char !== '+') bits |= TAG
  if ('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_'.includes(char.toUpperCase())) bits |= NAME
  table[code] = bits
}

/** Whether the octet is of one of the classes; `false` for `NaN`, which is what stands behind the end of a text. */
export function isOf(code: number, classes: number): boolean {
  return code < 256 && (table[code]! & classes) !== 0
}

/** Whether text is not empty and all of the class. */
export function allOf(text: string, classes: number): boolean {
  for (let at = 0; at < text.length; at++) if (!isOf(text.charCodeAt(at), classes)) return false
  return text.length > 0
}
