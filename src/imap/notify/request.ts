import { parentNames, separator } from '../../model/mailbox.ts'
import type { FetchItem } from '../../wire/fetch-grammar.ts'
import { type EventGroup, isOfSelected, type NotifySet } from '../../wire/notify-grammar.ts'

/** The bits of {@link Events}. MessageNew and MessageExpunge always come together (RFC 5465 §5). */
export const event = {
  messages: 1,
  flags: 2,
  names: 4,
  subscriptions: 8,
  mailboxMetadata: 16,
  serverMetadata: 32,
} as const

/** Some of the events of {@link event}, as their sum. */
export type Events = number

/** The events there are, in the order of RFC 5465 §8, with their bits. */
const knownEvents: ReadonlyMap<string, Events> = new Map([
  ['MessageNew', event.messages],
  ['MessageExpunge', event.messages],
  ['FlagChange', event.flags],
  ['MailboxName', event.names],
  ['SubscriptionChange', event.subscriptions],
  ['MailboxMetadataChange', event.mailboxMetadata],
  ['ServerMetadataChange', event.serverMetadata],
])

const bitOf: ReadonlyMap<string, Events> = new Map([...knownEvents].map(([name, bit]) => [name.toLowerCase(), bit]))

/** The names of events; those of annotations only where there are any (RFC 5465 §5.6). */
export function eventNames(withMetadata: boolean): string[] {
  return [...knownEvents.keys()].filter((name) => withMetadata || !name.includes('Metadata'))
}

/** One group of a request: which mailboxes, by the names that the client knows, and what of them. */
interface Group {
  /** Every own mailbox. */
  readonly personal: boolean
  readonly subscribed: boolean
  /** Mailboxes that are named. */
  readonly names: ReadonlySet<string>
  /** Names above mailboxes at any depth, and right above them. */
  readonly above: ReadonlySet<string>
  readonly rightAbove: ReadonlySet<string>
  readonly events: Events
}

/** What a client wants to be notified of. */
export interface NotifyRequest {
  /** How changes of the selected mailbox are told: not at all, expunges not between commands, or all at once. */
  readonly selected: 'hidden' | 'delayed' | 'at once'
  readonly selectedFlags: boolean
  /** What is sent of each new message in the selected mailbox. */
  readonly pushed: readonly FetchItem[]
  readonly groups: readonly Group[]
}

/** Who wants to hear nothing. */
export const nothing: NotifyRequest = { selected: 'hidden', selectedFlags: false, pushed: [], groups: [] }

/** The request with names as the store has them, which `nameOf` makes of the client's octets. */
export function requestOf({ groups }: NotifySet, nameOf: (wire: string) => string): NotifyRequest {
  const ofSelected = groups.find(({ filter }) => isOfSelected(filter))
  const events = ofSelected ? eventsIn(ofSelected) : 0
  return {
    selected: events === 0 ? 'hidden' : ofSelected?.filter.which === 'selected' ? 'at once' : 'delayed',
    selectedFlags: (events & event.flags) !== 0,
    pushed: ofSelected?.pushed ?? [],
    groups: groups.filter(({ filter }) => !isOfSelected(filter)).map((group) => groupOf(group, nameOf)),
  }
}

function eventsIn(group: EventGroup): Events {
  let events = 0
  for (const name of group.events) events |= bitOf.get(name) ?? 0
  return events
}

const noNames: ReadonlySet<string> = new Set()

function groupOf(group: EventGroup, nameOf: (wire: string) => string): Group {
  const { filter } = group
  const names = 'names' in filter ? new Set(filter.names.map(nameOf)) : noNames
  return {
    personal: filter.which === 'personal' || filter.which === 'inboxes', // RFC 5465 §6.3: mail may go to any of them
    subscribed: filter.which === 'subscribed',
    names,
    above: filter.which === 'subtree' ? names : noNames,
    rightAbove: filter.which === 'subtree-one' ? names : noNames,
    events: eventsIn(group),
  }
}

/** The events that are wanted of a mailbox, all groups together (RFC 5465 §6); `name` as the client knows it. */
export function eventsOf(
  { groups }: NotifyRequest,
  name: string,
  isOwn: boolean,
  subscribed: ReadonlySet<string>,
): Events {
  let events = 0
  for (const group of groups) {
    const covers =
      (group.personal && isOwn) ||
      (group.subscribed && subscribed.has(name)) ||
      group.names.has(name) ||
      (group.above.size > 0 && parentNames(name).some((parent) => group.above.has(parent))) ||
      (group.rightAbove.size > 0 && group.rightAbove.has(name.slice(0, Math.max(0, name.lastIndexOf(separator)))))
    if (covers) events |= group.events
  }
  return events
}

/** The events that are wanted of any mailbox. */
export function allEvents({ groups }: NotifyRequest): Events {
  return groups.reduce((events, group) => events | group.events, 0)
}

/** All names in a request, by which accounts are found: of mailboxes, and `subscribed` where subscriptions are meant. */
export function* namesIn({ groups }: NotifyRequest, subscribed: ReadonlySet<string>): Iterable<string> {
  for (const group of groups) {
    yield* group.names
    if (group.subscribed) yield* subscribed
  }
}
