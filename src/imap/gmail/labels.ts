/** Labels of X-GM-EXT-1: the other mailboxes that a message is in, and two of its flags. */
import { type FlagSet, flagSet, systemFlag } from '../../model/flags.ts'
import type { SpecialUse } from '../../model/mailbox.ts'
import type { MailboxSnapshot } from '../../model/snapshot.ts'
import type { Selection } from '../../session/view.ts'
import type { FetchItem } from '../../wire/fetch-grammar.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { offers } from '../capabilities.ts'
import type { SessionIn } from '../command.ts'
import { allows, type MailboxReference, referenceTo, visibleIn } from '../reference.ts'
import type { ImapSession } from '../session.ts'

type Selected = SessionIn<'selected'>

/** Rows of a mailbox between two looks whether others are due. */
const rowsPerTurn = 16_384

/** Whether this session knows X-GM-EXT-1. */
export function speaksGmail(session: ImapSession): boolean {
  return session.services.gmail === true && offers(session, 'X-GM-EXT-1')
}

/** Throws `BadSyntax` for items of X-GM-EXT-1 in a session that does not know it. */
export function requireKnownItems(session: ImapSession, items: readonly FetchItem[]): void {
  if (items.some(({ item }) => item.startsWith('X-GM-')) && !speaksGmail(session)) {
    throw new BadSyntax('unknown fetch item', 0)
  }
}

/** Labels for what mailboxes are for, as they are told; what else they are known by. */
const labelsOfUses: readonly (readonly [label: string, use: SpecialUse, alias?: string])[] = [
  ['\\Sent', '\\Sent'],
  ['\\Draft', '\\Drafts', '\\Drafts'],
  ['\\Spam', '\\Junk', '\\Junk'],
  ['\\Trash', '\\Trash'],
  ['\\Important', '\\Important'],
]

/** Labels that are flags: `\Important` where no mailbox is for it (RFC 8457 §2 has both). */
const flagLabels: ReadonlyMap<string, FlagSet> = new Map([
  ['\\starred', flagSet(systemFlag.flagged)],
  ['\\flagged', flagSet(systemFlag.flagged)],
  ['\\important', flagSet(0, ['$Important'])],
])

/** What a label comes to. */
export type Label =
  | { readonly kind: 'mailbox'; readonly mailbox: MailboxReference }
  | { readonly kind: 'flag'; readonly flags: FlagSet }
  /** No mailbox of the account has this name, as the account would have it. */
  | { readonly kind: 'missing'; readonly name: string }
  /** A name with a backslash that means nothing here. */
  | { readonly kind: 'unknown' }

/** Mailboxes that are labels: those of the selected one's account that the user may read, but for one that holds all mail. */
export async function labelMailboxes({ selected }: Selected): Promise<MailboxReference[]> {
  const tree = await selected.account.tree()
  return visibleIn(selected.place, tree).filter(
    (reference) => allows(reference, 'r') && !reference.mailbox.specialUse.includes('\\All'),
  )
}

/** The label with this name, as octets of the wire. */
export async function labelNamed(session: Selected, wire: string): Promise<Label> {
  const { place, account } = session.selected
  if (wire.startsWith('\\')) return systemLabel(await labelMailboxes(session), wire)
  const whole = session.mailboxName(wire)
  // Labels belong to the account: names of another begin with the same words as its other mailboxes'.
  const name = whole.startsWith(place.prefix) ? whole.slice(place.prefix.length) : whole
  const mailbox = (await account.tree()).byName.get(name)
  if (!mailbox) return { kind: 'missing', name }
  const reference = referenceTo(place, mailbox)
  const isVisible = place.user === undefined || allows(reference, 'l')
  return isVisible ? { kind: 'mailbox', mailbox: reference } : { kind: 'missing', name }
}

/** `\Inbox` and its like, in any case. */
export function systemLabel(mailboxes: readonly MailboxReference[], label: string): Label {
  const lower = label.toLowerCase()
  const use = labelsOfUses.find((names) => names.some((name) => name?.toLowerCase() === lower))?.[1]
  const mailbox = mailboxes.find(({ mailbox: { name, specialUse } }) =>
    use === undefined ? lower === '\\inbox' && name === 'INBOX' : specialUse.includes(use),
  )
  if (mailbox) return { kind: 'mailbox', mailbox }
  const flags = flagLabels.get(lower)
  if (flags) return { kind: 'flag', flags }
  return use === undefined && lower !== '\\inbox' ? { kind: 'unknown' } : { kind: 'missing', name: label.slice(1) }
}

/** The labels that FETCH is to tell, where they are among its items. */
export async function labelsToFetch(
  session: Selected,
  items: readonly FetchItem[],
  { rows }: Pick<Selection, 'rows'>,
): Promise<{ readonly labels?: (row: number) => string }> {
  if (!items.some(({ item }) => item === 'X-GM-LABELS')) return {}
  return { labels: await labelsOfRows(session, session.selected.view.snapshot, rows) }
}

/** A mailbox as a label on the wire. */
function labelText(session: Selected, { mailbox, name }: MailboxReference): string {
  if (mailbox.name === 'INBOX') return '\\Inbox'
  const [system] = labelsOfUses.find(([, use]) => mailbox.specialUse.includes(use)) ?? []
  return system ?? session.mailboxText(name)
}

/** Which messages, by number, a mailbox holds of some. */
export async function messagesIn(
  session: Selected,
  { account, mailbox, user }: MailboxReference,
  visit: (message: number, row: number, snapshot: MailboxSnapshot) => void,
): Promise<void> {
  const snapshot = await account.snapshot(mailbox.id, user)
  const { messages } = snapshot
  for (let row = 0; row < messages.length; row++) {
    visit(messages[row]!, row, snapshot) // inside bounds
    if (row % rowsPerTurn === rowsPerTurn - 1) {
      const turn = session.io.breathe()
      if (turn) await turn
    }
  }
}

/**
 * `X-GM-LABELS (..)` by row of a snapshot of the selected mailbox, for these rows; others have none. The selected mailbox
 * itself is not among the labels, as with Gmail: the client knows.
 */
export async function labelsOfRows(
  session: Selected,
  snapshot: MailboxSnapshot,
  rows: Int32Array,
): Promise<(row: number) => string> {
  const texts = new Map<number, string>()
  for (const row of rows) if (row >= 0) texts.set(snapshot.messages[row]!, '') // rows of the snapshot, here and below
  const others = (await labelMailboxes(session)).filter(({ mailbox }) => mailbox.id !== snapshot.mailbox)
  for (const reference of texts.size > 0 ? others : []) {
    const label = labelText(session, reference)
    await messagesIn(session, reference, (message) => {
      const text = texts.get(message)
      if (text === undefined) return
      // A mailbox may hold a message twice, one behind the other as far as labels go.
      if (text !== label && !text.endsWith(' ' + label)) texts.set(message, text === '' ? label : text + ' ' + label)
    })
  }
  const hasImportant = others.some(({ mailbox }) => mailbox.specialUse.includes('\\Important'))
  const ofFlags = snapshot.flagSets.map(({ system, keywords }) => {
    const labels = system & systemFlag.flagged ? ['\\Starred'] : []
    if (!hasImportant && keywords.some((name) => name.toLowerCase() === '$important')) labels.push('\\Important')
    return labels.join(' ')
  })
  return (row) => {
    const flags = ofFlags[snapshot.flags.at(row)]! // every number in the column has its set
    const mailboxes = texts.get(snapshot.messages[row]!) ?? ''
    return `X-GM-LABELS (${mailboxes}${mailboxes !== '' && flags !== '' ? ' ' : ''}${flags})`
  }
}
