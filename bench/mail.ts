/**
 * The mail of the benchmark: the same octets on every run and machine. Conversations with References, names in several
 * scripts, MIME trees, 8 KB on average, and one message in two thousand of a megabyte or more.
 */

/** Raised whenever the mail changes, so that what was built of the older mail is not used any more. */
export const mailEdition = 2

/** One message, and how it is to lie in its mailbox. */
export interface Mail {
  readonly octets: Buffer
  /** As APPEND takes them: `\Seen $Label1`. */
  readonly flags: string
  /** INTERNALDATE, in milliseconds since 1970. */
  readonly at: number
}

/** Words that searches look for, and how often they occur. */
export const needles = {
  /** In one message of 1,999. */
  rare: 'xylophonist',
  /** In every message with text of some length. */
  common: 'the',
  absent: 'zzyzxqj',
  /** The middle of `rare`. */
  part: 'lophoni',
  /** Two words, in one message of 997. */
  phrase: 'quarterly report',
  sender: 'quentin',
  subject: 'budget',
} as const

/** A conversation's messages arrive within this many others. */
const openConversations = 300
const minuteMs = 60_000
const firstMailAt = Date.UTC(2019, 0, 7, 8)
const bigMailEvery = 2000

interface Conversation {
  readonly subject: string
  readonly ids: string[]
}

type Random = () => number

