import { decodeReferences, maxReferenceLength } from './html-entities.ts'

/** Levels of lists and quotes inside one another that show; deeper ones look like the last of these. */
const maxLevels = 20
/** Chars of a tag that are looked at; a longer one is passed over up to its end. */
const maxTagLength = 64 * 1024
/** Chars of a link's address that are shown behind its text; longer ones help nobody. */
const maxAddressLength = 1_000
/** Chars of a link's text that are kept to compare with its address. */
const maxLinkText = 1_000

/** Elements whose content is not text (HTML calls some of them raw text: only their end tag ends them). */
const hidden = new Set([
  'script',
  'style',
  'title',
  'template',
  'noscript',
  'svg',
  'math',
  'object',
  'iframe',
  'select',
])
/** Elements with an empty line around them. */
const paragraphs = new Set('p h1 h2 h3 h4 h5 h6 ul ol dl pre table blockquote address'.split(' '))
/** Other elements that stand on lines of their own. */
const blocks = new Set(
  (
    'div li dt dd tr caption thead tbody tfoot section article header footer main nav aside figure figcaption form ' +
    'fieldset legend center body html'
  ).split(' '),
)

/** What is written next, and how. */
interface List {
  /** The number of the next item; `undefined` where items have none. */
  number: number | undefined
}

/** A link that is open. */
interface Link {
  readonly address: string
  text: string
}

/**
 * HTML as text for people to read, made piece by piece: paragraphs, lists, quotes, rows of tables and the addresses of
 * links stay recognisable; whatever is not shown, scripts first, is gone. Lines end in CRLF. No input makes it throw,
 * hold more than {@link maxTagLength} chars, or take more than a time that grows with its length. What it gives is
 * plain text: it is never read as HTML again.
 */
export class HtmlText {
  /** The beginning of something whose end has not come yet. */
  #held = ''
  /** What ends the part that is passed over: `-->`, `</script`, or the end of a tag that is too long. */
  #until: string | undefined
  #out = ''
  /** Line ends due before the next text; one is a new line, two an empty line as well. */
  #breaks = 0
  #blank = false
  #started = false
  #lineStarted = false
  #preformatted = 0
  #quotes = 0
  #cells = 0
  readonly #lists: List[] = []
  #marker = ''
  #link: Link | undefined

  /** Takes more of the HTML; gives the text so far that was not given yet. */
  write(html: string): string {
    this.#read(this.#held + html, false)
    return this.#take()
  }

  /** The rest. */
  end(): string {
    const held = this.#held
    this.#held = ''
    this.#read(held, true)
    this.#endLink()
    if (this.#started) this.#out += '\r\n'
    return this.#take()
  }

  #take(): string {
    const out = this.#out
    this.#out = ''
    return out
  }

  #read(html: string, isLast: boolean): void {
    let at = 0
    this.#held = ''
    while (at < html.length) {
      if (this.#until !== undefined) {
        const end = findEnd(html, this.#until, at)
        if (end === -1) {
          // The mark may be cut in two.
          if (!isLast) this.#held = html.slice(Math.max(at, html.length - this.#until.length + 1))
          return
        }
        at = end
        this.#until = this.#until.startsWith('</') ? '>' : undefined
        continue
      }
      const open = html.indexOf('<', at)
      const textEnd = open === -1 ? html.length : open
      if (textEnd > at) {
        const cut = open === -1 && !isLast ? referenceStart(html, at) : textEnd
        this.#text(html.slice(at, cut))
        at = cut
        if (cut < textEnd || open === -1) {
          this.#held = html.slice(cut)
          return
        }
      }
      const end = this.#markup(html, at, isLast)
      if (end === -1) {
        this.#held = html.slice(at)
        return
      }
      at = end
    }
  }

