import type { Change } from '../../model/change.ts'
import type { Mailbox, SpecialUse } from '../../model/mailbox.ts'
import { type MailboxOrAccount, theAccount } from '../../model/metadata.ts'
import { asMailboxId, asModSeq, asUid, type MailboxId, type ModSeq } from '../../model/numbers.ts'
import type { AppendedEntry } from '../../model/operation.ts'
import { Refusal } from '../../model/refusal.ts'
import { type AccountTree, TreeDraft } from './account-tree.ts'
import type { AccountCounters, LoadMailbox } from './images.ts'
import { MailboxDraft, rowsOfUids, type WrittenRows } from './mailbox-draft.ts'
import { emptyImage, MailboxVersion, newCounters } from './mailbox-version.ts'
import { withUsed } from './uid-validities.ts'

/** What a commit starts from. */
export interface CommitBase {
  readonly tree: AccountTree
  readonly counters: AccountCounters
  readonly mailboxes: ReadonlyMap<MailboxId, MailboxVersion>
  /** Entries per message where there are several. */
  readonly references: ReadonlyMap<number, number>
  readonly loadMailbox: LoadMailbox
}

/** What a commit comes to, ready to be taken over by the state. */
export interface FinishedCommit {
  readonly tree: AccountTree
  readonly counters: AccountCounters
  readonly versions: ReadonlyMap<MailboxId, { readonly version: MailboxVersion; readonly written: WrittenRows }>
  readonly created: readonly MailboxId[]
  /** Those with another name or other attributes. */
  readonly altered: readonly MailboxId[]
  readonly deleted: readonly MailboxId[]
  readonly subscriptionsChanged: boolean
  readonly annotated: readonly MailboxOrAccount[]
  readonly quotasChanged: boolean
  /** New numbers of entries, by message; 1 where one is left. */
  readonly references: ReadonlyMap<number, number>
  readonly released: readonly number[]
}

/** The account while one commit changes it. Dropping it undoes everything. */
export class CommitDraft {
  readonly base: CommitBase
  /** The commit's mod-sequence, if it turns out to need one. */
  readonly modSeq: ModSeq
  readonly tree: TreeDraft
  readonly #maxKeywords: number
  readonly #drafts: Map<MailboxId, MailboxDraft> = new Map<MailboxId, MailboxDraft>()
  readonly #created: Map<MailboxId, MailboxVersion> = new Map<MailboxId, MailboxVersion>()
  readonly #altered: Set<MailboxId> = new Set<MailboxId>()
  readonly #deleted: MailboxId[] = []
  readonly #references: Map<number, number> = new Map<number, number>()
  readonly #released: number[] = []
  #counters: AccountCounters

  /** `modSeq` is the account's after the commit. On replay there is no limit on keywords. */
  constructor(base: CommitBase, modSeq: ModSeq, maxKeywords: number = Infinity) {
    this.base = base
    this.modSeq = modSeq
    this.tree = new TreeDraft(base.tree)
    this.#counters = base.counters
    this.#maxKeywords = maxKeywords
  }

  get counters(): AccountCounters {
    return this.#counters
  }

