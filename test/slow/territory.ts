import { createHash } from 'node:crypto'
import { flagSetOf, noFlags } from '../../src/model/flags.ts'
import type { Operation } from '../../src/model/operation.ts'
import { type AccountStore, StoreFailure } from '../../src/store/store.ts'
import type { MailboxImage } from '../store-image.ts'

/**
 * A worker of the kill test changes two mailboxes that are its own, one commit after the other, so that what they must
 * hold can be told by its own doings alone: all that was acknowledged, and the commit in flight whole or not at all.
 */
export interface Territory {
  readonly worker: number
  readonly a: Box
  readonly b: Box
}

/** One mailbox of a territory. */
export interface Box {
  readonly name: string
  /** 0 while it is not known: after the mailbox was made anew. */
  readonly uidValidity: number
  readonly uidNext: number
  /** By UID, as in {@link MailboxImage}. */
  readonly messages: Readonly<Record<number, string>>
  /** The value of its one annotation; empty where there is none. */
  readonly note: string
  /** What bob may do with it. */
  readonly rights: string
}

/** What a worker does, as the child tells it. */
export type Deed =
  | { readonly do: 'append'; readonly box: Side; readonly mails: readonly Mail[]; readonly flagged: boolean }
  | { readonly do: 'copy' | 'move'; readonly from: Side; readonly uids: readonly number[] }
  | { readonly do: 'flags'; readonly box: Side; readonly uids: readonly number[]; readonly flag: '' | Flag }
  | { readonly do: 'expunge'; readonly box: Side; readonly uids: readonly number[] }
  | { readonly do: 'rename'; readonly box: Side; readonly to: string }
  | { readonly do: 'recreate'; readonly box: Side }
  | { readonly do: 'annotate'; readonly box: Side; readonly note: string }
  | { readonly do: 'share'; readonly box: Side; readonly rights: string }

/** The flags that a worker sets; a message has one of them or none. */
export type Flag = '\\Flagged' | '\\Deleted'

/** Which of the two mailboxes. */
export type Side = 'a' | 'b'

/** A message, from which its octets follow. */
export interface Mail {
  readonly subject: string
  readonly size: number
}

/** A territory before anything was done. */
export function newTerritory(worker: number): Territory {
  return { worker, a: newBox(`worker-${worker}-a`), b: newBox(`worker-${worker}-b`) }
}

function newBox(name: string): Box {
  return { name, uidValidity: 0, uidNext: 1, messages: {}, note: '', rights: '' }
}

const other = (side: Side): Side => (side === 'a' ? 'b' : 'a')
const internalDate = 1_000_000_000

/** The octets of a message. */
export function octetsOf({ subject, size }: Mail): Buffer {
  const header = `Subject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '.')}@example.org>\r\n\r\n`
  return Buffer.concat([Buffer.from(header), Buffer.alloc(size, `${subject} and so on\r\n`)])
}

function messageText(mail: Mail, flagged: boolean): string {
  const octets = octetsOf(mail)
  const digest = createHash('sha1').update(octets).digest('hex').slice(0, 12)
  return `(${flagged ? '\\Flagged' : ''}) ${internalDate} ${octets.length} ${digest}`
}

/** The territory after a deed. */
export function after(territory: Territory, deed: Deed): Territory {
  switch (deed.do) {
    case 'append':
      return withBox(territory, deed.box, (box) =>
        added(
          box,
          deed.mails.map((mail) => messageText(mail, deed.flagged)),
        ),
      )
    case 'copy':
    case 'move': {
      const from = territory[deed.from]
      const taken = deed.uids.map((uid) => from.messages[uid] ?? '?')
      const copied = withBox(territory, other(deed.from), (box) => added(box, taken))
      return deed.do === 'copy' ? copied : withBox(copied, deed.from, (box) => without(box, deed.uids))
    }
    case 'flags':
      return withBox(territory, deed.box, (box) => {
        const messages = { ...box.messages }
        for (const uid of deed.uids) {
          messages[uid] = (messages[uid] ?? '?').replace(/^\([^)]*\)/, `(${deed.flag})`)
        }
        return { ...box, messages }
      })
    case 'expunge':
      return withBox(territory, deed.box, (box) => without(box, deed.uids))
    case 'rename':
      return withBox(territory, deed.box, (box) => ({ ...box, name: deed.to }))
    case 'recreate':
      return withBox(territory, deed.box, ({ name }) => newBox(name))
    case 'annotate':
      return withBox(territory, deed.box, (box) => ({ ...box, note: deed.note }))
    case 'share':
      return withBox(territory, deed.box, (box) => ({ ...box, rights: deed.rights }))
  }
}

function withBox(territory: Territory, side: Side, change: (box: Box) => Box): Territory {
  return { ...territory, [side]: change(territory[side]) }
}

function added(box: Box, texts: readonly string[]): Box {
  const messages = { ...box.messages }
  texts.forEach((text, n) => (messages[box.uidNext + n] = text))
  return { ...box, messages, uidNext: box.uidNext + texts.length }
}

function without(box: Box, uids: readonly number[]): Box {
  const gone = new Set(uids.map(String))
  return { ...box, messages: Object.fromEntries(Object.entries(box.messages).filter(([uid]) => !gone.has(uid))) }
}