  /** Reads what begins with `<` at `at`; where it ends, or -1 when more must be seen. */
  #markup(html: string, at: number, isLast: boolean): number {
    if (html.length - at < 4 && !isLast) return -1
    if (html.startsWith('<!--', at)) {
      this.#until = '-->'
      return at + 4
    }
    if (!/^<[a-z/!?]/i.test(html.slice(at, at + 2))) {
      this.#text('<')
      return at + 1
    }
    const end = tagEnd(html, at)
    if (end === -1) {
      if (!isLast && html.length - at < maxTagLength) return -1
      this.#until = '>'
      return at + 1
    }
    this.#tag(html.slice(at + 1, end - 1))
    return end
  }

  #tag(tag: string): void {
    const [, slash, name = ''] = /^(\/?)([a-z][a-z0-9:-]*)/i.exec(tag) ?? []
    const element = name.toLowerCase()
    if (slash === '/') this.#close(element)
    else this.#open(element, tag)
    if (slash !== '/' && hidden.has(element) && !tag.endsWith('/')) this.#until = `</${element}`
  }

  #open(element: string, tag: string): void {
    if (paragraphs.has(element)) this.#break(2)
    else if (blocks.has(element)) this.#break(1)
    switch (element) {
      case 'br':
        if (this.#started) this.#newLine()
        break
      case 'hr':
        this.#break(1)
        this.#put('-'.repeat(20))
        this.#break(1)
        break
      case 'ul':
      case 'ol':
        if (this.#lists.length > 0) this.#breaks = Math.min(this.#breaks, 1)
        if (this.#lists.length < maxLevels) this.#lists.push({ number: element === 'ol' ? 1 : undefined })
        break
      case 'li':
        this.#marker = this.#nextMarker()
        break
      case 'blockquote':
        this.#quotes++
        break
      case 'pre':
        this.#preformatted++
        break
      case 'tr':
        this.#cells = 0
        break
      case 'td':
      case 'th':
        if (this.#cells++ > 0 && this.#lineStarted && this.#breaks === 0) {
          this.#blank = false
          this.#put('\t')
        }
        break
      case 'img': {
        const alternative = attribute(tag, 'alt')
        if (alternative !== undefined && /\S/.test(alternative)) this.#words(alternative)
        break
      }
      case 'a': {
        this.#endLink()
        const address = attribute(tag, 'href')?.trim() ?? ''
        if (/^(?:https?|ftp|mailto|tel):/i.test(address) && address.length <= maxAddressLength) {
          this.#link = { address: address.replace(/[\s<>]+/g, ''), text: '' }
        }
        break
      }
    }
  }

  #close(element: string): void {
    switch (element) {
      case 'ul':
      case 'ol':
        this.#lists.pop()
        if (this.#lists.length > 0) return this.#break(1)
        break
      case 'blockquote':
        this.#break(2)
        this.#quotes = Math.max(0, this.#quotes - 1)
        break
      case 'pre':
        this.#preformatted = Math.max(0, this.#preformatted - 1)
        break
      case 'a':
        this.#endLink()
        break
    }
    if (paragraphs.has(element)) this.#break(2)
    else if (blocks.has(element)) this.#break(1)
  }

  /** The address of a link, where its text is another. */
  #endLink(): void {
    const link = this.#link
    this.#link = undefined
    if (!link || link.text === '') return
    const bare = (text: string): string => text.replace(/^(?:mailto:|https?:\/\/)/i, '').replace(/\/$/, '')
    if (bare(link.text.trim()) === bare(link.address)) return
    const blank = this.#blank
    this.#blank = true
    this.#put(`<${link.address}>`)
    this.#blank = blank
  }

  #nextMarker(): string {
    const list = this.#lists.at(-1)
    const indent = '  '.repeat(Math.max(0, this.#lists.length - 1))
    return indent + (list?.number === undefined ? '- ' : `${list.number++}. `)
  }

  #text(html: string): void {
    const text = decodeReferences(html)
    if (this.#preformatted > 0) this.#lines(text)
    else this.#words(text)
  }

  /** Text in which runs of blanks are one space each. */
  #words(text: string): void {
    const words = text.split(/[\s\0]+/)
    if (words[0] === '' && words.length > 1) this.#blank = true
    const shown = words.filter((word) => word !== '').join(' ')
    if (shown !== '') this.#put(shown)
    if (words.length > 1 && words.at(-1) === '') this.#blank = true
  }

  /** Text whose line ends count. */
  #lines(text: string): void {
    for (const [place, line] of text
      .replaceAll('\0', '')
      .split(/\r\n?|\n/)
      .entries()) {
      if (place > 0 && this.#started) this.#newLine()
      if (line !== '') this.#put(line)
    }
  }

  #put(text: string): void {
    this.#endLines()
    if (!this.#lineStarted) {
      this.#out += '> '.repeat(Math.min(this.#quotes, maxLevels)) + this.#marker
      this.#marker = ''
    } else if (this.#blank) this.#out += ' '
    this.#blank = false
    this.#out += text
    this.#started = true
    this.#lineStarted = true
    if (this.#link && this.#link.text.length < maxLinkText) this.#link.text += text
  }

  #endLines(): void {
    if (this.#breaks === 0) return
    for (let line = 0; this.#started && line < this.#breaks; line++) {
      if (line > 0 && this.#quotes > 0) this.#out += '>'.repeat(Math.min(this.#quotes, maxLevels))
      this.#out += '\r\n'
    }
    this.#breaks = 0
    this.#lineStarted = false
    this.#blank = false
  }

  #break(lines: 1 | 2): void {
    this.#blank = false
    if (this.#lineStarted || this.#breaks > 0) this.#breaks = Math.max(this.#breaks, lines)
  }

  /** A line end that counts even behind another; outside of preformatted text only once. */
  #newLine(): void {
    this.#blank = false
    this.#breaks = this.#preformatted > 0 ? this.#breaks + 1 : Math.min(this.#breaks + 1, 2)
  }
}

/** Where a tag ends, quoted values passed over; -1 when it does not. */
function tagEnd(html: string, open: number): number {
  let quote = ''
  const end = Math.min(html.length, open + maxTagLength)
  for (let at = open + 1; at < end; at++) {
    const char = html.charAt(at)
    if (quote !== '') {
      if (char === quote) quote = ''
    } else if (char === '>') return at + 1
    // A quote counts only where a value begins: `<a title=it's>` has none.
    else if ((char === '"' || char === "'") && /=\s*$/.test(html.slice(Math.max(open, at - 8), at))) quote = char
  }
  return -1
}

/** Behind `mark`, in any case; an end tag goes on up to its `>`. -1 when it is not there, or is cut. */
function findEnd(html: string, mark: string, from: number): number {
  if (!mark.startsWith('</')) {
    const found = html.indexOf(mark, from)
    return found === -1 ? -1 : found + mark.length
  }
  for (let at = html.indexOf('</', from); at !== -1; at = html.indexOf('</', at + 2)) {
    if (html.slice(at, at + mark.length).toLowerCase() !== mark) continue
    return at + mark.length
  }
  return -1
}

/** Where a character reference begins that may go on in the next piece; else the end. */
function referenceStart(html: string, from: number): number {
  const ampersand = html.lastIndexOf('&')
  if (ampersand < from || html.length - ampersand > maxReferenceLength) return html.length
  return /^&#?[0-9a-z]*$/i.test(html.slice(ampersand)) ? ampersand : html.length
}

/** The value of an attribute, references decoded. */
function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag)
  const value = found?.[1] ?? found?.[2] ?? found?.[3]
  return value === undefined ? undefined : decodeReferences(value)
}
