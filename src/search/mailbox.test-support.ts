/** A mailbox in memory, for tests of what is searched, sorted and threaded. */
import { flagSetOf } from '../model/flags.ts'
import { asMailboxId } from '../model/numbers.ts'
import type { AccountStore } from '../store/store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { Cursor } from '../wire/cursor.ts'
import { decodeStrings, parseSearchKeys } from '../wire/search-grammar.ts'
import { utf8ToWire, wireToUtf8 } from '../wire/strings.ts'
import type { SearchContext } from './context.ts'
import { search } from './search.ts'

/** A message of a test. */
export interface TestMail {
  /** Text is UTF-8; `\n` stands for CRLF. */
  readonly octets: string | Buffer
  readonly flags?: readonly string[]
  /** Seconds since 1970. */
  readonly internalDate?: number
}

/** A mailbox with these messages; their UIDs are 1, 2, 3 and so on, which are their sequence numbers too. */
export async function mailboxOf(mails: readonly (string | TestMail)[]): Promise<SearchContext> {
  const account = await memoryStore({ clock: () => 1_000_000_000_000 }).openAccount('test')
  const mailbox = [...(await account.tree()).byId.keys()][0] ?? asMailboxId(0)
  const messages = []
  for (const mail of mails) {
    const { octets, flags = [], internalDate = 0 } = typeof mail === 'string' ? { octets: mail } : mail
    const stager = account.stage()
    await stager.write(typeof octets === 'string' ? Buffer.from(octets.replaceAll('\n', '\r\n')) : octets)
    messages.push({ staged: await stager.finish(), flags: flagSetOf(flags), internalDate })
  }
  if (messages.length > 0) await account.commit([{ op: 'append', mailbox, messages }])
  const snapshot = await account.snapshot(mailbox)
  return {
    account,
    snapshot,
    viewUids: snapshot.uids,
    saved: new Uint32Array(0),
    isRecent: () => false,
    now: 1_000_000_000,
    breathe: () => undefined,
  }
}

/** The numbers, from 1, of messages that match a key in the syntax of SEARCH, in Unicode. */
export async function searchFor(context: SearchContext, key: string): Promise<number[]> {
  const parsed = parseSearchKeys(new Cursor(utf8ToWire(key)))
  const rows = await search(
    decodeStrings(parsed, (octets) => wireToUtf8(octets) ?? octets),
    context,
  )
  return Array.from(rows, (row) => row + 1)
}

/** The same account with other ways to do some of what it does. */
export function withMethods(account: AccountStore, methods: Partial<AccountStore>): AccountStore {
  return new Proxy(account, {
    get(target, name) {
      if (name in methods) return Reflect.get(methods, name) as unknown // Reflect gives any
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member // bind of a Function is any
    },
  })
}

/** The same account with another way to read octets. */
export function withReadBlob(account: AccountStore, readBlob: AccountStore['readBlob']): AccountStore {
  return withMethods(account, { readBlob })
}

/** The same account as if nothing were known ahead of what is in its messages. */
export function withoutHints(account: AccountStore): AccountStore {
  return withMethods(account, {
    findText: () => Promise.resolve(undefined),
    readComputed(kind, messages) {
      if (kind !== 'fields') return account.readComputed(kind, messages)
      return { bytes: Buffer.alloc(0), offsets: new Uint32Array(messages.length + 1) }
    },
  })
}
