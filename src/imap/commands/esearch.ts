import { Refusal } from '../../model/refusal.ts'
import type { SearchContext, Work } from '../../search/context.ts'
import { searchFuzzily } from '../../search/fuzzy.ts'
import { mentions } from '../../search/search.ts'
import { type MailboxFilter, parseSearchSources } from '../../wire/mailbox-filter.ts'
import type { SearchReturns } from '../../wire/search-returns.ts'
import { parseSearchProgram, type SearchKey, type SearchProgram } from '../../wire/search-grammar.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { requireUpdatable } from '../contexts/keep-updated.ts'
import { refuseUpdates } from '../contexts/update-contexts.ts'
import { defineCommand, type Command, type CommandForm, type SessionIn } from '../command.ts'
import { filteredMailboxes } from '../mailbox-filter.ts'
import { answerWithin, messageLimit, newestIn } from '../message-limit.ts'
import { allows, type MailboxReference, rightsNow } from '../reference.ts'
import { code } from '../responses/codes.ts'
import { writeEsearch } from '../responses/search.ts'
import { searchContext } from '../search-scope.ts'
import { answered, badCharset, preparedKey, isSavedOnly, requireFuzzy, save, toldOf, withDefault } from './search.ts'

const selectedAlone: readonly MailboxFilter[] = [{ which: 'selected' }]

/** Mailboxes that one command may search (RFC 7377 §2.4). */
export const maxSearchedMailboxes = 10_000

interface EsearchArgs extends SearchProgram {
  /** Where to search; in the selected mailbox where it is absent. */
  readonly sources: readonly MailboxFilter[] | undefined
}

/**
 * ESEARCH, RFC 7377 §2: SEARCH in many mailboxes at once, and always by UID. Sequence numbers in the keys count the
 * messages of each mailbox; `$` is of the selected one, and nothing in others.
 */
export const esearch: Command<'authenticated', EsearchArgs> = defineCommand({
  name: 'ESEARCH',
  capability: 'MULTISEARCH',
  state: 'authenticated',
  effects: { usesSequenceNumbers: true },

  parse(cursor) {
    cursor.space()
    const sources = parseSearchSources(cursor)
    const program = parseSearchProgram(cursor)
    cursor.end()
    return { sources, ...program }
  },

  async run(session, { sources = selectedAlone, returns, charset, key }, form) {
    const inSelected = sources.some(({ which }) => which === 'selected')
    if (inSelected && !isSelected(session)) throw new BadSyntax('Select a mailbox first', 0)
    const saves = returns?.options.has('SAVE') === true
    if (saves && sources.some(({ which }) => which !== 'selected')) {
      throw new BadSyntax('SAVE is for the selected mailbox alone', 0) // RFC 7377 §2.2
    }
    if (charset !== undefined && session.enabled.has('UTF8=ACCEPT')) {
      throw new BadSyntax('CHARSET has no place beside UTF8=ACCEPT', 0) // RFC 9755 §3
    }
    requireUpdatable(session, 'SEARCH', returns, form)
    if (returns?.update && !session.selected) throw new BadSyntax('UPDATE is of the selected mailbox', 0) // RFC 7377 §2.2
    if (returns?.update && isSelected(session))
      refuseUpdates(session, form.tag, 'Only SEARCH and SORT are kept up to date')
    return answered(session, returns, async () => {
      const selectedOnly = sources.every(({ which }) => which === 'selected')
      const decoded = await preparedKey(session, charset, key, selectedOnly)
      if (!decoded) return badCharset
      if (mentions(decoded, ['MODSEQ'])) session.enableCondstore() // RFC 7162 §3.1
      const mailboxes = await filteredMailboxes(session, sources)
      if (mailboxes.length > maxSearchedMailboxes) {
        throw new Refusal('LIMIT', `One search may be in ${maxSearchedMailboxes} mailboxes at most`)
      }
      const wanted = withDefault(returns)
      requireFuzzy(decoded, wanted.options.has('RELEVANCY'))
      let limitCode: string | undefined
      for await (const place of placesOf(session, inSelected, mailboxes)) {
        const { messages: newest, code: cut } = newestIn(session, decoded, place.context)
        const { rows, scores } = await searchFuzzily(newest, place.context)
        // How far it came cannot be said of several mailboxes in one number (RFC 9738 §5).
        if (cut !== undefined) limitCode = mailboxes.length === 0 ? cut : code.messageLimit(messageLimit(session))
        if (saves && isSelected(session)) save(session, isSavedOnly(wanted) ? rows : toldOf(rows, wanted))
        if (!isSavedOnly(wanted)) await tellFound(session, { ...place, wanted, key: decoded, form, scores }, rows)
      }
      return answerWithin(session, limitCode, {
        usedSequenceNumbers: mentions(decoded, ['SEQUENCE']),
        text: 'ESEARCH completed',
      })
    })
  },
})

