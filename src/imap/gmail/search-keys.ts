/** Search keys of X-GM-EXT-1 as keys that every search knows. */
import type { NumberRange } from '../../wire/number-set.ts'
import type { SearchKey } from '../../wire/search-grammar.ts'
import { mentions } from '../../search/search.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import type { SessionIn } from '../command.ts'
import { type Label, labelMailboxes, labelNamed, messagesIn, speaksGmail, systemLabel } from './labels.ts'
import { parseQuery, type Query } from './query.ts'

type Selected = SessionIn<'selected'>

/** Messages whose structures are read at once. */
const batchMessages = 64

/** How BODYSTRUCTURE says that a part is attached; in a string, its quotes would have backslashes. */
const attachment = /\("attachment" (?:\(|NIL\))/i

/**
 * The search, texts in Unicode, with other keys in place of X-GM-LABELS and X-GM-RAW. They are about the account of the
 * selected mailbox; `inSelected`: whether it is the one to be searched. Throws `BadSyntax` where it is not, and for any
 * key of X-GM-EXT-1 that is not offered; `Refusal` as `parseQuery` does.
 */
export async function withoutGmailKeys(
  session: SessionIn<'authenticated'>,
  key: SearchKey,
  inSelected: boolean,
): Promise<SearchKey> {
  if (!mentions(key, ['X-GM-LABELS', 'X-GM-RAW', 'X-GM-MSGID', 'X-GM-THRID'])) return key
  if (!speaksGmail(session)) throw new BadSyntax('There is no such search key', 0)
  if (!mentions(key, ['X-GM-LABELS', 'X-GM-RAW'])) return key
  if (!inSelected || !isSelected(session)) {
    throw new BadSyntax('X-GM-LABELS and X-GM-RAW are about the selected mailbox', 0)
  }
  return replaced(session, key)
}

function isSelected(session: SessionIn<'authenticated'>): session is Selected {
  return session.selected !== undefined
}

async function replaced(session: Selected, key: SearchKey): Promise<SearchKey> {
  if (key.key === 'X-GM-LABELS') return keyOfLabel(session, await labelNamed(session, key.label))
  if (key.key === 'X-GM-RAW') return keyOf(session, parseQuery(key.query, Math.floor(session.services.now() / 1000)))
  if ('operand' in key) return { key: key.key, operand: await replaced(session, key.operand) }
  if (key.key === 'AND') {
    const operands: SearchKey[] = []
    for (const operand of key.operands) operands.push(await replaced(session, operand))
    return { key: 'AND', operands }
  }
  if (key.key !== 'OR') return key
  return { key: 'OR', left: await replaced(session, key.left), right: await replaced(session, key.right) }
}

async function keyOf(session: Selected, query: Query): Promise<SearchKey> {
  switch (query.ask) {
    case 'key':
      return query.key
    case 'label':
      return keyOfLabel(session, await labelForPeople(session, query.label))
    case 'attachment':
      return keyOfAttachments(session)
    case 'not':
      return { key: 'NOT', operand: await keyOf(session, query.operand) }
    case 'and':
    case 'or': {
      const operands: SearchKey[] = []
      for (const operand of query.operands) operands.push(await keyOf(session, operand))
      return query.ask === 'and' ? { key: 'AND', operands } : anyOf(operands)
    }
  }
}

/** OR has two operands: halves, so that a long chain does not become a deep one. */
function anyOf(operands: readonly SearchKey[]): SearchKey {
  const [only = nothing] = operands
  if (operands.length < 2) return only
  const middle = operands.length >>> 1
  return { key: 'OR', left: anyOf(operands.slice(0, middle)), right: anyOf(operands.slice(middle)) }
}

const nothing: SearchKey = { key: 'NOT', operand: { key: 'ALL' } }

/** A label as people write it: in any case, and with hyphens for spaces and for what stands between levels. */
async function labelForPeople(session: Selected, label: string): Promise<Label> {
  const mailboxes = await labelMailboxes(session)
  if (label.startsWith('\\')) return systemLabel(mailboxes, label)
  const plain = (name: string): string => name.normalize('NFC').toLowerCase().replace(/[ /]/g, '-')
  const mailbox = mailboxes.find(({ name }) => plain(name) === plain(label))
  return mailbox ? { kind: 'mailbox', mailbox } : { kind: 'missing', name: label }
}

async function keyOfLabel(session: Selected, label: Label): Promise<SearchKey> {
  switch (label.kind) {
    case 'missing':
      return nothing
    case 'unknown':
      throw new BadSyntax('There is no such label', 0)
    case 'flag': {
      const { text } = label.flags
      return { key: 'FLAG', flag: text, present: true }
    }
    case 'mailbox': {
      const { mailbox } = label
      if (mailbox.mailbox.id === session.selected.view.mailbox) return { key: 'ALL' }
      if (!mailbox.rights.includes('r')) return nothing
      const there = new Set<number>()
      await messagesIn(session, mailbox, (message) => there.add(message))
      const { messages } = session.selected.view.snapshot
      return keyOfRows(session, (row) => there.has(messages[row]!)) // inside bounds
    }
  }
}

async function keyOfAttachments(session: Selected): Promise<SearchKey> {
  const { account, view } = session.selected
  const { messages } = view.snapshot
  const has = new Uint8Array(messages.length)
  for (let start = 0; start < messages.length; start += batchMessages) {
    const { bytes, offsets } = await account.readComputed(
      'bodyStructure',
      messages.subarray(start, start + batchMessages),
    )
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    for (let n = 0; n + 1 < offsets.length; n++) {
      if (attachment.test(text.slice(offsets[n], offsets[n + 1]))) has[start + n] = 1
    }
    const turn = session.io.breathe()
    if (turn) await turn
  }
  return keyOfRows(session, (row) => has[row] === 1)
}

/** Rows of the selected mailbox as a key, by their UIDs. */
function keyOfRows({ selected }: Selected, matches: (row: number) => boolean): SearchKey {
  const { uids } = selected.view.snapshot
  const ranges: NumberRange[] = []
  for (let row = 0; row < uids.length; row++) {
    if (!matches(row)) continue
    const first = uids[row]! // inside bounds, here and below
    while (row + 1 < uids.length && matches(row + 1)) row++
    ranges.push([first, uids[row]!])
  }
  return { key: 'UID', set: { saved: false, ranges } }
}
