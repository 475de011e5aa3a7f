import type { Mailbox } from '../../model/mailbox.ts'
import { Refusal } from '../../model/refusal.ts'
import type { Cursor } from '../../wire/cursor.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { defineCommand, type Command, type SessionIn } from '../command.ts'
import { offers } from '../capabilities.ts'
import { canonicalPattern, matchingNames, mayMatchBelow } from '../list-pattern.ts'
import { parseEntryNames } from '../metadata-names.ts'
import { findMailbox, type NamedMailbox, othersNames } from '../namespaces.ts'
import { allows, type MailboxReference, referenceTo } from '../reference.ts'
import { myRightsResponse } from '../responses/acl.ts'
import { listResponse, parentsOf } from '../responses/list.ts'
import { mailboxEntries, metadataResponse, seesMetadata } from '../responses/metadata.ts'
import {
  checkStatusItems,
  fullStatus,
  parseStatusItems,
  statusesThereAre,
  statusResponse,
  type StatusItem,
} from '../responses/status.ts'

/** Patterns one LIST may have. */
const maxPatterns = 100

interface ListArgs {
  /** Octets as sent. */
  readonly reference: string
  readonly patterns: readonly string[]
  /** Whether it is the extended syntax, in which an empty pattern means nothing (RFC 9051 §6.3.9). */
  readonly extended: boolean
  readonly select: { readonly subscribed: boolean; readonly specialUse: boolean; readonly recursive: boolean }
  readonly want: {
    readonly subscribed: boolean
    readonly children: boolean
    /** In the order asked for; empty: no STATUS. */
    readonly status: readonly StatusItem[]
    /** Whether to tell the user's rights (RFC 8440 §3). */
    readonly rights: boolean
    /** Entry names in lower case; empty: no METADATA. */
    readonly metadata: readonly string[]
  }
}

/**
 * LIST, RFC 9051 §6.3.9 (RFC 3501 §6.3.8), with the options of LIST-EXTENDED (RFC 5258), LIST-STATUS (RFC 5819),
 * LIST-METADATA (RFC 9590), LIST-MYRIGHTS (RFC 8440) and SPECIAL-USE (RFC 6154 §3). Special uses and children are told
 * whether or not they are asked for.
 */
export const list: Command<'authenticated', ListArgs> = defineCommand({
  name: 'LIST',
  state: 'authenticated',
  parse: parseList,

  async run(session, args) {
    const { reference, patterns, extended, want } = args
    checkStatusItems(session, want.status)
    if (want.rights && !(offers(session, 'LIST-MYRIGHTS') && session.services.sharing)) {
      throw new BadSyntax('There is no return option MYRIGHTS', 0)
    }
    if (want.metadata.length > 0 && !offers(session, 'LIST-METADATA')) {
      throw new BadSyntax('There is no return option METADATA', 0)
    }
    if (!extended && patterns[0] === '') {
      session.out.line('* LIST (\\Noselect) "/" ""')
      return { text: 'LIST completed' }
    }
    const canonical = patterns
      .filter((pattern) => pattern !== '')
      .map((pattern) => canonicalPattern(session.patternText(reference), session.patternText(pattern)))
    const tree = await session.login.account.tree()
    const known = { own: tree.byName, others: await othersFor(session, canonical) }
    const subscribed = tree.subscriptions(session.login.identity.user)
    const listed = await selectNames(session, known, subscribed, args, canonical)
    const references = await referencesTo(session, known, listed, want)
    const statuses = await statusesOf(session, references, want.status)
    for (const { name, isMatched, attributes, extra } of listed) {
      const matched = isMatched ? references.get(name) : undefined
      session.out.line(listResponse(session, attributes, name, extra))
      const status = statuses.get(name)
      if (status !== undefined) session.out.line(status)
      if (matched && want.rights) session.out.line(myRightsResponse(session, matched))
      if (matched && seesMetadata(matched) && want.metadata.length > 0) {
        const entries = await mailboxEntries(session.login, matched)
        const asked = want.metadata.map((entry) => [entry, entries.get(entry)] as const)
        session.out.line(metadataResponse(session.mailboxText(name), asked))
      }
      if (session.out.full) await session.io.settled()
    }
    return { text: 'LIST completed' }
  },
})

