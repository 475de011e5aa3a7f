import type { MailboxTree } from '../model/mailbox.ts'
import { noMetadata } from '../model/metadata.ts'
import { asMailboxId, asModSeq } from '../model/numbers.ts'
import type { StagedMessage } from '../model/operation.ts'
import type { QuotaRoot } from '../model/quota.ts'
import { Refusal } from '../model/refusal.ts'
import type { AccountStore, MessageStager, Store } from '../store/store.ts'

/** Where a {@link FakeAccount} can be told to fail. */
export type FailurePoint = 'open' | 'tree' | 'write' | 'finish' | 'commit'

/** What tests of LMTP look at: the messages of each mailbox, and what was not given back. */
export interface FakeAccount {
  readonly mailboxes: Map<string, Buffer[]>
  readonly failures: Map<FailurePoint, Error>
  /** Shares of the account that are open. */
  shares: number
  /** Stagers neither committed nor aborted. */
  stagers: number
  /** Called inside the commit before it looks at the mailbox. */
  beforeCommit: () => void
  quota: QuotaRoot
}

/** A store of just what a delivery needs, which fails where and when a test wants. For tests of this folder only. */
export function fakeStore(accounts: ReadonlyMap<string, FakeAccount>): Store {
  return {
    async openAccount(id) {
      const account = accounts.get(id)
      if (!account) throw new Error(`no account ${id}`)
      fail(account, 'open')
      account.shares++
      return accountStore(id, account)
    },
    accounts: () => Promise.resolve([...accounts.keys()]),
    sharedWith: notHere,
    watchShared: notHere,
    removeAccount: notHere,
    close: () => Promise.resolve(),
  }
}

/** An account with an INBOX and these mailboxes. */
export function fakeAccount(...names: string[]): FakeAccount {
  return {
    mailboxes: new Map(['INBOX', ...names].map((name) => [name, []])),
    failures: new Map(),
    shares: 0,
    stagers: 0,
    beforeCommit: () => {},
    quota: { limits: {}, set: undefined, usage: { storage: 0, messages: 0, mailboxes: 1, annotations: 0 } },
  }
}

function accountStore(id: string, account: FakeAccount): AccountStore {
  const contents = new WeakMap<StagedMessage, Buffer>()
  return {
    id,
    async tree() {
      fail(account, 'tree')
      return treeOf(account)
    },
    quotas: async () => [account.quota],
    stage: () => stager(account, contents),
    async commit(operations) {
      account.beforeCommit()
      fail(account, 'commit')
      for (const operation of operations) {
        if (operation.op !== 'append') throw new Error(`${operation.op} is not faked`)
        const name = treeOf(account).byId.get(operation.mailbox)?.name ?? ''
        const mailbox = account.mailboxes.get(name)
        if (!mailbox) throw new Refusal('NONEXISTENT', 'no such mailbox')
        mailbox.push(...operation.messages.map(({ staged }) => contents.get(staged) ?? Buffer.alloc(0)))
        account.stagers -= operation.messages.length
      }
      return { modSeq: asModSeq(1), results: [] }
    },
    async close() {
      account.shares--
    },
    snapshot: notHere,
    status: notHere,
    vanishedSince: notHere,
    readBlob: notHere,
    readComputed: notHere,
    watch: () => () => {},
  }
}

/** Numbers mailboxes by their names, so that one that is gone leaves no number to another. */
function treeOf(account: FakeAccount): MailboxTree {
  const all = [...account.mailboxes.keys()].map((name) => ({
    id: asMailboxId(1 + Buffer.from(name).reduce((sum, octet) => (sum * 31 + octet) % 1_000_003, 7)),
    name,
    uidValidity: 1,
    specialUse: [],
    acl: new Map<string, string>(),
    seenPerUser: false,
  }))
  return {
    version: 1,
    byName: new Map(all.map((mailbox) => [mailbox.name, mailbox])),
    byId: new Map(all.map((mailbox) => [mailbox.id, mailbox])),
    subscriptions: () => new Set(),
    metadata: () => noMetadata,
    allMetadata: new Map(),
  }
}

function stager(account: FakeAccount, contents: WeakMap<StagedMessage, Buffer>): MessageStager {
  const chunks: Buffer[] = []
  let isOpen = true
  account.stagers++
  const forget = (): void => {
    if (isOpen) account.stagers--
    isOpen = false
  }
  return {
    write(chunk) {
      fail(account, 'write')
      chunks.push(Buffer.from(chunk))
      // Every other write gives a promise, as an engine with a disk behind it does.
      return chunks.length % 2 === 0 ? Promise.resolve() : undefined
    },
    async finish() {
      fail(account, 'finish')
      isOpen = false
      const octets = Buffer.concat(chunks)
      let isHeld = true
      const staged: StagedMessage = {
        size: octets.length,
        release() {
          if (isHeld) account.stagers--
          isHeld = false
        },
      }
      contents.set(staged, octets)
      return staged
    },
    async abort() {
      forget()
    },
  }
}

function fail(account: FakeAccount, point: FailurePoint): void {
  const failure = account.failures.get(point)
  if (failure) throw failure
}

function notHere(): never {
  throw new Error('a delivery does not need this')
}
