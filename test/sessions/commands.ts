import { type ClientCommand, type ToldClient } from './told-client.ts'

/** Three numbers from 0 to below 2^16 that a command makes its choices from. */
export type Choices = readonly [a: number, b: number, c: number]

/** The mailboxes of the game. */
export const mailboxNames: readonly string[] = ['INBOX', 'INBOX', 'one', 'one', 'two', 'one/deep']

/** What the owner's mailboxes are called by whom they are shared with. */
export const sharedPrefix = 'Other Users/alice/'

/** A mailbox of the game as a client calls it. */
function wireName({ isGuest }: Pick<ToldClient, 'isGuest'>, name: string): string {
  return isGuest ? `"${sharedPrefix}${name}"` : name
}

/** The same as responses have it. */
function plainName({ isGuest }: Pick<ToldClient, 'isGuest'>, name: string): string {
  return isGuest ? sharedPrefix + name : name
}

/** That the client changes a mailbox which {@link someName} chooses by the same number. */
function changing(client: ToldClient, choice: number): Pick<ClientCommand, 'changes'> {
  return { changes: { name: plainName(client, of(mailboxNames, choice)) } }
}

/** That it may change any. */
const changingAny: Pick<ClientCommand, 'changes'> = { changes: {} }

const someName = (client: ToldClient, choice: number): string => wireName(client, of(mailboxNames, choice))

const flagNames: readonly string[] = ['\\Seen', '\\Deleted', '\\Flagged', '\\Answered', 'alpha', 'Beta']

/** Makes messages that are all different, and small. */
export class MessageMaker {
  #made = 0

  next(): string {
    const n = ++this.#made
    const parent = n > 3 ? `In-Reply-To: <${n - (n % 3) - 1}@test>\r\n` : ''
    return `Subject: message ${n}\r\nMessage-Id: <${n}@test>\r\n${parent}\r\nThis is number ${n}.\r\n`
  }
}

type Make = (client: ToldClient, choices: Choices, maker: MessageMaker) => ClientCommand | undefined

const of = <Item>(items: readonly Item[], choice: number): Item => items[choice % items.length]! // never empty

function someFlags(choice: number): string[] {
  return flagNames.filter((_, n) => (choice >> n) & 1)
}

/** Sequence numbers or UIDs that the client knows, 1 to 4 of them, and now and then one too high. */
function someNumbers(client: ToldClient, choice: number, byUid: boolean): number[] | undefined {
  const messages = client.view?.messages ?? []
  const known = messages.flatMap(({ uid }, at) => (byUid ? (uid === undefined ? [] : [uid]) : [at + 1]))
  if (choice % 31 === 30) known.push((known.at(-1) ?? 0) + 1)
  if (known.length === 0) return byUid ? [1 + (choice % 9)] : undefined
  const first = choice % known.length
  return known.slice(first, first + 1 + ((choice >> 8) % 4))
}

/** Whether a command is to be in its UID form: every other one, and with UIDONLY nearly all. */
function goesByUid({ enabled }: ToldClient, choice: number): boolean {
  return choice % 2 === 0 || (enabled.has('UIDONLY') && choice % 16 !== 1)
}

/** A set as text, sometimes with `*`, sometimes as a range. */
function setText(numbers: readonly number[], choice: number): string {
  if (choice % 5 === 4) return `${numbers[0]}:*`
  if (choice % 11 === 10) return '*'
  return numbers.join(',')
}

function simple(text: string, more: Partial<ClientCommand> = {}): ClientCommand {
  return { pieces: [text + '\r\n'], name: text, ...more }
}

/** A command on a set, in its plain and its UID form. */
function onSet(
  client: ToldClient,
  name: string,
  [a, b]: Choices,
  rest: string,
  more: (numbers: readonly number[]) => Partial<ClientCommand> = () => ({}),
): ClientCommand | undefined {
  const byUid = goesByUid(client, a)
  const numbers = someNumbers(client, a >> 1, byUid)
  if (!numbers) return undefined
  const extra = more(numbers)
  // What is silent must be spelled out, or the client could not tell what it changed.
  const set = extra.silent ? numbers.join(',') : setText(numbers, b)
  const full = byUid ? `UID ${name}` : name
  return { pieces: [`${full} ${set}${rest}\r\n`], name: full, bySeqNum: !byUid, selected: true, ...extra }
}