/** Mailboxes by the names that the client knows. Where an own one has the same name, it covers the other. */
interface Known {
  readonly own: ReadonlyMap<string, Mailbox>
  readonly others: ReadonlyMap<string, NamedMailbox>
}

interface Listed {
  readonly name: string
  /** Whether it is not only listed for the sake of inferior ones. */
  readonly isMatched: boolean
  readonly attributes: readonly string[]
  /** Extended data, space in front included. */
  readonly extra: string
}

/** The names to list, with their attributes (RFC 9051 §6.3.9.3, table 3 in §6.3.9.6). */
async function selectNames(
  session: SessionIn<'authenticated'>,
  { own, others }: Known,
  subscribed: ReadonlySet<string>,
  { select, want, extended }: ListArgs,
  patterns: readonly string[],
): Promise<Listed[]> {
  const parents = parentsOf(own.keys())
  for (const parent of parentsOf(others.keys())) parents.add(parent)
  const filtered = select.subscribed || select.specialUse
  const meets = (name: string): boolean => {
    if (select.subscribed && !subscribed.has(name)) return false
    // What another uses a mailbox for is no matter of this user.
    if (select.specialUse && !own.get(name)?.specialUse.length) return false
    // Without a filter, a level that exists only by its inferiors is shown too, else they would hang in the air.
    return filtered || own.has(name) || others.has(name) || parents.has(name)
  }
  const names = new Set(own.keys())
  for (const name of others.keys()) names.add(name)
  for (const parent of parents) names.add(parent)
  if (select.subscribed) for (const name of subscribed) names.add(name)
  if (select.subscribed && select.recursive) for (const parent of parentsOf(subscribed)) names.add(parent)

  const matching = (await matchingNames(patterns, names, () => session.io.breathe())).sort()
  const chosen = new Set(matching.filter(meets))
  // A parent is told of by CHILDINFO alone when a descendant that meets the criteria is not itself in the answer.
  const childInfo = select.recursive ? parentsOf([...names].filter(meets)) : new Set<string>()
  const unlisted = select.recursive
    ? parentsOf([...names].filter((name) => meets(name) && !chosen.has(name)))
    : childInfo

  return matching
    .filter((name) => chosen.has(name) || unlisted.has(name))
    .map((name) => {
      const mailbox = own.get(name)
      const other = mailbox ? undefined : others.get(name)
      const attributes: string[] = []
      if (!mailbox && !other) attributes.push('\\NonExistent', ...(extended || session.rev2 ? [] : ['\\Noselect']))
      if ((want.subscribed || select.subscribed) && subscribed.has(name)) attributes.push('\\Subscribed')
      if (parents.has(name)) attributes.push('\\HasChildren')
      else if (mailbox || other || want.children) attributes.push('\\HasNoChildren')
      if (other && !allows(other, 'r')) attributes.push('\\Noselect')
      if (mailbox) attributes.push(...mailbox.specialUse)
      const criteria = [...(select.subscribed ? ['"SUBSCRIBED"'] : []), ...(select.specialUse ? ['"SPECIAL-USE"'] : [])]
      return {
        name,
        isMatched: chosen.has(name),
        attributes,
        extra: childInfo.has(name) ? ` ("CHILDINFO" (${criteria.join(' ')}))` : '',
      }
    })
}

/** Mailboxes of others, by the names that the client knows, if one of the patterns may match any. */
async function othersFor(
  session: SessionIn<'authenticated'>,
  patterns: readonly string[],
): Promise<ReadonlyMap<string, NamedMailbox>> {
  const { login, services } = session
  const { sharing } = services
  const reaches = (level: string): boolean => patterns.some((pattern) => mayMatchBelow(pattern, level))
  if (!sharing || !(reaches(sharing.otherUsers) || reaches(sharing.shared))) return new Map()
  return othersNames(session, login)
}