  /** A mailbox to change; `Refusal` (`NONEXISTENT`) if there is none. */
  mailbox(id: MailboxId): MailboxDraft {
    const known = this.#drafts.get(id)
    if (known) return known
    if (!this.tree.byId.has(id)) throw new Refusal('NONEXISTENT', 'No such mailbox')
    const version = this.#created.get(id) ?? this.base.mailboxes.get(id)
    if (!version) throw new Error(`mailbox ${id} has a name and no contents`)
    const draft = new MailboxDraft(version, version.contents(this.base.loadMailbox), this.modSeq, this.#maxKeywords)
    this.#drafts.set(id, draft)
    return draft
  }

  create(id: MailboxId, name: string, uidValidity: number, specialUse: readonly SpecialUse[]): void {
    this.tree.add({ id, name, uidValidity, specialUse, acl: new Map(), seenPerUser: false })
    this.#created.set(id, newVersion(id, uidValidity, this.modSeq))
    this.#counters = {
      ...this.#counters,
      nextMailbox: Math.max(this.#counters.nextMailbox, id + 1),
      usedUidValidities: withUsed(this.#counters.usedUidValidities, uidValidity),
    }
  }

  delete(mailbox: Mailbox): void {
    for (const message of this.mailbox(mailbox.id).messages) this.#drop(message)
    this.tree.delete(mailbox)
    this.#drafts.delete(mailbox.id)
    if (!this.#created.delete(mailbox.id)) this.#deleted.push(mailbox.id)
  }

  rename(names: ReadonlyMap<MailboxId, string>): void {
    this.tree.rename(names)
    for (const id of names.keys()) this.#altered.add(id)
  }

  /** Gives a mailbox other attributes. `Refusal` (`NONEXISTENT`) if there is none. */
  alter(id: MailboxId, attributes: Partial<Pick<Mailbox, 'specialUse' | 'acl' | 'seenPerUser'>>): void {
    const mailbox = this.tree.byId.get(id)
    if (!mailbox) throw new Refusal('NONEXISTENT', 'No such mailbox')
    this.tree.alter({ ...mailbox, ...attributes })
    this.#altered.add(id)
  }

  /** Messages and octets of all mailboxes together, as they are by now. */
  get contents(): { readonly messages: number; readonly size: number } {
    let { messages, size } = this.base.counters
    for (const [id, { counters }] of this.#drafts) {
      const before = this.base.mailboxes.get(id)?.counters
      messages += counters.messages - (before?.messages ?? 0)
      size += counters.size - (before?.size ?? 0)
    }
    for (const id of this.#deleted) {
      const before = this.base.mailboxes.get(id)?.counters
      messages -= before?.messages ?? 0
      size -= before?.size ?? 0
    }
    return { messages, size }
  }

  /** Messages and octets of one mailbox, as they are by now. */
  contentsOf(id: MailboxId): { readonly messages: number; readonly size: number } {
    return (this.#drafts.get(id) ?? this.#created.get(id) ?? this.base.mailboxes.get(id))?.counters ?? nothing
  }

  /** Adds entries, of new messages or of messages that the account has. */
  append(mailbox: MailboxId, entries: readonly AppendedEntry[]): void {
    let { nextMessage, nextThread } = this.#counters
    for (const { message, thread } of entries) {
      if (message >= nextMessage) nextMessage = message + 1
      else this.#references.set(message, this.#referencesTo(message) + 1)
      if (thread >= nextThread) nextThread = thread + 1
    }
    this.#counters = { ...this.#counters, nextMessage, nextThread }
    this.mailbox(mailbox).append(entries)
  }

  /** Takes out rows, ascending; none does nothing. */
  expunge(mailbox: MailboxId, rows: Uint32Array): void {
    if (rows.length === 0) return
    const draft = this.mailbox(mailbox)
    for (const row of rows) this.#drop(draft.messages[row]!) // rows are the mailbox's
    draft.expunge(rows)
  }

  /** Applies the changes of a commit from the log. */
  replay(changes: readonly Change[]): void {
    const names = new Map<MailboxId, string>()
    for (const change of changes) {
      if (change.kind === 'mailboxRenamed') {
        // A tree that is renamed makes one change a mailbox; the names are looked up again once for all of them.
        names.set(change.mailbox, change.name)
        continue
      }
      if (names.size > 0) this.rename(names)
      names.clear()
      this.#replay(change)
    }
    if (names.size > 0) this.rename(names)
  }

  #replay(change: Exclude<Change, { kind: 'mailboxRenamed' }>): void {
    switch (change.kind) {
      case 'mailboxCreated':
        return this.create(change.mailbox, change.name, change.uidValidity, change.specialUse)
      case 'mailboxDeleted': {
        const mailbox = this.tree.byId.get(change.mailbox)
        if (!mailbox) throw new Refusal('NONEXISTENT', 'No such mailbox')
        return this.delete(mailbox)
      }
      case 'subscribed':
        return this.tree.subscribe(change.user, change.name, change.subscribed)
      case 'appended':
        return this.append(change.mailbox, change.entries)
      case 'flagsChanged': {
        const draft = this.mailbox(change.mailbox)
        for (const { flags, uids } of change.groups) {
          const set = draft.table.intern(flags)
          for (const row of rowsOfUids(draft.uids, uids)) draft.setFlags(row, set)
        }
        return
      }
      case 'seenChanged': {
        const draft = this.mailbox(change.mailbox)
        const rows = rowsOfUids(draft.uids, change.uids)
        const differing = [...rows].filter((row) => draft.hasSeen(change.user, row) !== change.seen)
        return draft.setSeen(change.user, change.seen, differing)
      }
      case 'expunged':
        return this.expunge(change.mailbox, rowsOfUids(this.mailbox(change.mailbox).uids, change.uids))
      case 'recentClaimed':
        return this.mailbox(change.mailbox).claimRecent(asUid(change.firstRecentUid))
      case 'metadataSet':
        return this.tree.setMetadata(this.mailboxOrAccount(change.mailbox), change.user, change.entries)
      case 'aclSet':
        return this.alter(change.mailbox, { acl: change.acl })
      case 'seenPerUserSet':
        return this.alter(change.mailbox, { seenPerUser: change.perUser })
      case 'specialUseSet':
        return this.alter(change.mailbox, { specialUse: change.specialUse })
      case 'quotaSet':
        return this.tree.setQuota(this.mailboxOrAccount(change.mailbox), change.limits)
    }
  }

  /** What annotations or limits belong to. Throws `Refusal` (`NONEXISTENT`). */
  mailboxOrAccount(mailbox: MailboxId | undefined): MailboxOrAccount {
    if (mailbox === undefined) return theAccount
    if (!this.tree.byId.has(mailbox)) throw new Refusal('NONEXISTENT', 'No such mailbox')
    return mailbox
  }

  /** `modSeq` is the one before if the commit turned out to need none. */
  finish(modSeq: ModSeq = this.modSeq): FinishedCommit {
    const versions = new Map<MailboxId, { version: MailboxVersion; written: WrittenRows }>()
    for (const [id, version] of this.#created) {
      versions.set(id, { version, written: { fromRow: 0, flagPages: new Set() } })
    }
    for (const [id, draft] of this.#drafts) {
      const finished = draft.finish()
      const isNew = this.#created.has(id)
      versions.set(id, isNew ? { version: finished.version, written: { fromRow: 0, flagPages: new Set() } } : finished)
    }
    return {
      tree: this.tree.finish(),
      counters: { ...this.#counters, ...this.contents, modSeq },
      versions,
      created: [...this.#created.keys()],
      altered: [...this.#altered],
      deleted: this.#deleted,
      subscriptionsChanged: this.tree.subscriptionsChanged,
      annotated: [...this.tree.annotated],
      quotasChanged: this.tree.quotasChanged,
      references: this.#references,
      released: this.#released,
    }
  }

  #referencesTo(message: number): number {
    return this.#references.get(message) ?? this.base.references.get(message) ?? 1
  }

  #drop(message: number): void {
    const left = this.#referencesTo(message) - 1
    if (left === 0) this.#released.push(message)
    else this.#references.set(message, left)
  }
}

const nothing = { messages: 0, size: 0 }

function newVersion(id: MailboxId, uidValidity: number, modSeq: ModSeq): MailboxVersion {
  const counters = newCounters(asModSeq(Math.max(modSeq, 1)))
  const version = new MailboxVersion(id, uidValidity, counters, undefined)
  version.contents(emptyImage)
  return version
}

/** The number of the next mailbox that the draft creates. */
export function nextMailboxId(draft: CommitDraft): MailboxId {
  return asMailboxId(draft.counters.nextMailbox)
}
