import { pageRows } from '../../model/column.ts'
import { type MailboxOrAccount, type Metadata, theAccount } from '../../model/metadata.ts'
import type { MailboxId } from '../../model/numbers.ts'
import type { AccountTree } from './account-tree.ts'
import type { FinishedCommit } from './commit-draft.ts'
import type { AccountCounters, Checkpoint, MailboxDelta } from './images.ts'
import { headOf, type MailboxVersion } from './mailbox-version.ts'

interface MailboxDirt {
  /** False: only the head. */
  contents: boolean
  fromRow: number
  readonly flagPages: Set<number>
}

/** What was published since the last checkpoint, by where it is rather than what it is: the state has the newest. */
export class Dirt {
  #mailboxes = new Map<MailboxId, MailboxDirt>()
  #deleted = new Set<MailboxId>()
  #references = new Map<number, number>()
  #subscriptions = false
  #annotated = new Set<MailboxOrAccount>()
  #quotas = false
  #any = false

  get any(): boolean {
    return this.#any
  }

  has(mailbox: MailboxId): boolean {
    return this.#mailboxes.has(mailbox)
  }

  /** `recounted`: messages whose line among the references changed; most that a commit releases never had one. */
  add(commit: FinishedCommit, recounted: Iterable<number>): void {
    this.#any = true
    for (const [id, { written }] of commit.versions) this.#mark(id, true, written.fromRow, written.flagPages)
    for (const id of commit.altered) this.#mark(id, false, Infinity, [])
    for (const id of commit.deleted) {
      this.#mailboxes.delete(id)
      this.#deleted.add(id)
    }
    for (const message of recounted) this.#references.set(message, commit.references.get(message) ?? 0)
    this.#subscriptions ||= commit.subscriptionsChanged
    for (const target of commit.annotated) this.#annotated.add(target)
    this.#quotas ||= commit.quotasChanged
  }

  take(tree: AccountTree, counters: AccountCounters, versions: ReadonlyMap<MailboxId, MailboxVersion>): Checkpoint {
    const mailboxes: MailboxDelta[] = []
    for (const [id, dirt] of this.#mailboxes) {
      const mailbox = tree.byId.get(id)
      const version = versions.get(id)
      if (mailbox && version) mailboxes.push(deltaOf(dirt, headOf(mailbox, version.counters), version))
    }
    const metadata = new Map<MailboxOrAccount, Metadata>()
    for (const target of this.#annotated) {
      metadata.set(target, tree.metadata(target === theAccount ? undefined : target))
    }
    const checkpoint: Checkpoint = {
      counters,
      mailboxes,
      deleted: [...this.#deleted],
      subscriptions: this.#subscriptions ? tree.allSubscriptions : undefined,
      metadata,
      quotas: this.#quotas ? tree.allQuotas : undefined,
      references: this.#references,
    }
    this.#mailboxes = new Map()
    this.#deleted = new Set()
    this.#references = new Map()
    this.#subscriptions = false
    this.#annotated = new Set()
    this.#quotas = false
    this.#any = false
    return checkpoint
  }

  takeBack(checkpoint: Checkpoint, versions: ReadonlyMap<MailboxId, MailboxVersion>): void {
    this.#any = true
    for (const { head, snapshot, fromRow, flagPages } of checkpoint.mailboxes) {
      if (versions.has(head.id)) this.#mark(head.id, snapshot !== undefined, fromRow, flagPages)
    }
    for (const id of checkpoint.deleted) this.#deleted.add(id)
    for (const [message, count] of checkpoint.references) {
      if (!this.#references.has(message)) this.#references.set(message, count)
    }
    this.#subscriptions ||= checkpoint.subscriptions !== undefined
    for (const target of checkpoint.metadata.keys()) this.#annotated.add(target)
    this.#quotas ||= checkpoint.quotas !== undefined
  }

  #mark(id: MailboxId, contents: boolean, fromRow: number, flagPages: Iterable<number>): void {
    let dirt = this.#mailboxes.get(id)
    if (!dirt) this.#mailboxes.set(id, (dirt = { contents: false, fromRow: Infinity, flagPages: new Set() }))
    dirt.contents ||= contents
    dirt.fromRow = Math.min(dirt.fromRow, fromRow)
    for (const page of flagPages) dirt.flagPages.add(page)
  }
}

function deltaOf(dirt: MailboxDirt, head: MailboxDelta['head'], version: MailboxVersion): MailboxDelta {
  const contents = dirt.contents ? version.loaded : undefined
  const fromRow = Math.min(dirt.fromRow, head.messages)
  return {
    head,
    snapshot: contents?.snapshot,
    fromRow,
    flagPages: [...dirt.flagPages].filter((page) => page * pageRows < fromRow).sort((a, b) => a - b),
    tombstones: contents?.tombstones,
    seen: contents?.seen ?? new Map(),
  }
}