/** Mulberry32: small, fast, the same everywhere. Numbers from 0 up to 1. */
function random(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const frequentWords = 'the and to of in we is for you that it on with this have are be will as not at can our your from'
const syllables = 'ba ce di fo gu la me ni po ru sa te vi wo ka len mar tin sol ber den gra pli sto tra ven qui zor'
const givenNames = 'Anna Bruno Carla David Élodie Felix Grażyna Henk Ingrid Jürgen Kenji Lucía Marek Nora Quentin Søren'
const familyNames =
  'Abbott Brandt Çelik Dupont Eriksen Fischer García Haddad Ivanova Jansen Kowalski Lindgren Müller Ng'
const topics = 'budget invoice release holiday contract meeting server journey draft question printer garden offer plan'

function makeWords(count: number): readonly string[] {
  const next = random(7)
  const parts = syllables.split(' ')
  const words = frequentWords.split(' ')
  while (words.length < count) {
    const length = 2 + Math.floor(next() * 3)
    let word = ''
    for (let i = 0; i < length; i++) word += pick(parts, next())
    words.push(word)
  }
  return words
}

const pick = <T>(from: readonly T[], chance: number): T => from[Math.floor(chance * from.length)] as T // chance is below 1
const given = givenNames.split(' ')
const family = familyNames.split(' ')
const topicWords = topics.split(' ')

/** The first `count` messages, in the order of their arrival. */
export function* generateMail(count: number): Generator<Mail> {
  const writer = new MailWriter()
  for (let n = 0; n < count; n++) yield writer.message(n)
}

class MailWriter {
  readonly #words = makeWords(30_000)
  readonly #noise: string
  readonly #conversations: Conversation[] = []

  constructor() {
    const next = random(99)
    const octets = Buffer.alloc(3 * 1024 * 1024)
    for (let i = 0; i < octets.length; i++) octets[i] = next() * 256
    this.#noise = octets.toString('base64').replace(/.{76}/g, '$&\r\n')
  }

  message(n: number): Mail {
    const next = random(n * 2_654_435_761 + 1)
    const at = firstMailAt + n * 11 * minuteMs + Math.floor(next() * minuteMs)
    const head = this.#head(n, at, next)
    const octets = Buffer.from(head + this.#body(n, next))
    return { octets, flags: flagsOf(next), at }
  }

  #head(n: number, at: number, next: Random): string {
    const conversation = this.#conversation(next)
    const id = `<${n}.${Math.floor(next() * 1e9).toString(36)}@mail.example.org>`
    const reply = conversation.ids.length > 0
    let head = ''
    for (let hop = 2 + Math.floor(next() * 4); hop > 0; hop--) {
      head += `Received: from mx${hop}.example.net (mx${hop}.example.net [192.0.2.${hop}])\r\n`
      head += `\tby mail${hop}.example.org with ESMTPS id ${Math.floor(next() * 1e12).toString(36)};\r\n\t${dateText(at)}\r\n`
    }
    head += `Date: ${dateText(at)}\r\nFrom: ${addressOf(next)}\r\n`
    head += `To: ${Array.from({ length: 1 + Math.floor(next() * next() * 6) }, () => addressOf(next)).join(',\r\n ')}\r\n`
    if (next() < 0.2) head += `Cc: ${addressOf(next)}, ${addressOf(next)}\r\n`
    head += `Subject: ${reply ? 'Re: ' : ''}${conversation.subject}\r\nMessage-ID: ${id}\r\n`
    if (reply) {
      const known = conversation.ids.slice(-8)
      head += `In-Reply-To: ${known.at(-1)}\r\nReferences: ${known.join('\r\n ')}\r\n`
    }
    conversation.ids.push(id)
    if (next() < 0.15) head += `List-Id: <list${Math.floor(next() * 20)}.example.org>\r\n`
    return `${head}User-Agent: Bench/1.0\r\nMIME-Version: 1.0\r\n`
  }

  #conversation(next: Random): Conversation {
    const open = this.#conversations
    if (open.length > 0 && next() < 0.65) return pick(open, next())
    const words = Array.from({ length: 2 + Math.floor(next() * 4) }, () => this.#word(next))
    const subject = `${pick(topicWords, next())} ${words.join(' ')}`
    const conversation = { subject: next() < 0.1 ? encodedWord(`${subject} für später`) : subject, ids: [] }
    open.push(conversation)
    if (open.length > openConversations) open.shift()
    return conversation
  }

  #body(n: number, next: Random): string {
    const boundary = `=_${n.toString(36)}_${Math.floor(next() * 1e9).toString(36)}`
    const size = Math.min(40_000, Math.round(500 + 1400 * Math.exp(1.1 * normal(next))))
    const kind = next()
    if (n % bigMailEvery === bigMailEvery - 1) {
      const attachment = this.#attachment(next, 1_000_000 + Math.floor(next() * 1_000_000))
      return multipart('mixed', boundary, [plain(this.#text(n, size, next)), attachment])
    }
    if (kind < 0.4) return plain(this.#text(n, size, next))
    if (kind < 0.5) return quoted(this.#text(n, size, next))
    const alternative = (): string => {
      const text = this.#text(n, size, next)
      return multipart('alternative', `${boundary}a`, [plain(text), html(text)])
    }
    if (kind < 0.78) return alternative()
    if (kind < 0.94) {
      const attachment = this.#attachment(next, 3000 + Math.floor(30_000 * next() * next()))
      return multipart('mixed', boundary, [next() < 0.5 ? alternative() : plain(this.#text(n, size, next)), attachment])
    }
    const inner = `${this.#forwardedHead(n, next)}${plain(this.#text(n, size, next))}`
    return multipart('mixed', boundary, [plain('See below.\r\n'), `Content-Type: message/rfc822\r\n\r\n${inner}`])
  }

  #forwardedHead(n: number, next: Random): string {
    const subject = `Subject: ${this.#word(next)} ${this.#word(next)}\r\n`
    return `From: ${addressOf(next)}\r\nTo: ${addressOf(next)}\r\n${subject}Message-ID: <f${n}@example.net>\r\nMIME-Version: 1.0\r\n`
  }

  #word(next: Random): string {
    return pick(this.#words, next() ** 3)
  }

  /** About `size` octets of lines of words. */
  #text(n: number, size: number, next: Random): string {
    let text = n % 1999 === 1000 ? `Our ${needles.rare} plays.\r\n` : ''
    if (n % 997 === 500) text += `Here is the ${needles.phrase} you asked for.\r\n`
    let line = ''
    while (text.length < size) {
      line += this.#word(next) + ' '
      if (line.length < 68) continue
      text += `${line.trimEnd()}\r\n`
      line = ''
    }
    return text
  }

  #attachment(next: Random, size: number): string {
    const start = Math.floor((next() * (this.#noise.length - size)) / 78) * 78
    const lines = this.#noise.slice(start, start + Math.floor(size / 78) * 78)
    const name = `name="file${Math.floor(next() * 1000)}.pdf"`
    return (
      `Content-Type: application/pdf; ${name}\r\nContent-Transfer-Encoding: base64\r\n` +
      `Content-Disposition: attachment; file${name}\r\n\r\n${lines}`
    )
  }
}

const plain = (text: string): string =>
  `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n${text}`

const quoted = (text: string): string =>
  `Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n` +
  text.replaceAll('ven', 'v=E9n')

const html = (text: string): string =>
  `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n<html><body>\r\n` +
  text.replaceAll('\r\n', '<br>\r\n') +
  '</body></html>\r\n'

const multipart = (subtype: string, boundary: string, parts: readonly string[]): string =>
  `Content-Type: multipart/${subtype}; boundary="${boundary}"\r\n\r\n` +
  parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('') +
  `--${boundary}--\r\n`

function addressOf(next: Random): string {
  const first = pick(given, next())
  const last = pick(family, next())
  const name = `${first} ${last}`
  const box = `${first}.${last}${Math.floor(next() * 40)}`
    .normalize('NFD')
    .replace(/[^\x20-\x7e]/g, '')
    .toLowerCase()
  return `${/^[\x20-\x7e]*$/.test(name) ? name : encodedWord(name)} <${box}@example.org>`
}

const encodedWord = (text: string): string => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`

const dateText = (at: number): string => new Date(at).toUTCString().replace('GMT', '+0000')

/** Normally distributed about 0 with deviation 1 (near enough: the sum of twelve). */
function normal(next: Random): number {
  let sum = -6
  for (let i = 0; i < 12; i++) sum += next()
  return sum
}

function flagsOf(next: Random): string {
  const flags: string[] = []
  if (next() < 0.8) flags.push('\\Seen')
  if (next() < 0.1) flags.push('\\Answered')
  if (next() < 0.04) flags.push('\\Flagged')
  if (next() < 0.05) flags.push('$Label1')
  return flags.join(' ')
}
