import type { Collation } from '../mime/collations.ts'
import type { Committed, Operation, StagedMessage } from '../model/operation.ts'
import { Refusal } from '../model/refusal.ts'
import { normalMailboxName } from '../model/mailbox.ts'
import type { Transport } from '../net/transport.ts'
import type { Authenticator, Identity, SaslChannel } from '../sasl/sasl.ts'
import { MailboxView } from '../session/view.ts'
import type { Right } from '../model/rights.ts'
import type { MailboxSnapshot } from '../model/snapshot.ts'
import type { Work } from '../search/context.ts'
import type { AccountStore } from '../store/store.ts'
import { normalise, type NumberSet, star } from '../wire/number-set.ts'
import type { ResponseWriter } from '../wire/response-writer.ts'
import { BadSyntax } from '../wire/syntax-error.ts'
import { astring, quoted, utf8ToWire, wireToUtf8 } from '../wire/strings.ts'
import { decodeUtf7, encodeUtf7 } from '../wire/utf7.ts'
import { findMailbox, ownPlace } from './namespaces.ts'
import type { Notifications } from './notify/notifications.ts'
import { OtherAccounts } from './other-accounts.ts'
import { type MailboxReference, permitted } from './reference.ts'
import { type Language, translated } from './languages.ts'
import type { ImapServices } from './services.ts'
import { SignInChannel } from './sign-in-channel.ts'
import { Staging } from './staging.ts'
import type { Enabled, Login, SelectedMailbox, State } from './state.ts'
import type { Selection } from '../session/view.ts'

/** What a command may ask of the connection, besides writing. */
export interface SessionIo {
  /** Sends a continuation request and everything written before it, at once. */
  prompt(text: string): void
  /** The next line as it comes, without its CRLF; `undefined` when the client is gone. */
  readLine(): Promise<string | undefined>
  /** {@link Lasting.isDue} has become true. */
  wake(): void
  /** After the tagged OK: TLS, from the next octet on. */
  startTlsAfterAnswer(): void
  /** After the tagged OK: compression, from the next octet on. */
  compressAfterAnswer(): void
  /** Whether STARTTLS is possible, and whether compression is on. */
  readonly canStartTls: boolean
  readonly compressed: boolean
  /** Sends what was written and resolves once the client has read enough that more may be generated. */
  settled(): Promise<void>
  /**
   * To be called now and then in anything that loops over messages: where there is a promise, wait for it, so that
   * other clients have their turn. It rejects when the client has gone, which cancels the work.
   */
  breathe(): Promise<void> | undefined
  /** {@link breathe} for work during which nothing is written: where it takes long, the client is told how far it is. */
  breatheWhile(work: Work): Promise<void> | undefined
  /**
   * Closes the connection at once, when something that was begun to be sent cannot be brought to an end because of
   * `cause`. Always throws.
   */
  abort(cause: unknown): never
}

// Shared by all sessions: a set or array of its own would cost each idle client 150 to 200 octets, empty as it is.
const nothingEnabled: ReadonlySet<Enabled> = new Set()
const nothingSaved: Uint32Array = new Uint32Array(0)

/**
 * One client's connection, from greeting to BYE: who is signed in, what is selected, which dialect it speaks.
 */
export class ImapSession {
  readonly services: ImapServices
  readonly authenticator: Authenticator
  readonly out: ResponseWriter
  readonly io: SessionIo
  /** The transport, as it is now: STARTTLS changes it. */
  transport: Transport
  #enabled: ReadonlySet<Enabled> = nothingEnabled
  #disabledForUser: ReadonlySet<string> | undefined
  /** Messages of the command at hand that come as literals. */
  readonly staging: Staging = new Staging()
  failedLogins = 0
  /** In which the server speaks to people (RFC 5255 §3). */
  language: Language = 'i-default'
  /** What texts are compared by in searches, where it is not i;unicode-casemap (RFC 5255 §4.2). */
  collation: Collation | undefined
  /** What the client is notified of, once it has said what it wants (RFC 5465 §3.1). */
  notifications: Notifications | undefined
  #others: OtherAccounts | undefined
  #state: State = { at: 'not-authenticated' }

  constructor(
    services: ImapServices,
    authenticator: Authenticator,
    transport: Transport,
    out: ResponseWriter,
    io: SessionIo,
  ) {
    this.services = services
    this.authenticator = authenticator
    this.transport = transport
    this.out = out
    this.io = io
  }

  /** Capabilities that this connection does not have, in capitals: its listener's and, once signed in, its user's. */
  get disabledCapabilities(): ReadonlySet<string> {
    return this.#disabledForUser ?? this.services.disabledCapabilities
  }

  /** Extensions that are on. */
  get enabled(): ReadonlySet<Enabled> {
    return this.#enabled
  }

  /** Turns an extension on. */
  enable(extension: Enabled): void {
    this.#enabled = new Set([...this.#enabled, extension])
  }