const select =
  (name: 'SELECT' | 'EXAMINE'): Make =>
  (client, [a, b]) => {
    const readOnly = name === 'EXAMINE'
    const candidates = [...client.kept.values()]
    const resumes = client.enabled.has('QRESYNC') && b % 4 !== 0 && candidates.length > 0
    const kept = resumes ? of(candidates, b >> 2) : undefined
    // Now and then what was kept is of another mailbox, by its UIDVALIDITY.
    const mailbox = kept && b % 7 !== 0 ? kept.mailbox : of(mailboxNames, a)
    const parameters = kept ? ` (QRESYNC (${kept.uidValidity} ${kept.modSeq}))` : b % 5 === 0 ? ' (CONDSTORE)' : ''
    return {
      pieces: [`${name} ${wireName(client, mailbox)}${parameters}\r\n`],
      name,
      selects: { mailbox, readOnly, ...(kept && { kept }) },
      ...(b % 5 === 0 && !kept && { enables: ['CONDSTORE'] }),
    }
  }

const append: Make = (client, [a, b, c], maker) => {
  const messages = Array.from({ length: c % 4 === 0 ? 1 + (c % 3) : 1 }, () => maker.next())
  const sync = b % 3 === 0
  const pieces = [`APPEND ${someName(client, a)}`]
  for (const message of messages) {
    const date = b % 7 === 0 ? ' "01-Jan-2020 00:00:00 +0000"' : ''
    if (!sync && c % 6 === 5) {
      pieces[pieces.length - 1] += ` (${someFlags(a >> 3).join(' ')})${date} CATENATE (${inTwoTexts(message)})`
      continue
    }
    pieces[pieces.length - 1] +=
      ` (${someFlags(a >> 3).join(' ')})${date} ${c % 9 === 8 ? '~' : ''}{${message.length}${sync ? '' : '+'}}\r\n`
    if (sync) pieces.push(message)
    else pieces[pieces.length - 1] += message
  }
  pieces[pieces.length - 1] += '\r\n'
  return { pieces, name: 'APPEND', messages, ...changing(client, a) }
}

/** A message as two parts of CATENATE, somewhere cut. */
function inTwoTexts(message: string): string {
  const cut = message.length >> 1
  const text = (part: string): string => `TEXT {${part.length}+}\r\n${part}`
  return `${text(message.slice(0, cut))} ${text(message.slice(cut))}`
}

const replace: Make = (client, [a, b, c], maker) => {
  const byUid = goesByUid(client, a)
  const number = someNumbers(client, a >> 1, byUid)?.[0]
  if (number === undefined) return undefined
  const message = maker.next()
  const name = byUid ? 'UID REPLACE' : 'REPLACE'
  const head = `${name} ${number} ${someName(client, b)} (${someFlags(c).join(' ')}) {${message.length}+}\r\n`
  return {
    pieces: [head + message + '\r\n'],
    name,
    bySeqNum: !byUid,
    selected: true,
    messages: [message],
    ...changing(client, b),
  }
}

const store: Make = (client, choices) => {
  const [, b, c] = choices
  const mode = of(['add', 'remove', 'replace'] as const, c)
  const names = someFlags(b >> 4)
  const isSilent = c % 2 === 0
  const known = client.view?.messages.flatMap(({ modSeq }) => modSeq ?? []) ?? []
  const condition = c % 4 === 3 ? ` (UNCHANGEDSINCE ${of([1, client.view?.safeModSeq ?? 1, ...known], c >> 3)})` : ''
  const sign = { add: '+', remove: '-', replace: '' }[mode]
  return onSet(
    client,
    'STORE',
    choices,
    `${condition} ${sign}FLAGS${isSilent ? '.SILENT' : ''} (${names.join(' ')})`,
    (numbers) => ({
      ...(isSilent && { silent: { mode, names, numbers } }),
      ...(condition !== '' && { enables: ['CONDSTORE'] }),
    }),
  )
}

const fetchItems: readonly string[] = [
  'FLAGS',
  '(UID FLAGS)',
  '(UID FLAGS MODSEQ)',
  '(UID BODY.PEEK[])',
  '(UID BODY[])',
]

const fetch: Make = (client, choices) => {
  const items = of(fetchItems, choices[2])
  return onSet(client, 'FETCH', choices, ` ${items}`, () =>
    items.includes('MODSEQ') ? { enables: ['CONDSTORE'] } : {},
  )
}

