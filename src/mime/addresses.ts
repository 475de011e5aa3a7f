import { maxAddresses } from './limits.ts'
import { StructuredReader } from './structured.ts'

/**
 * One address structure of ENVELOPE (RFC 9051 §7.5.2), each string one octet per char and without its quoting.
 * A group starts with one that has only a mailbox (the group's name) and ends with one that has nothing.
 */
export interface Address {
  readonly name: string | undefined
  /** Source route (RFC 5322 §4.4 obs-route). */
  readonly route: string | undefined
  readonly mailbox: string | undefined
  readonly host: string | undefined
}

/** Stands for the part of an address that is not there, since NIL would make it a group; clients know these words. */
export const missingHost = 'MISSING_DOMAIN'
/** See {@link missingHost}. */
export const missingMailbox = 'MISSING_MAILBOX'

const groupEnd: Address = { name: undefined, route: undefined, mailbox: undefined, host: undefined }

/**
 * Reads a list of addresses (RFC 5322 §3.4 address-list) with all obsolete syntax (RFC 5322 §4.4), the display name as
 * a comment, and what is in the wild: no comma is needed between addresses in angle brackets, and what cannot be an
 * address becomes one with a missing host. Beyond {@link maxAddresses} they are dropped.
 *
 * @param value the field's value, unfolded, one octet per char
 */
export function parseAddresses(value: string): Address[] {
  const reader = new StructuredReader(value)
  const found: Address[] = []
  let inGroup = false
  while (found.length < maxAddresses) {
    reader.skipBlanks()
    if (reader.ended) break
    if (reader.take(',')) continue
    if (reader.take(';')) {
      if (inGroup) found.push(groupEnd)
      inGroup = false
      continue
    }
    reader.comment = undefined
    const words = readWords(reader)
    if (reader.take('<')) found.push(angleAddress(reader, phraseOf(words)))
    else if (reader.next === '@') found.push(bareAddress(reader, words))
    else if (reader.next === ':') {
      reader.at++
      // A group in a group has no meaning; its name is passed over.
      if (!inGroup) found.push({ ...groupEnd, mailbox: phraseOf(words) ?? '' })
      inGroup = true
    } else if (words.length > 0) {
      // One word is a local user; several are a name without an address.
      found.push(
        words.length === 1
          ? addressOf(reader.comment, undefined, words.join(''), '')
          : addressOf(phraseOf(words), undefined, '', ''),
      )
    } else reader.at++
  }
  if (inGroup) found.push(groupEnd)
  return found
}

/** Words and the dots between them: a phrase, a local part, or (in error) both. */
function readWords(reader: StructuredReader): string[] {
  const words: string[] = []
  for (;;) {
    reader.skipBlanks()
    const start = reader.at
    if (reader.next === '"') words.push(reader.quoted())
    else {
      const atom = reader.atom()
      if (atom !== '') words.push(atom)
      else if (/^[\\\])]$/.test(reader.next)) reader.at++
      else if (reader.next === '[') words.push(reader.domainLiteral())
    }
    if (reader.at === start) return words
  }
}

function phraseOf(words: readonly string[]): string | undefined {
  const phrase = words.filter((word) => word !== '').join(' ')
  return phrase === '' ? undefined : phrase
}

/** A local part may have blanks around its dots (RFC 5322 §4.4 obs-local-part), which are not part of it. */
function spelled(words: readonly string[]): string {
  let text = ''
  for (const word of words) {
    text += text === '' || text.endsWith('.') || word.startsWith('.') ? word : ' ' + word
  }
  return text
}

/** Behind `<`: an optional route, a local part and a domain, up to `>`. */
function angleAddress(reader: StructuredReader, name: string | undefined): Address {
  reader.skipBlanks()
  let route: string | undefined
  if (reader.next === '@' || reader.next === ',') {
    const start = reader.at
    while (reader.next === '@' || reader.next === ',') {
      reader.at++
      reader.skipBlanks()
      readDomain(reader)
    }
    if (reader.next === ':') {
      route = reader.text.slice(start, reader.at).replace(/[\t\r\n ]/g, '')
      reader.at++
    }
  }
  const words = readWords(reader)
  const local = spelled(words)
  let host = ''
  if (reader.take('@')) host = readDomain(reader)
  // Whatever else is in the brackets is lost; a comma means that they were never closed.
  while (!reader.ended && reader.next !== '>' && reader.next !== ',') reader.at++
  reader.take('>')
  // A comment right behind belongs to this address, not to the next.
  reader.comment = undefined
  reader.skipBlanks()
  return addressOf(name ?? reader.comment, route, local, host)
}

function bareAddress(reader: StructuredReader, words: string[]): Address {
  reader.at++
  const host = readDomain(reader)
  // What follows a second `@` can be no address of its own.
  while (reader.take('@')) readDomain(reader)
  return addressOf(reader.comment, undefined, spelled(words), host)
}

function addressOf(name: string | undefined, route: string | undefined, local: string, host: string): Address {
  const mailbox = local === '' ? missingMailbox : local
  return { name: name === '' ? undefined : name, route, mailbox, host: host === '' ? missingHost : host }
}

function readDomain(reader: StructuredReader): string {
  let domain = ''
  for (;;) {
    reader.skipBlanks()
    if (reader.next === '[') return domain + reader.domainLiteral()
    const start = reader.at
    const atom = reader.atom()
    if (atom === '') return domain
    // Blanks are allowed around dots only (RFC 5322 §4.4 obs-domain).
    if (domain !== '' && !domain.endsWith('.') && !atom.startsWith('.')) {
      reader.at = start
      return domain
    }
    domain += atom
  }
}
