import { maxMailboxLevelBytes, maxMailboxLevels, maxMailboxNameBytes, maxSubscriptions } from '../../model/limits.ts'
import { type Mailbox, type MailboxTree, separator } from '../../model/mailbox.ts'
import {
  type AllMetadata,
  isEmptyMetadata,
  type MailboxOrAccount,
  type Metadata,
  metadataBytes,
  type MetadataChange,
  noMetadata,
  theAccount,
  withMetadata,
} from '../../model/metadata.ts'
import type { MailboxId } from '../../model/numbers.ts'
import type { QuotaLimits } from '../../model/quota.ts'
import { Refusal } from '../../model/refusal.ts'

const nobody: ReadonlySet<string> = new Set()

/** What a tree is made of. */
export interface TreeParts {
  readonly byId: ReadonlyMap<MailboxId, Mailbox>
  readonly byName: ReadonlyMap<string, Mailbox>
  /** By user. */
  readonly allSubscriptions: ReadonlyMap<string, ReadonlySet<string>>
  readonly allMetadata: AllMetadata
  /** Octets of all names and values of annotations. */
  readonly metadataBytes: number
  /** Limits that were set, by quota root. */
  readonly allQuotas: ReadonlyMap<MailboxOrAccount, QuotaLimits>
}

/** The tree of an account at one moment. */
export class AccountTree implements MailboxTree, TreeParts {
  readonly version: number
  readonly byName: ReadonlyMap<string, Mailbox>
  readonly byId: ReadonlyMap<MailboxId, Mailbox>
  readonly allSubscriptions: ReadonlyMap<string, ReadonlySet<string>>
  readonly allMetadata: AllMetadata
  readonly metadataBytes: number
  readonly allQuotas: ReadonlyMap<MailboxOrAccount, QuotaLimits>

  constructor(version: number, parts: TreeParts) {
    this.version = version
    this.byId = parts.byId
    this.byName = parts.byName
    this.allSubscriptions = parts.allSubscriptions
    this.allMetadata = parts.allMetadata
    this.metadataBytes = parts.metadataBytes
    this.allQuotas = parts.allQuotas
  }

  subscriptions(user: string): ReadonlySet<string> {
    return this.allSubscriptions.get(user) ?? nobody
  }

  metadata(mailbox?: MailboxId): Metadata {
    return this.allMetadata.get(mailbox ?? theAccount) ?? noMetadata
  }

  /** Octets of the annotations of one mailbox. */
  metadataBytesOf(mailbox: MailboxId): number {
    return metadataBytes(this.metadata(mailbox))
  }
}

/** What is found in a tree under the names of its mailboxes. */
export function namesOf(byId: ReadonlyMap<MailboxId, Mailbox>): Map<string, Mailbox> {
  return new Map([...byId.values()].map((mailbox) => [mailbox.name, mailbox]))
}

/** A tree while one commit changes it. Copies a map when it is first changed. */
export class TreeDraft {
  readonly #base: AccountTree
  #byId: Map<MailboxId, Mailbox> | undefined
  #byName: Map<string, Mailbox> | undefined
  #subscriptions: Map<string, Set<string>> | undefined
  #metadata: Map<MailboxOrAccount, Metadata> | undefined
  #metadataBytes: number
  readonly #annotated: Set<MailboxOrAccount> = new Set<MailboxOrAccount>()
  #quotas: Map<MailboxOrAccount, QuotaLimits> | undefined

  constructor(base: AccountTree) {
    this.#base = base
    this.#metadataBytes = base.metadataBytes
  }

  get byId(): ReadonlyMap<MailboxId, Mailbox> {
    return this.#byId ?? this.#base.byId
  }

  get byName(): ReadonlyMap<string, Mailbox> {
    return this.#byName ?? this.#base.byName
  }

  get subscriptionsChanged(): boolean {
    return this.#subscriptions !== undefined
  }

  /** Whose annotations changed. */
  get annotated(): ReadonlySet<MailboxOrAccount> {
    return this.#annotated
  }

  get metadataBytes(): number {
    return this.#metadataBytes
  }

  get quotasChanged(): boolean {
    return this.#quotas !== undefined
  }

  get quotas(): ReadonlyMap<MailboxOrAccount, QuotaLimits> {
    return this.#quotas ?? this.#base.allQuotas
  }