/** What keeps `image` from being the territory, or its UIDVALIDITY values where it is. */
export function compare(territory: Territory, image: Readonly<Record<string, MailboxImage>>): string | Territory {
  let found = territory
  for (const side of ['a', 'b'] as const) {
    const box = territory[side]
    const real = image[box.name]
    if (!real) return `${box.name} is missing`
    if (box.uidValidity !== 0 && real.uidValidity !== box.uidValidity) return `${box.name} has another UIDVALIDITY`
    if (real.uidNext !== box.uidNext) return `${box.name} has UIDNEXT ${real.uidNext}, not ${box.uidNext}`
    const [note = ''] = real.annotations.map((text) => text.slice('/shared/comment '.length))
    const { bob: rights = '' } = real.acl
    if (rights !== box.rights) return `${box.name} grants ${rights}, not ${box.rights}`
    if (note !== box.note) return `${box.name} has the note ${note}, not ${box.note}`
    const uids = new Set([...Object.keys(real.messages), ...Object.keys(box.messages)].map(Number))
    for (const uid of uids) {
      const [is, must] = [real.messages[uid], box.messages[uid]]
      if (is !== must) return `UID ${uid} of ${box.name} is ${is ?? 'gone'}, not ${must ?? 'gone'}`
    }
    found = withBox(found, side, (known) => ({ ...known, uidValidity: real.uidValidity }))
  }
  return found
}

/** Does a deed for real. */
export async function perform(account: AccountStore, territory: Territory, deed: Deed): Promise<void> {
  const byName = (await account.tree()).byName
  const idOf = (side: Side): Parameters<AccountStore['snapshot']>[0] => {
    const id = byName.get(territory[side].name)?.id
    if (id === undefined) throw new StoreFailure('damaged', `${territory[side].name} is not there`)
    return id
  }
  await account.commit(await operationsOf(account, territory, deed, idOf))
}

async function operationsOf(
  account: AccountStore,
  territory: Territory,
  deed: Deed,
  idOf: (side: Side) => Parameters<AccountStore['snapshot']>[0],
): Promise<Operation[]> {
  switch (deed.do) {
    case 'append': {
      const flags = deed.flagged ? flagSetOf(['\\Flagged']) : noFlags
      const messages = deed.mails.map(async (mail) => {
        const stager = account.stage()
        const octets = octetsOf(mail)
        for (let at = 0; at < octets.length; at += 65_536) await stager.write(octets.subarray(at, at + 65_536))
        return { staged: await stager.finish(), flags, internalDate }
      })
      return [{ op: 'append', mailbox: idOf(deed.box), messages: await Promise.all(messages) }]
    }
    case 'copy':
    case 'move':
      return [{ op: deed.do, from: idOf(deed.from), uids: deed.uids, to: idOf(other(deed.from)) }]
    case 'flags': {
      const flags = deed.flag === '' ? noFlags : flagSetOf([deed.flag])
      return [{ op: 'store', mailbox: idOf(deed.box), uids: deed.uids, mode: 'replace', flags }]
    }
    case 'expunge':
      return [{ op: 'expunge', mailbox: idOf(deed.box), uids: deed.uids, onlyDeleted: false }]
    case 'rename':
      return [{ op: 'renameMailbox', mailbox: idOf(deed.box), to: deed.to }]
    case 'recreate':
      return [
        { op: 'deleteMailbox', mailbox: idOf(deed.box) },
        { op: 'createMailbox', name: territory[deed.box].name },
      ]
    case 'share':
      return [{ op: 'setAcl', mailbox: idOf(deed.box), identifier: 'bob', mode: 'replace', rights: deed.rights }]
    case 'annotate': {
      const value = deed.note === '' ? null : Buffer.from(deed.note)
      return [{ op: 'setMetadata', mailbox: idOf(deed.box), entries: [['/shared/comment', value]] }]
    }
  }
}

/** Octets of a large message: it goes to a file of its own. */
const largeBytes = 400 * 1024
/** Messages in a mailbox above which some go. */
const manyMessages = 40

/** Something to do next. `random` gives numbers from 0 to below 1. */
export function nextDeed(territory: Territory, serial: string, random: () => number): Deed {
  const box: Side = random() < 0.5 ? 'a' : 'b'
  const uids = Object.keys(territory[box].messages).map(Number)
  const some = uids.filter(() => random() < 0.3).slice(0, 15)
  const kind = random()
  if (uids.length > manyMessages) return { do: 'expunge', box, uids: uids.filter((_, n) => n % 3 !== 0) }
  if (kind < 0.4 || some.length === 0) {
    const count = random() < 0.2 ? 3 : 1
    const mails = Array.from({ length: count }, (_, n) => ({
      subject: `${serial}.${n}`,
      size: random() < 0.03 ? largeBytes : Math.floor(random() ** 4 * 20_000),
    }))
    return { do: 'append', box, mails, flagged: random() < 0.3 }
  }
  if (kind < 0.55) return { do: 'copy', from: box, uids: some }
  if (kind < 0.65) return { do: 'move', from: box, uids: some }
  if (kind < 0.7) return { do: 'annotate', box, note: random() < 0.2 ? '' : serial }
  if (kind < 0.73) return { do: 'share', box, rights: ['', 'lr', 'lrsw', 'lrswite'][Math.floor(random() * 4)] ?? '' }
  if (kind < 0.85) return { do: 'flags', box, uids: some, flag: random() < 0.5 ? '\\Flagged' : '' }
  if (kind < 0.93) return { do: 'expunge', box, uids: some }
  if (kind < 0.98) return { do: 'rename', box, to: `worker-${territory.worker}-${box}-${serial.replaceAll('.', '-')}` }
  return { do: 'recreate', box }
}

/** Repeatable numbers from 0 to below 1. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