  /** Messages of the command at hand that came as literals, in their order. */
  get staged(): readonly StagedMessage[] {
    return this.staging.staged
  }

  get state(): State {
    return this.#state
  }

  /** Who is signed in; `undefined` before. */
  get login(): Login | undefined {
    return 'login' in this.#state ? this.#state.login : undefined
  }

  /** The selected mailbox, if there is one. */
  get selected(): SelectedMailbox | undefined {
    return this.#state.at === 'selected' ? this.#state.selected : undefined
  }

  /** Whether the client speaks IMAP4rev2 (RFC 9051 §6.3.1). */
  get rev2(): boolean {
    return this.enabled.has('IMAP4rev2')
  }

  /** Whether there are no sequence numbers any more (RFC 9586 §3). */
  get uidOnly(): boolean {
    return this.#enabled.has('UIDONLY')
  }

  /** Whether names and quoted strings are UTF-8 in both directions (RFC 9051 §5.1, RFC 9755 §3). */
  get utf8(): boolean {
    return this.rev2 || this.enabled.has('UTF8=ACCEPT')
  }

  /** Whether MODSEQ is told with every flag change (RFC 7162 §3.1). */
  get condstore(): boolean {
    return this.enabled.has('CONDSTORE') || this.enabled.has('QRESYNC')
  }

  /** What signing in must know of the connection. */
  get channel(): SaslChannel {
    return new SignInChannel(this.transport)
  }

  /**
   * Enters the authenticated state. Throws `Refusal`: `LIMIT` when the account has too many connections, `REFERRAL` when
   * the user's mail is elsewhere (RFC 2221 §4.1).
   */
  async signIn(identity: Identity): Promise<void> {
    const { loginCounts, limits, store, site } = this.services
    // Only whoever proves to be the user is told.
    const elsewhere = site?.referrals.get(identity.user)
    if (elsewhere !== undefined) throw new Refusal(`REFERRAL ${elsewhere}`, 'Your mail is at another server')
    const count = loginCounts.get(identity.account) ?? 0
    if (count >= limits.maxConnectionsPerAccount) {
      throw new Refusal('LIMIT', `More than ${limits.maxConnectionsPerAccount} connections to this account; close some`)
    }
    loginCounts.set(identity.account, count + 1)
    try {
      const account = await store.openAccount(identity.account)
      this.#state = { at: 'authenticated', login: { identity, account, own: ownPlace(account) } }
      const { disabledCapabilities: forUser = [] } = identity
      if (forUser.length > 0) {
        this.#disabledForUser = new Set([...this.services.disabledCapabilities, ...forUser])
      }
    } catch (error) {
      this.#countDown(identity.account)
      throw error
    }
  }

  /** Back to not authenticated, with nothing enabled (RFC 8437 §2), or to the end. */
  async signOut(next: 'not-authenticated' | 'logout'): Promise<void> {
    const login = this.login
    this.notifications?.stop()
    this.notifications = undefined
    this.deselect()
    this.#state = { at: next }
    this.#enabled = nothingEnabled
    this.collation = undefined
    if (next === 'not-authenticated') this.language = 'i-default' // RFC 8437 §4
    this.#disabledForUser = undefined
    if (!login) return
    this.#countDown(login.identity.account)
    const others = this.#others
    this.#others = undefined
    await others?.close()
    await login.account.close()
  }

  /** The accounts of others that this session has open. */
  get others(): OtherAccounts {
    return (this.#others ??= new OtherAccounts(this.services.store))
  }

  /** Lets go of what only the command that is over had to do with. */
  async closeUnused(): Promise<void> {
    await this.#others?.closeUnused()
  }

  #countDown(account: string): void {
    const left = (this.services.loginCounts.get(account) ?? 1) - 1
    if (left > 0) this.services.loginCounts.set(account, left)
    else this.services.loginCounts.delete(account)
  }

  /** Enters the selected state. */
  select(login: Login, reference: MailboxReference, snapshot: MailboxSnapshot, readOnly: boolean): SelectedMailbox {
    const isOwn = reference.account === login.account
    const selected: SelectedMailbox = {
      ...reference,
      view: new MailboxView(snapshot, readOnly),
      letGo: isOwn ? undefined : this.others.hold(reference.account.id),
      keywordsTold: 0,
      keysTold: undefined,
      modSeqLags: false,
      contexts: undefined,
      ownCommits: undefined,
      saved: nothingSaved,
    }
    this.#state = { at: 'selected', login, selected }
    this.notifications?.selectionChanged()
    return selected
  }