/** The mailboxes among what is listed, where more of them than names is wanted; only then accounts of others are opened. */
async function referencesTo(
  session: SessionIn<'authenticated'>,
  { own, others }: Known,
  listed: readonly Listed[],
  { status, metadata, rights }: ListArgs['want'],
): Promise<ReadonlyMap<string, MailboxReference>> {
  const references = new Map<string, MailboxReference>()
  if (status.length === 0 && metadata.length === 0 && !rights) return references
  for (const { name } of listed) {
    const mailbox = own.get(name)
    let reference = mailbox && referenceTo(session.login.own, mailbox)
    if (!mailbox && others.has(name)) {
      reference = await findMailbox(session, session.login, name)
      await session.io.breathe()
    }
    if (reference) references.set(name, reference)
  }
  return references
}

/** STATUS responses of those that exist and may be read, by name (RFC 9051 §6.3.9.2). */
async function statusesOf(
  session: SessionIn<'authenticated'>,
  references: ReadonlyMap<string, MailboxReference>,
  items: readonly StatusItem[],
): Promise<Map<string, string>> {
  const responses = new Map<string, string>()
  if (items.length === 0) return responses
  const readable = [...references.values()].filter((reference) => allows(reference, 'r'))
  for (const inAccount of Map.groupBy(readable, (reference) => reference.account).values()) {
    const statuses = await statusesThereAre(inAccount)
    for (const [n, reference] of inAccount.entries()) {
      const status = statuses[n]
      if (!status) continue
      try {
        const full = await fullStatus(reference, status, items)
        responses.set(reference.name, statusResponse(session, reference, full, items))
      } catch (error) {
        if (!isGone(error)) throw error // it was deleted in the meantime, and is left out
      }
    }
  }
  return responses
}

const isGone = (error: unknown): boolean => error instanceof Refusal && error.code === 'NONEXISTENT'

function parseList(cursor: Cursor): ListArgs {
  cursor.space()
  let extended = false
  const select = { subscribed: false, specialUse: false, recursive: false }
  if (cursor.peek() === '(') {
    extended = true
    parseSelectOptions(cursor, select)
    cursor.space()
  }
  const reference = cursor.mailbox()
  cursor.space()
  let patterns: string[]
  if (cursor.peek() === '(') {
    extended = true
    patterns = cursor.list(() => cursor.listMailbox())
    if (patterns.length === 0) throw cursor.bad('LIST needs a pattern')
    if (patterns.length > maxPatterns) throw cursor.bad(`LIST takes ${maxPatterns} patterns at most`)
  } else {
    patterns = [cursor.listMailbox()]
  }
  const want: Want = { subscribed: false, children: false, status: [], rights: false, metadata: [] }
  if (cursor.hasMore) {
    cursor.space()
    if (!cursor.tryWord('RETURN')) throw cursor.expected('RETURN')
    cursor.space()
    extended = true
    parseReturnOptions(cursor, want)
  }
  cursor.end()
  return { reference, patterns, extended, select, want }
}

function parseSelectOptions(
  cursor: Cursor,
  select: { subscribed: boolean; specialUse: boolean; recursive: boolean },
): void {
  for (const option of cursor.list(() => cursor.keyword('a selection option'))) {
    if (option === 'SUBSCRIBED') select.subscribed = true
    else if (option === 'SPECIAL-USE') select.specialUse = true
    else if (option === 'RECURSIVEMATCH') select.recursive = true
    else if (option !== 'REMOTE') throw cursor.bad(`There is no selection option ${option}`)
  }
  if (select.recursive && !select.subscribed && !select.specialUse) {
    throw cursor.bad('RECURSIVEMATCH needs another selection option') // RFC 9051 §6.3.9.1
  }
}

type Want = { -readonly [Option in keyof ListArgs['want']]: ListArgs['want'][Option] }

function parseReturnOptions(cursor: Cursor, want: Want): void {
  cursor.list(() => {
    const option = cursor.keyword('a return option')
    if (option === 'SUBSCRIBED') want.subscribed = true
    else if (option === 'CHILDREN') want.children = true
    else if (option === 'MYRIGHTS') want.rights = true
    else if (option === 'STATUS') {
      cursor.space()
      want.status = parseStatusItems(cursor)
    } else if (option === 'METADATA') {
      cursor.space()
      if (cursor.peek() !== '(') throw cursor.expected('a list of entry names')
      want.metadata = parseEntryNames(cursor)
    } else if (option !== 'SPECIAL-USE') throw cursor.bad(`There is no return option ${option}`)
  })
}
