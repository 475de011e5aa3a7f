/** The preview of a message (RFC 8970). */
import { decodeTextOrGuess } from './charset.ts'
import { isKnownEncoding, TransferDecoder } from './decode.ts'
import { decodeReferences } from './html-entities.ts'
import { maxPreviewCharacters } from './limits.ts'
import type { Part } from './message.ts'

/**
 * The start of a text part as one line of at most {@link maxPreviewCharacters} characters; '' when there is nothing
 * to show.
 *
 * @param octets the start of the part's body, still encoded
 */
export function makePreview(octets: Buffer, part: Part): string {
  if (!isKnownEncoding(part.encoding)) return ''
  const decoder = new TransferDecoder(part.encoding)
  const content = Buffer.concat([decoder.write(octets), decoder.end()])
  const text = decodeTextOrGuess(content, part.charset)
  return shorten(part.subtype.toLowerCase() === 'html' ? textOfHtml(text) : withoutQuotes(text))
}

/** Text without lines that are quoted from another message, unless it has no other. */
function withoutQuotes(text: string): string {
  const own = text.replace(/^>.*$/gm, '')
  return /\S/.test(own) ? own : text
}

/** Characters of a text that are looked through for those of a preview: the rest is blanks and marks nobody sees. */
const maxLookedThrough = 20 * maxPreviewCharacters
/** What a character beyond US-ASCII has to be to count as a blank. */
const invisible = /[\s\p{Cc}\p{Cf}\ufffd]/u

/** The start of a text with each run of blanks and of what nobody sees as one space. Hot: it looks no further. */
function shorten(text: string): string {
  let line = ''
  let characters = 0
  let blank = false
  const start = text.search(/\S/)
  if (start === -1) return ''
  const end = Math.min(text.length, start + maxLookedThrough)
  for (let at = start; at < end && characters < maxPreviewCharacters;) {
    const code = text.codePointAt(at) ?? 0
    const next = at + (code > 0xffff ? 2 : 1)
    if (code < 0x80 ? code <= 0x20 || code === 0x7f : invisible.test(text.slice(at, next))) blank = line !== ''
    else {
      // The space counts as well, and none is the last character.
      if (blank && ++characters === maxPreviewCharacters) break
      line += blank ? ' ' + text.slice(at, next) : text.slice(at, next)
      characters++
      blank = false
    }
    at = next
  }
  return line
}

/** Elements whose content is not shown. */
const hidden = /^<(style|script|head|title|template|noscript)\b/i
/** What a reader sees of HTML, roughly. The result is plain text: it is never read as HTML again. */
export function textOfHtml(html: string): string {
  let text = ''
  let at = 0
  while (at < html.length) {
    const open = html.indexOf('<', at)
    if (open === -1) {
      text += html.slice(at)
      break
    }
    text += html.slice(at, open)
    at = tagEnd(html, open)
    if (at === open + 1) text += '<'
    else if (!/^<\/?(?:a|b|i|u|em|strong|span|font|small|big|sub|sup)\b/i.test(html.slice(open, open + 9))) text += ' '
  }
  return decodeReferences(text)
}

/** Where the tag, comment or hidden element that starts at `open` ends; right behind `open` when it is just a sign. */
function tagEnd(html: string, open: number): number {
  if (html.startsWith('<!--', open)) return behind(html, '-->', open + 4)
  if (!/^<[a-z/!?]/i.test(html.slice(open, open + 2))) return open + 1
  const close = behind(html, '>', open)
  const element = hidden.exec(html.slice(open, open + 12))?.[1]
  if (element === undefined) return close
  const end = new RegExp(`</${element}\\b[^>]*>?`, 'gi')
  end.lastIndex = close
  const found = end.exec(html)
  return found ? found.index + found[0].length : html.length
}

function behind(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from)
  return found === -1 ? html.length : found + mark.length
}
