/** The collations that IMAP compares text by: i;unicode-casemap (RFC 5051 §2) and i;ascii-casemap (RFC 4790 §9.2). */

/**
 * Characters that `toUpperCase` does not turn into the titlecase that UnicodeData.txt has for them: their capitals are
 * several characters (ß), or digraphs that have a titlecase of their own, or Georgian, which has none.
 */
const special =
  '\\u00df\\u0149\\u01c4-\\u01cc\\u01f0-\\u01f3\\u0390\\u03b0\\u0587\\u10d0-\\u10ff\\u1e96-\\u1e9a\\u1f50\\u1f52\\u1f54' +
  '\\u1f56\\u1f80-\\u1faf\\u1fb2-\\u1fb4\\u1fb6\\u1fb7\\u1fbc\\u1fc2-\\u1fc4\\u1fc6\\u1fc7\\u1fcc\\u1fd2\\u1fd3\\u1fd6' +
  '\\u1fd7\\u1fe2-\\u1fe4\\u1fe6\\u1fe7\\u1ff2-\\u1ff4\\u1ff6\\u1ff7\\u1ffc\\ufb00-\\ufb06\\ufb13-\\ufb17'
const anySpecial = new RegExp(`[${special}]`)
const eachSpecial = new RegExp(`[${special}]`, 'g')
const ordinary = new RegExp(`[^${special}]+`, 'g')

/** The titlecase of the special characters that have one besides themselves. */
const titlecase = new Map<string, string>()
for (const [title, ...cases] of [
  '\u01c5\u01c4\u01c6',
  '\u01c8\u01c7\u01c9',
  '\u01cb\u01ca\u01cc',
  '\u01f2\u01f1\u01f3',
]) {
  for (const letter of cases) titlecase.set(letter, title ?? letter)
}
/** Greek with iota below: the capitals are eight or nine places on. */
for (let code = 0x1f80; code <= 0x1faf; code++) {
  if ((code & 8) === 0) titlecase.set(String.fromCharCode(code), String.fromCharCode(code + 8))
}
for (const code of [0x1fb3, 0x1fc3, 0x1ff3]) titlecase.set(String.fromCharCode(code), String.fromCharCode(code + 9))

/** Nothing beyond ASCII. */
const ascii = /^[\0-\x7f]*$/

/**
 * The text prepared for comparison by i;unicode-casemap: each character in titlecase, then decomposed for
 * compatibility (RFC 5051 §2). Equal results are equal texts, and a part of a result is a part of the text.
 */
export function fold(text: string): string {
  if (ascii.test(text)) return text.toUpperCase()
  if (!anySpecial.test(text)) return text.toUpperCase().normalize('NFKD')
  return text
    .replace(ordinary, (run) => run.toUpperCase())
    .replace(eachSpecial, (char) => titlecase.get(char) ?? char)
    .normalize('NFKD')
}

/** The text with ASCII letters in capitals and all else as it is: i;ascii-casemap (RFC 4790 §9.2). */
export function foldAscii(text: string): string {
  return ascii.test(text) ? text.toUpperCase() : text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}
