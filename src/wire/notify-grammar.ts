import type { Cursor } from './cursor.ts'
import { type FetchItem, parseFetchItems } from './fetch-grammar.ts'
import { type MailboxFilter, parseMailboxFilter } from './mailbox-filter.ts'

/** Groups of events one NOTIFY may have. */
export const maxEventGroups = 100

/** What a client wants to hear of some mailboxes: RFC 5465 §8 event-group. */
export interface EventGroup {
  readonly filter: MailboxFilter
  /** Names in lower case, whether or not there are such events; empty for `NONE`. */
  readonly events: ReadonlySet<string>
  /** What of new messages in the selected mailbox. */
  readonly pushed: readonly FetchItem[]
}

/** The arguments of NOTIFY SET. */
export interface NotifySet {
  /** Whether the client wants to know first where its mailboxes stand. */
  readonly status: boolean
  readonly groups: readonly EventGroup[]
}

/** `SET ...`, or `undefined` for `NONE` (RFC 5465 §8 notify). Throws `BadSyntax`. */
export function parseNotify(cursor: Cursor): NotifySet | undefined {
  cursor.space()
  if (cursor.tryWord('NONE')) return undefined
  if (!cursor.tryWord('SET')) throw cursor.expected('SET or NONE')
  cursor.space()
  const status = cursor.tryWord('STATUS')
  if (status) cursor.space()
  const groups: EventGroup[] = []
  do {
    if (groups.length === maxEventGroups) throw cursor.bad('too many groups of events')
    groups.push(parseGroup(cursor))
  } while (cursor.hasMore && cursor.tryChar(' '))
  if (groups.filter(({ filter }) => isOfSelected(filter)).length > 1) {
    throw cursor.bad('selected and selected-delayed stand once, and for one another') // RFC 5465 §6.1
  }
  return { status, groups }
}

/** Whether a filter means the selected mailbox, and no other. */
export function isOfSelected({ which }: MailboxFilter): boolean {
  return which === 'selected' || which === 'selected-delayed'
}

const messageEvents: readonly string[] = ['messagenew', 'messageexpunge', 'flagchange', 'annotationchange']
const mailboxEvents: readonly string[] = [
  'mailboxname',
  'subscriptionchange',
  'mailboxmetadatachange',
  'servermetadatachange',
]

function parseGroup(cursor: Cursor): EventGroup {
  cursor.char('(', 'a group of events')
  const filter = parseMailboxFilter(cursor)
  cursor.space()
  const events = new Set<string>()
  let pushed: readonly FetchItem[] = []
  if (!cursor.tryWord('NONE')) {
    cursor.list(() => {
      const event = cursor.atom('an event').toLowerCase()
      events.add(event)
      if (event !== 'messagenew' || !cursor.startsWith(' (')) return
      if (!isOfSelected(filter)) throw cursor.bad('only of the selected mailbox are messages sent')
      cursor.space()
      pushed = parseFetchItems(cursor)
    })
    if (events.size === 0) throw cursor.expected('an event')
  }
  cursor.char(')')
  if (isOfSelected(filter) && mailboxEvents.some((event) => events.has(event))) {
    throw cursor.bad('that event is of mailboxes by name') // RFC 5465 §6.1
  }
  // RFC 5465 §5: who wants to hear of any message event wants to hear of these two.
  if (messageEvents.some((event) => events.has(event)) && !(events.has('messagenew') && events.has('messageexpunge'))) {
    throw cursor.bad('MessageNew and MessageExpunge go together, and with FlagChange')
  }
  return { filter, events, pushed }
}