/** Plain SELECT. */
export function selectCommand(client: ToldClient, mailbox: string): ClientCommand {
  return { pieces: [`SELECT ${wireName(client, mailbox)}\r\n`], name: 'SELECT', selects: { mailbox, readOnly: false } }
}

/** What a client does after SELECT, and so has a complete view; nothing where it has none. */
export function fetchAll(client: ToldClient, [a]: Choices = [0, 0, 0]): ClientCommand | undefined {
  if (!client.view) return undefined
  const condstore = client.enabled.has('CONDSTORE') || client.enabled.has('QRESYNC')
  const name = goesByUid(client, a) ? 'UID FETCH' : 'FETCH'
  return simple(`${name} 1:* (UID FLAGS${condstore ? ' MODSEQ' : ''})`, {
    name,
    selected: true,
    bySeqNum: name === 'FETCH',
  })
}

const fetchChanged: Make = (client, [a]) => {
  if (!client.view || !client.enabled.has('QRESYNC')) return undefined
  const since = Math.max(1, client.view.safeModSeq)
  const text = `UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${since}${a % 2 === 0 ? ' VANISHED' : ''})`
  return simple(text, { name: 'UID FETCH', selected: true })
}

const searches: readonly string[] = ['ALL', 'UNSEEN', 'RETURN (COUNT ALL) DELETED', 'NOT FLAGGED', '1:*', 'UID 1:5']

const search: Make = (client, [a, b]) => {
  const name = goesByUid(client, a) ? 'UID SEARCH' : 'SEARCH'
  const key = of(searches, b)
  const bySeqNum = name === 'SEARCH' || key === '1:*'
  return simple(`${name} ${key}`, { name, selected: true, bySeqNum })
}

const enable: Make = (client, [a]) => {
  const extension = a % 8 === 7 ? 'UIDONLY' : of(['CONDSTORE', 'QRESYNC'], a)
  return client.enabled.has(extension)
    ? undefined
    : simple(`ENABLE ${extension}`, { name: 'ENABLE', enables: [extension] })
}

/** Rights that others are granted, from all to none. */
const grants: readonly string[] = [
  'lrswipkxte',
  'lrswite',
  'lrswit',
  'lrsi',
  'lrs',
  'lrw',
  'lr',
  'l',
  '-w',
  '+w',
  '-s',
  '+st',
  '',
]

export const setAcl: Make = (client, [a, b]) => simple(`SETACL ${someName(client, a)} bob "${of(grants, b)}"`)

const deleteAcl: Make = (client, [a]) => (a % 4 === 0 ? simple(`DELETEACL ${someName(client, a >> 2)} bob`) : undefined)

const setMetadata: Make = (client, [a, b, c]) => {
  const entry = of(['/shared/comment', '/private/comment', '/private/vendor/crispin/x'], b)
  return simple(`SETMETADATA ${someName(client, a)} (${entry} ${c % 4 === 0 ? 'NIL' : `"${'x'.repeat(c % 200)}"`})`)
}

const subscribe: Make = (client, [a, b]) =>
  simple(`${b % 2 === 0 ? 'SUBSCRIBE' : 'UNSUBSCRIBE'} ${someName(client, a)}`)

/** Copies and expunges in several mailboxes at once. */
const storeLabels: Make = (client, [a, b, c]) => {
  const numbers = someNumbers(client, a, true)
  const label = of(['one', 'two', '"one/deep"', '\\Inbox'], b)
  if (!numbers || client.isGuest) return undefined
  return simple(`UID STORE ${setText(numbers, b)} ${of(['+', '-', ''], c)}X-GM-LABELS.SILENT (${label})`, {
    name: 'UID STORE',
    selected: true,
    ...changingAny,
  })
}

const copyOrMove =
  (name: 'COPY' | 'MOVE'): Make =>
  (client, choices) =>
    onSet(client, name, choices, ` ${someName(client, choices[2])}`, () => changing(client, choices[2]))

/** The events of messages; with `items` of each new one. */
function messageEvents(withFlags: boolean, items = ''): string {
  return `(MessageNew${items} MessageExpunge${withFlags ? ' FlagChange' : ''})`
}

