/** The collations that IMAP compares text by: i;unicode-casemap (RFC 5051 §2) and i;ascii-casemap (RFC 4790 §9.2). */

/** Characters whose titlecase is neither their uppercase nor themselves, by their code points. */
const titlecase = new Map<number, string>()
for (const [upper, title, lower] of ['ǄǅǆǅǅǅǇǈǉǊǋǌǱǲǳ'].flatMap(threes)) {
  for (const char of [upper, title, lower]) titlecase.set(char.codePointAt(0) ?? 0, title)
}

function threes(text: string): [string, string, string][] {
  return (text.match(/.{3}/gu) ?? []).map((three) => [three.charAt(0), three.charAt(1), three.charAt(2)])
}

/** Georgian letters have capitals, but their titlecase is themselves. */
function isGeorgian(code: number): boolean {
  return code >= 0x10d0 && code <= 0x10ff
}

/**
 * The text prepared for comparison by i;unicode-casemap: each character in titlecase, then decomposed for
 * compatibility (RFC 5051 §2). Equal results are equal texts, and a part of a result is a part of the text.
 */
export function fold(text: string): string {
  if (isAscii(text)) return text.toUpperCase()
  let folded = ''
  for (const char of text) folded += foldCharacter(char)
  return folded.normalize('NFKD')
}

/** How many characters beyond ASCII are remembered with their folded form. */
const maxRemembered = 4096
const remembered = new Map<string, string>()

function foldCharacter(char: string): string {
  const known = remembered.get(char)
  if (known !== undefined) return known
  const folded = toTitlecase(char).normalize('NFKD')
  if (remembered.size >= maxRemembered) remembered.clear()
  remembered.set(char, folded)
  return folded
}

/** The one character that UnicodeData.txt has as titlecase; `toUpperCase` gives several for some, as SS for ß. */
function toTitlecase(char: string): string {
  const code = char.codePointAt(0) ?? 0
  const special = titlecase.get(code)
  if (special !== undefined) return special
  if (isGeorgian(code)) return char
  const upper = char.toUpperCase()
  return upper.length <= char.length || [...upper].length === 1 ? upper : (simpleUppercase.get(char) ?? char)
}

/** Characters whose full uppercase is several characters, and whose simple one is not themselves. */
const simpleUppercase = new Map<string, string>()
for (let code = 0x1f80; code <= 0x1faf; code++) {
  // ᾀ and kin: the capital with iota below is eight places on.
  if ((code & 8) === 0) simpleUppercase.set(String.fromCodePoint(code), String.fromCodePoint(code + 8))
}
for (const [small, capital] of [
  [0x1fb3, 0x1fbc],
  [0x1fc3, 0x1fcc],
  [0x1ff3, 0x1ffc],
] as const) {
  simpleUppercase.set(String.fromCodePoint(small), String.fromCodePoint(capital))
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** The text with ASCII letters in capitals and all else as it is: i;ascii-casemap (RFC 4790 §9.2). */
export function foldAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}