  /** Leaves the selected state, if it is in it. */
  deselect(): void {
    if (this.#state.at !== 'selected') return
    const { login, selected } = this.#state
    selected.letGo?.()
    this.#state = { at: 'authenticated', login }
    this.notifications?.selectionChanged()
  }

  /** Commits what the client asks for, of which it need not be notified (RFC 5465 §5). Throws as `commit` of the store. */
  async commit(account: AccountStore, operations: readonly Operation[]): Promise<Committed> {
    const before = this.notifications?.lastCommit(account) ?? 0
    const committed = await account.commit(operations)
    if (committed.changedNothing) return committed // its mod-sequence may be of another's
    if (committed.modSeq > before) this.notifications?.noteOwn(account, committed.modSeq)
    const { selected } = this
    const brings = operations.some(({ op }) => op === 'append' || op === 'copy' || op === 'move')
    if (brings && selected?.account === account && (this.notifications || selected.contexts)) {
      selected.ownCommits = new Set(selected.ownCommits).add(committed.modSeq)
    }
    return committed
  }

  /**
   * A mailbox's name as the store keeps it, from the octets that the client sent: UTF-8 or modified UTF-7 (RFC 3501
   * §5.1.3). Throws `BadSyntax` where they should be UTF-8 (RFC 9755 §3), `Refusal` (`CANNOT`) where they should be
   * UTF-7, and are not.
   */
  mailboxName(wire: string): string {
    const name = this.#text(wire)
    if (name === undefined) throw new Refusal('CANNOT', 'The mailbox name is not modified UTF-7')
    return normalMailboxName(name)
  }

  /** A LIST pattern or reference as text; one that is not UTF-7 matches nothing (RFC 9051 §6.3.9). */
  patternText(wire: string): string {
    return this.#text(wire) ?? '\0'
  }

  #text(wire: string): string | undefined {
    if (!this.utf8) return decodeUtf7(wire)
    const text = wireToUtf8(wire)
    if (text === undefined) throw new BadSyntax('That is not UTF-8', 0)
    return text
  }

  /** Turns CONDSTORE on, as commands that use it do (RFC 7162 §3.1); the first time the client is told where it is. */
  enableCondstore(): void {
    if (this.condstore || this.disabledCapabilities.has('CONDSTORE')) return
    this.enable('CONDSTORE')
    const view = this.selected?.view
    if (view) this.say('OK', `HIGHESTMODSEQ ${view.knownModSeq}`, 'CONDSTORE is on')
  }

  /** A text for people, given in English, as it goes out in the session's language. */
  inLanguage(text: string): string {
    return this.language === 'i-default' ? text : utf8ToWire(translated(text, this.language))
  }

  /** Tells something that nobody asked for: an untagged status response with its code and, in English, its text. */
  say(status: 'OK' | 'NO', code: string, text: string): void {
    this.out.line(`* ${status} [${code}] ${this.inLanguage(text)}`)
  }

  /** UID ranges a set names, ascending and apart. */
  uidRanges(selected: SelectedMailbox, set: NumberSet): readonly (readonly [number, number])[] {
    if (set.saved) return [...selected.saved].map((uid) => [uid, uid] as const)
    return normalise(set, selected.view.uids.at(-1) ?? 0)
  }

  /** A name as it goes out: UTF-8, in quotes unless it is ASCII (RFC 9755 §3), or modified UTF-7. */
  mailboxText(name: string): string {
    if (!this.utf8) return astring(encodeUtf7(name))
    const wire = utf8ToWire(name)
    return wire === name ? astring(wire) : quoted(wire)
  }

  /**
   * The mailbox with this name as the client sent it, for what takes the right `needs`. Throws `Refusal`: with `missing`
   * as its code when there is none or the user may not know of it, else `NOPERM` when the right is lacking.
   */
  async mailboxNamed(
    login: Login,
    wire: string,
    needs: Right,
    missing: 'NONEXISTENT' | 'TRYCREATE' = 'NONEXISTENT',
  ): Promise<MailboxReference> {
    return permitted(await findMailbox(this, login, this.mailboxName(wire)), needs, missing)
  }

  /**
   * The messages a set names. A message number above the number of messages is an error (RFC 9051 §9 seq-number); a
   * UID that does not exist is not.
   *
   * Deviates: a range that ends in `*` is no error where its other end is too high or the mailbox is empty, since
   * clients that look for new mail send it.
   */
  resolve(selected: SelectedMailbox, set: NumberSet, byUid: boolean): Selection {
    const { view } = selected
    if (set.saved || byUid) return view.selectUids(this.uidRanges(selected, set))
    for (const [first, last] of set.ranges) {
      const open = first === star || last === star
      const highest = Math.max(first, last)
      if (!open && highest > view.exists) {
        throw new BadSyntax(`There is no message ${highest}; the mailbox has ${view.exists}`, 0)
      }
      if (first === star && last === star && view.exists === 0) throw new BadSyntax('The mailbox is empty', 0)
    }
    return view.exists === 0 ? view.selectSeqNums([]) : view.selectSeqNums(normalise(set, view.exists))
  }
}
