import { Refusal } from '../../model/refusal.ts'
import { StoreFailure } from '../../store/store.ts'
import type { Cursor } from '../../wire/cursor.ts'
import type { ImapUrl } from '../../wire/imap-url.ts'
import { string } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { offers } from '../capabilities.ts'
import { defineCommand, type Command, type SessionIn } from '../command.ts'
import { binaryReader } from '../fetch/binary.ts'
import type { MessageSource } from '../fetch/octets.ts'
import { writeOctets } from '../responses/octets.ts'
import { maxUrls } from '../url/arguments.ts'
import { authorisedMessage } from '../url/authorised-urls.ts'
import { readUrl } from '../url/own-urls.ts'
import { headerOfSection, partStructure, withoutEncoding } from '../url/part-structure.ts'
import { type Octets, octetsOf, octetsOfUrl } from '../url/url-octets.ts'

/** What is wanted of a URL: its octets, or with URLAUTH=BINARY any of these (RFC 5524 §3.1). */
type Item = 'BODY' | 'BINARY' | 'BODYPARTSTRUCTURE'

interface Wanted {
  readonly url: string
  /** None for what RFC 4467 answers with. */
  readonly items: ReadonlySet<Item>
}

/**
 * URLFETCH, RFC 4467 §7, with URLAUTH=BINARY (RFC 5524): what URLs name, for whom they were made. A URL that is good
 * for nothing is answered with NIL, and never with a reason.
 */
export const urlFetch: Command<'authenticated', readonly Wanted[]> = defineCommand({
  name: 'URLFETCH',
  capability: 'URLAUTH',
  state: 'authenticated',

  parse(cursor) {
    const wanted: Wanted[] = []
    do {
      if (wanted.length === maxUrls) throw cursor.bad('too many URLs')
      cursor.space()
      wanted.push(cursor.peek() === '(' ? parseExtended(cursor) : { url: cursor.astring('a URL'), items: new Set() })
    } while (cursor.hasMore)
    cursor.end()
    return wanted
  },

  async run(session, wanted) {
    if (wanted.some(({ items }) => items.size > 0) && !offers(session, 'URLAUTH=BINARY')) {
      throw new BadSyntax('URLs stand without parentheses here', 0)
    }
    let user: string | undefined
    for (const { url: text, items } of wanted) {
      const url = readUrl(session, text)
      // Of however many users the URLs are, the accounts of few are open at a time.
      if (url?.server?.user !== user) await session.closeUnused()
      user = url?.server?.user
      const found = url && (await findOctets(session, url, text, items))
      session.out.text('* URLFETCH ' + string(text))
      if (!found) session.out.text(' NIL')
      else await writeFound(session, found, items)
      session.out.line('')
      if (session.out.full) await session.io.settled()
      else await session.io.breathe()
    }
    return { text: 'URLFETCH completed' }
  },
})

function parseExtended(cursor: Cursor): Wanted {
  cursor.char('(')
  const url = cursor.astring('a URL')
  const items = new Set<Item>()
  while (cursor.tryChar(' ')) {
    const item = cursor.keyword('BODY, BINARY or BODYPARTSTRUCTURE')
    if (item !== 'BODY' && item !== 'BINARY' && item !== 'BODYPARTSTRUCTURE') throw cursor.bad('there is no such item')
    if (items.has(item)) throw cursor.bad(`${item} is asked for twice`)
    items.add(item)
  }
  if (items.has('BODY') && items.has('BINARY')) throw cursor.bad('BODY and BINARY exclude each other') // RFC 5524 §3.1
  cursor.char(')', '")" or a space')
  return { url, items }
}

interface Found {
  /** As they are in the message. */
  readonly octets: Octets
  /** With their encoding undone; `undefined` where nobody can. Only with BINARY. */
  readonly decoded: (Octets & { readonly hasNul: boolean }) | undefined
  /** Text of the wire. Only with BODYPARTSTRUCTURE. */
  readonly structure: string | undefined
}

/** All that is wanted of a URL, read as far as it may fail; `undefined` when there is nothing. */
async function findOctets(
  session: SessionIn<'authenticated'>,
  url: ImapUrl,
  text: string,
  items: ReadonlySet<Item>,
): Promise<Found | undefined> {
  try {
    const source = await authorisedMessage(session, session.login, url, text)
    const octets = source && (await octetsOfUrl(source, url))
    if (!octets) return undefined
    const decoded = items.has('BINARY') ? await decodedOctets(source, url, octets) : undefined
    if (!items.has('BODYPARTSTRUCTURE')) return { octets, decoded, structure: undefined }
    const header = await headerOfSection(source, url.section ?? { part: [] })
    const structure = await partStructure(decoded ? withoutEncoding(header) : header, decoded ?? octets, () =>
      session.io.breathe(),
    )
    return { octets, decoded, structure }
  } catch (error) {
    // A damaged message stays so; the user who is told of it is not the one to ask for help.
    if (!(error instanceof StoreFailure) || error.reason !== 'damaged') throw error
    session.services.log.error({ err: error }, 'a message that a URL names cannot be read')
    return undefined
  }
}

async function decodedOctets(source: MessageSource, url: ImapUrl, octets: Octets): Promise<Found['decoded']> {
  const { section = { part: [] }, partial } = url
  if (section.text !== undefined) return { ...octets, hasNul: await hasNul(octets) } // no such text is encoded
  const range = partial && { offset: partial.offset, length: partial.length ?? Number.MAX_SAFE_INTEGER }
  try {
    const decoded = octetsOf(await binaryReader(section, range)(source))
    return decoded && { ...decoded, hasNul: await hasNul(decoded) }
  } catch (error) {
    if (error instanceof Refusal && error.code === 'UNKNOWN-CTE') return undefined // RFC 5524 §3.2: NIL
    throw error
  }
}

async function hasNul(octets: Octets): Promise<boolean> {
  for await (const piece of octets.pieces()) if (piece.includes(0)) return true
  return false
}

async function writeFound(
  session: SessionIn<'authenticated'>,
  { octets, decoded, structure }: Found,
  items: ReadonlySet<Item>,
): Promise<void> {
  const { out } = session
  if (items.size === 0) {
    out.text(' ')
    return writeOctets(session, octets, false)
  }
  if (structure !== undefined) out.text(` (BODYPARTSTRUCTURE ${structure})`)
  if (items.has('BODY')) {
    out.text(' (BODY ')
    await writeOctets(session, octets, false)
    out.text(')')
  } else if (items.has('BINARY')) {
    out.text(' (BINARY ')
    if (decoded) await writeOctets(session, decoded, decoded.hasNul)
    else out.text('NIL')
    out.text(')')
  }
}