/** Which other mailboxes a client may ask about: as NOTIFY has it, and whether a name is among them. */
function otherMailboxes(client: ToldClient, choice: number): [text: string, covers: (name: string) => boolean] {
  const some = ['INBOX', 'one', 'two'].slice(choice % 2)
  const wire = some.map((name) => wireName(client, name)).join(' ')
  const above = plainName(client, 'one')
  switch (choice % 5) {
    case 0:
      return [`mailboxes (${wire})`, (name) => some.some((one) => plainName(client, one) === name)]
    case 1:
      return [`subtree ${wireName(client, 'one')}`, (name) => name === above || name.startsWith(above + '/')]
    default:
      return client.isGuest
        ? [`subtree "${sharedPrefix.slice(0, -1)}"`, (name) => name.startsWith(sharedPrefix)]
        : ['personal', () => true]
  }
}

/** NOTIFY in all its forms; most clients want to hear of everything. */
export const notify: Make = (client, [a, b, c]) => {
  const selected = of(['at once', 'at once', 'delayed', 'delayed', 'hidden'] as const, a)
  const selectedFlags = a % 7 !== 6
  const otherFlags = b % 3 !== 2
  const status = b % 2 === 0
  if (c % 16 === 15) {
    const wish = { selected: 'hidden', selectedFlags: false, covers: () => false, otherFlags: false, status } as const
    return simple('NOTIFY NONE', { name: 'NOTIFY', notify: wish })
  }
  const [which, covers] = otherMailboxes(client, c)
  const items = of(['', ' (UID)', ' (UID FLAGS)'], b >> 2)
  const specifier = selected === 'delayed' ? 'selected-delayed' : 'selected'
  const ofSelected = selected === 'hidden' ? '' : `(${specifier} ${messageEvents(selectedFlags, items)}) `
  const text = `NOTIFY SET ${status ? 'STATUS ' : ''}${ofSelected}(${which} ${messageEvents(otherFlags)})`
  return simple(text, { name: 'NOTIFY', notify: { selected, selectedFlags, covers, otherFlags, status } })
}

/** NOTIFY with which a client hears again of all that happens in the selected mailbox. */
export const notifySelected: ClientCommand = simple(`NOTIFY SET (selected ${messageEvents(true)})`, {
  name: 'NOTIFY',
  notify: { selected: 'at once', selectedFlags: true, covers: () => false, otherFlags: false, status: false },
})

/** Every command of the game, as often as it should come up. */
export const makers: readonly Make[] = [
  select('SELECT'),
  select('SELECT'),
  select('SELECT'),
  select('EXAMINE'),
  append,
  append,
  append,
  append,
  store,
  store,
  store,
  store,
  store,
  store,
  copyOrMove('COPY'),
  copyOrMove('COPY'),
  copyOrMove('MOVE'),
  () => simple('EXPUNGE', { selected: true }),
  () => simple('EXPUNGE', { selected: true }),
  (client, [a, b]) => {
    const numbers = someNumbers(client, a, true)
    return numbers && simple(`UID EXPUNGE ${setText(numbers, b)}`, { name: 'UID EXPUNGE', selected: true })
  },
  replace,
  () => simple('CLOSE', { selected: true }),
  () => simple('UNSELECT', { selected: true }),
  (client, [a]) => simple(`CREATE ${someName(client, a)}`, changingAny),
  (client, [a]) => simple(`CREATE ${someName(client, a)}`, changingAny),
  (client, [a, b]) => simple(`RENAME ${someName(client, a)} ${someName(client, b)}`, changingAny),
  (client, [a]) =>
    a % 4 === 0 ? simple(`DELETE ${someName(client, a >> 2)}`, { deletes: true, ...changingAny }) : undefined,
  setAcl,
  setAcl,
  deleteAcl,
  setMetadata,
  subscribe,
  storeLabels,
  () => simple('NOOP'),
  () => simple('NOOP'),
  () => simple('CHECK', { selected: true }),
  () => simple('IDLE'),
  () => simple('IDLE'),
  fetch,
  fetch,
  fetch,
  fetch,
  fetchAll,
  fetchAll,
  fetchAll,
  fetchChanged,
  search,
  search,
  (client, [a]) =>
    simple(`STATUS ${someName(client, a)} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE)`, { name: 'STATUS' }),
  enable,
  (_client, [a]) => (a % 8 === 0 ? simple('COMPRESS DEFLATE', { name: 'COMPRESS' }) : undefined),
  notify,
  notify,
  notify,
]