function isSelected(session: SessionIn<'authenticated'>): session is SessionIn<'selected'> {
  return session.selected !== undefined
}

function isTheSelected({ selected }: SessionIn<'selected'>, { account, mailbox }: MailboxReference): boolean {
  return selected.account === account && selected.view.mailbox === mailbox.id
}

/** A mailbox that is searched. */
interface SearchedPlace {
  readonly name: string
  readonly context: SearchContext
}

/**
 * The mailboxes to search, the selected one first where it is asked for; one that is gone by the time that its turn comes,
 * or not the user's to read any more, is none.
 */
async function* placesOf(
  session: SessionIn<'authenticated'>,
  inSelected: boolean,
  mailboxes: readonly MailboxReference[],
): AsyncGenerator<SearchedPlace> {
  if (inSelected && isSelected(session)) yield { name: session.selected.name, context: searchContext(session) }
  for (const reference of mailboxes) {
    const { name } = reference
    if (isSelected(session) && isTheSelected(session, reference)) {
      if (!inSelected) yield { name, context: searchContext(session) }
      continue
    }
    if (!allows({ rights: await rightsNow(reference) }, 'r')) continue
    try {
      yield { name, context: await contextOf(session, reference) }
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'NONEXISTENT') throw error
    }
  }
}

async function contextOf(
  { services, io, collation }: SessionIn<'authenticated'>,
  { account, mailbox, user }: MailboxReference,
): Promise<SearchContext> {
  const snapshot = await account.snapshot(mailbox.id, user)
  const work: Work = { done: 0, goal: 0 }
  return {
    account,
    snapshot,
    viewUids: snapshot.uids,
    saved: new Uint32Array(0),
    isRecent: (uid) => uid >= snapshot.firstRecentUid,
    now: Math.floor(services.now() / 1000),
    breathe: () => io.breatheWhile(work),
    work,
    ...(collation && { collation }),
  }
}

/** What is told of one mailbox. */
interface Told extends SearchedPlace {
  readonly wanted: SearchReturns
  readonly key: SearchKey
  readonly form: CommandForm
  readonly scores: Uint8Array | undefined
}

/** The response for one mailbox; none where nothing was found (RFC 7377 §2.1). */
async function tellFound(
  session: SessionIn<'authenticated'>,
  { name, context, wanted, key, form, scores }: Told,
  rows: Uint32Array,
): Promise<void> {
  if (rows.length === 0) return
  const { uids, uidValidity, modSeqs } = context.snapshot
  let modSeq: number | undefined
  if (mentions(key, ['MODSEQ'])) {
    for (const row of toldOf(rows, wanted)) modSeq = Math.max(modSeq ?? 0, modSeqs.at(row))
  }
  const numbers = rows.map((row) => uids[row]!) // rows of the snapshot
  const relevancy = scores && rows.map((row) => scores[row]!)
  const mailbox = { text: session.mailboxText(name), uidValidity }
  await writeEsearch(session, { tag: form.tag, byUid: true, mailbox }, wanted, { numbers, modSeq, relevancy })
  if (session.out.full) await session.io.settled()
}