  metadata(target: MailboxOrAccount): Metadata {
    return (this.#metadata ?? this.#base.allMetadata).get(target) ?? noMetadata
  }

  /** Octets of the annotations of one mailbox. */
  metadataBytesOf(mailbox: MailboxId): number {
    return metadataBytes(this.metadata(mailbox))
  }

  subscriptions(user: string): ReadonlySet<string> {
    return this.#subscriptions?.get(user) ?? this.#base.subscriptions(user)
  }

  add(mailbox: Mailbox): void {
    const { byId, byName } = this.#maps()
    byId.set(mailbox.id, mailbox)
    byName.set(mailbox.name, mailbox)
  }

  delete(mailbox: Mailbox): void {
    const { byId, byName } = this.#maps()
    byId.delete(mailbox.id)
    byName.delete(mailbox.name)
    if ((this.#metadata ?? this.#base.allMetadata).has(mailbox.id)) this.#putMetadata(mailbox.id, noMetadata)
    if (this.quotas.has(mailbox.id)) this.setQuota(mailbox.id, undefined)
  }

  /** Puts a mailbox with other attributes in the place of the one with its id; the name stays. */
  alter(mailbox: Mailbox): void {
    const { byId, byName } = this.#maps()
    byId.set(mailbox.id, mailbox)
    byName.set(mailbox.name, mailbox)
  }

  /** Gives mailboxes new names, all at once, so that one may take the name another leaves. */
  rename(names: ReadonlyMap<MailboxId, string>): void {
    const { byId } = this.#maps()
    for (const [id, name] of names) {
      const mailbox = byId.get(id)
      if (mailbox) byId.set(id, { ...mailbox, name })
    }
    this.#byName = namesOf(byId)
  }

  subscribe(user: string, name: string, subscribed: boolean): void {
    this.#subscriptions ??= new Map()
    let names = this.#subscriptions.get(user)
    if (!names) this.#subscriptions.set(user, (names = new Set(this.#base.subscriptions(user))))
    if (subscribed) names.add(name)
    else names.delete(name)
  }

  setMetadata(target: MailboxOrAccount, user: string | undefined, entries: readonly MetadataChange[]): void {
    const before = this.metadata(target)
    const after = withMetadata(before, user, entries)
    if (after !== before) this.#putMetadata(target, after)
  }

  #putMetadata(target: MailboxOrAccount, metadata: Metadata): void {
    this.#metadata ??= new Map(this.#base.allMetadata)
    this.#metadataBytes += metadataBytes(metadata) - metadataBytes(this.metadata(target))
    this.#annotated.add(target)
    if (isEmptyMetadata(metadata)) this.#metadata.delete(target)
    else this.#metadata.set(target, metadata)
  }

  /** Sets the limits of a quota root; undefined: it has none of its own any more. */
  setQuota(root: MailboxOrAccount, limits: QuotaLimits | undefined): void {
    this.#quotas ??= new Map(this.#base.allQuotas)
    if (limits) this.#quotas.set(root, limits)
    else this.#quotas.delete(root)
  }

  finish(): AccountTree {
    const base = this.#base
    if (!this.#byId && !this.#subscriptions && !this.#metadata && !this.#quotas) return base
    return new AccountTree(base.version + 1, {
      byId: this.byId,
      byName: this.byName,
      allSubscriptions: this.#subscriptions
        ? new Map([...base.allSubscriptions, ...this.#subscriptions])
        : base.allSubscriptions,
      allMetadata: this.#metadata ?? base.allMetadata,
      metadataBytes: this.#metadataBytes,
      allQuotas: this.quotas,
    })
  }

  #maps(): { byId: Map<MailboxId, Mailbox>; byName: Map<string, Mailbox> } {
    this.#byId ??= new Map(this.#base.byId)
    this.#byName ??= new Map(this.#base.byName)
    return { byId: this.#byId, byName: this.#byName }
  }
}

/** What cannot be printed, changes what a line means, or is a wildcard of LIST (RFC 9051 §5.1, RFC 5198 §2). */
// eslint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u001f\u007f-\u009f\u2028\u2029*%]/

/** Throws `Refusal` (`CANNOT`, `LIMIT`) if no mailbox may have this name. */
export function checkMailboxName(name: string): void {
  if (forbidden.test(name) || !name.isWellFormed())
    throw new Refusal('CANNOT', 'Mailbox name has control characters or wildcards')
  const levels = name.split(separator)
  if (levels.includes('')) throw new Refusal('CANNOT', 'Mailbox name has an empty level')
  if (levels.length > maxMailboxLevels) throw new Refusal('LIMIT', 'Mailbox name has too many levels')
  if (Buffer.byteLength(name) > maxMailboxNameBytes) throw new Refusal('LIMIT', 'Mailbox name is too long')
  if (levels.some((level) => Buffer.byteLength(level) > maxMailboxLevelBytes)) {
    throw new Refusal('LIMIT', 'A level of the mailbox name is too long')
  }
}

/** Throws `Refusal` (`CANNOT`, `LIMIT`) if `name` cannot be subscribed to as one more than `before`. */
export function checkSubscription(name: string, before: ReadonlySet<string>): void {
  checkMailboxName(name)
  if (before.size >= maxSubscriptions) throw new Refusal('LIMIT', 'Too many subscriptions')
}
