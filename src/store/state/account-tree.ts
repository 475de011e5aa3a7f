import { maxMailboxLevelBytes, maxMailboxLevels, maxMailboxNameBytes, maxSubscriptions } from '../../model/limits.ts'
import { type Mailbox, type MailboxTree, separator } from '../../model/mailbox.ts'
import type { MailboxId } from '../../model/numbers.ts'
import { Refusal } from '../../model/refusal.ts'

const nobody: ReadonlySet<string> = new Set()

/** The tree of an account at one moment. */
export class AccountTree implements MailboxTree {
  readonly version: number
  readonly byName: ReadonlyMap<string, Mailbox>
  readonly byId: ReadonlyMap<MailboxId, Mailbox>
  /** By user. */
  readonly allSubscriptions: ReadonlyMap<string, ReadonlySet<string>>

  constructor(
    version: number,
    byId: ReadonlyMap<MailboxId, Mailbox>,
    allSubscriptions: ReadonlyMap<string, ReadonlySet<string>>,
    byName: ReadonlyMap<string, Mailbox> = new Map([...byId.values()].map((mailbox) => [mailbox.name, mailbox])),
  ) {
    this.version = version
    this.byId = byId
    this.byName = byName
    this.allSubscriptions = allSubscriptions
  }

  subscriptions(user: string): ReadonlySet<string> {
    return this.allSubscriptions.get(user) ?? nobody
  }
}

/** A tree while one commit changes it. Copies a map when it is first changed. */
export class TreeDraft {
  readonly #base: AccountTree
  #byId: Map<MailboxId, Mailbox> | undefined
  #byName: Map<string, Mailbox> | undefined
  #subscriptions: Map<string, Set<string>> | undefined

  constructor(base: AccountTree) {
    this.#base = base
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
  }

  /** Gives mailboxes new names, all at once, so that one may take the name another leaves. */
  rename(names: ReadonlyMap<MailboxId, string>): void {
    const { byId } = this.#maps()
    for (const [id, name] of names) {
      const mailbox = byId.get(id)
      if (mailbox) byId.set(id, { ...mailbox, name })
    }
    this.#byName = new Map([...byId.values()].map((mailbox) => [mailbox.name, mailbox]))
  }

  subscribe(user: string, name: string, subscribed: boolean): void {
    this.#subscriptions ??= new Map()
    let names = this.#subscriptions.get(user)
    if (!names) this.#subscriptions.set(user, (names = new Set(this.#base.subscriptions(user))))
    if (subscribed) names.add(name)
    else names.delete(name)
  }

  finish(): AccountTree {
    if (!this.#byId && !this.#subscriptions) return this.#base
    const subscriptions = this.#subscriptions
      ? new Map([...this.#base.allSubscriptions, ...this.#subscriptions])
      : this.#base.allSubscriptions
    return new AccountTree(this.#base.version + 1, this.byId, subscriptions, this.byName)
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
