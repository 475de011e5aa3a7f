import { StoreFailure } from '../store/store.ts'
import { Refusal } from '../model/refusal.ts'
import type { Transport } from '../net/transport.ts'
import type { Authenticator } from '../sasl/sasl.ts'
import type { Work } from '../search/context.ts'
import { Framer, type LiteralFrame } from '../wire/framer.ts'
import { ResponseWriter } from '../wire/response-writer.ts'
import { BadSyntax } from '../wire/syntax-error.ts'
import { beginCommand } from './begin-command.ts'
import { requireShort, requireState } from './admission.ts'
import { capabilityTokens } from './capabilities.ts'
import {
  mayExpunge,
  type AnyCommand,
  type CommandForm,
  type Done,
  type Lasting,
  type SessionIn,
  type Underway,
} from './command.ts'
import { Connection, type ConnectionEvents } from './connection.ts'
import { asError, bracketed, framingProblems, malformedLine, storeFailures } from './failure-texts.ts'
import { framerLimits } from './limits.ts'
import { allows } from './reference.ts'
import { writeLastUpdates, writeUpdates } from './responses/updates.ts'
import { progressNotes } from './progress.ts'
import type { Notifications } from './notify/notifications.ts'
import type { ImapServices } from './services.ts'
import { ImapSession, type SessionIo } from './session.ts'
import { Disconnected, Turns } from './turns.ts'

/** Octets of commands that are kept while one is running, until reading stops. */
const maxBufferedBytes = 128 * 1024

/**
 * Runs one connection: takes commands from the framer one at a time and in order, so that no two are ever ambiguous
 * (RFC 9051 §5.5), runs them, and is the only place that turns errors into answers.
 */
export class Dispatcher implements SessionIo, ConnectionEvents {
  readonly #services: ImapServices
  readonly #connection: Connection
  readonly #session: ImapSession
  readonly #out: ResponseWriter
  readonly #turns: Turns
  #framer: Framer
  #running = false
  #readingLine = false
  #wake: (() => void) | undefined
  #timer: NodeJS.Timeout
  #signedIn = false
  #badCommands = 0
  #goodbye: string | undefined
  /** Whether the last word was said: nothing is read any more, and nothing answered. */
  #hungUp = false
  #afterAnswer: (() => Promise<void> | void) | undefined
  #underway: Underway | undefined
  readonly #onClosed: () => void

  constructor(transport: Transport, services: ImapServices, authenticator: Authenticator, onClosed: () => void) {
    const { limits } = services
    this.#services = services
    this.#connection = new Connection(transport, limits, this)
    this.#out = new ResponseWriter(this.#connection)
    this.#turns = new Turns(this.#connection, this.#out)
    this.#framer = new Framer(framerLimits(services.limits, false))
    this.#session = new ImapSession(services, authenticator, transport, this.#out, this)
    this.#onClosed = onClosed
    this.#timer = setTimeout(Dispatcher.#onTimeout, limits.loginTimeoutMs, this)
  }

  /** Sends the greeting and begins to read (RFC 9051 §7.1.1). */
  start(): void {
    this.#out.line(`* OK [CAPABILITY ${capabilityTokens(this.#session)}] Crispin ready`)
    this.#out.flush()
    this.#connection.start()
  }

  /** Ends the connection with BYE once the command at hand is done (RFC 9051 §7.1.5). */
  bye(reason: string): void {
    this.#goodbye ??= reason
    if (!this.#running || this.#readingLine) this.#sayGoodbye()
  }

  // What commands see of the connection.

  get canStartTls(): boolean {
    return this.#connection.transport.startTls !== undefined
  }

  get compressed(): boolean {
    return this.#connection.compressed
  }

  prompt(text: string): void {
    this.#out.line('+ ' + text)
    this.#out.flush()
  }

  async readLine(): Promise<string | undefined> {
    this.#framer.expectLine()
    this.#out.flush()
    this.#readingLine = true
    try {
      for (;;) {
        if (this.#connection.closed || this.#goodbye !== undefined) return undefined
        const frame = this.#framer.next()
        if (frame?.kind === 'line') return frame.text
        if (frame) throw malformedLine()
        if (this.#connection.inputEnded) return undefined
        this.#connection.pause(false)
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.#readingLine = false
    }
  }

  wake(): void {
    // Not at once: whoever calls is in the middle of publishing a change.
    queueMicrotask(() => {
      if (!this.#running && !this.#connection.closed) void this.#run()
    })
  }

  startTlsAfterAnswer(): void {
    this.#afterAnswer = async () => {
      this.#session.transport = await this.#connection.startTls()
      this.#framer = new Framer(framerLimits(this.#services.limits, false))
    }
  }

  compressAfterAnswer(): void {
    this.#afterAnswer = () => this.#connection.compress(this.#framer.takeRest())
  }

  settled(): Promise<void> {
    return this.#turns.settled()
  }

  breathe(): Promise<void> | undefined {
    return this.#turns.breathe()
  }

  breatheWhile(work: Work): Promise<void> | undefined {
    return this.#turns.breatheWhile(work, this.#services.now)
  }

  abort(cause: unknown): never {
    if (cause instanceof Disconnected) throw cause
    this.#services.log.error({ err: cause }, 'a response broke off')
    this.#connection.destroy()
    throw new Disconnected()
  }

  // What arrives.

  onData(chunk: Buffer): void {
    if (this.#hungUp) return
    this.#framer.feed(chunk)
    if (this.#signedIn) this.#timer.refresh()
    if (!this.#running) void this.#run()
    else if (this.#readingLine) this.#awake()
    else if (this.#framer.buffered > maxBufferedBytes) this.#connection.pause(true)
  }

  #awake(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  onEnd(): void {
    if (this.#readingLine) this.#awake()
    else if (!this.#running && !this.#hungUp) this.#hangUp()
  }

  onClose(): void {
    clearTimeout(this.#timer)
    if (this.#running) this.#awake()
    else void this.#finish()
  }

  static readonly #onTimeout = (dispatcher: Dispatcher): void => dispatcher.#timeOut()

  #timeOut(): void {
    if (this.#running && !this.#readingLine) this.#timer.refresh()
    else this.bye(this.#signedIn ? 'Autologout; idle for too long' : 'Too long without signing in')
  }

  /** Takes frames until there are none. Never throws. */
  async #run(): Promise<void> {
    this.#running = true
    this.#turns.begin()
    try {
      while (!this.#connection.closed && !this.#hungUp) {
        if (this.#due) {
          await this.#tell(this.#due)
          if (this.#goodbye !== undefined) this.#sayGoodbye()
          continue
        }
        const frame = this.#framer.next()
        if (!frame) {
          const { buffered } = this.#framer
          this.#out.flush()
          // Where both ends are in one process, a client may hear its answer and go on while it is being written.
          if (this.#framer.buffered !== buffered || this.#due) continue
          if (!this.#out.blocked) break
          await this.#out.settled() // who does not read answers is not listened to
          continue
        }
        switch (frame.kind) {
          case 'command':
            await this.#command(frame.text)
            break
          case 'literal':
            await this.#literal(frame)
            break
          case 'literalData':
            await this.#session.staging.write(frame.chunk)
            break
          case 'literalEnd':
            await this.#session.staging.end()
            break
          case 'discarded':
            await this.#refuse(beginCommand(frame.text).tag, this.#session.staging.failure)
            await this.#session.staging.drop()
            break
          case 'broken':
            if (this.#underway) await this.#endUnderway(this.#underway, malformedLine())
            else this.#bad(frame.tag ?? '*', framingProblems[frame.problem])
            await this.#session.staging.drop()
            break
          case 'line':
            if (this.#underway) await this.#endUnderway(this.#underway, frame.text)
            break // else nobody waits for it any more
        }
        if (this.#goodbye !== undefined) this.#sayGoodbye()
        if (this.#framer.buffered < maxBufferedBytes / 2) this.#connection.pause(false)
        if (this.#out.full) await this.settled()
        else await this.breathe()
      }
    } catch (error) {
      if (!(error instanceof Disconnected)) this.#crash(error)
    }
    this.#running = false
    // Where both ends are in one process, the last answer may have been what the goodbye came upon.
    if (this.#goodbye !== undefined) this.#sayGoodbye()
    this.#connection.pause(false)
    if (this.#connection.closed) await this.#finish()
    else if (this.#connection.inputEnded && !this.#hungUp) this.#hangUp()
  }

  /** A broken invariant: nothing of this connection can be trusted any more. */
  #crash(error: unknown): void {
    this.#services.log.error({ err: error }, 'a connection failed')
    this.bye('Internal error')
    this.#sayGoodbye()
  }

  async #finish(): Promise<void> {
    clearTimeout(this.#timer) // a command that ended after the connection may have set it again
    this.#underway?.lasting.stop()
    this.#underway = undefined
    try {
      await this.#session.staging.drop()
      await this.#session.signOut('logout')
    } catch (error) {
      this.#services.log.error({ err: error }, 'closing an account failed')
    }
    this.#onClosed()
  }

  #sayGoodbye(): void {
    if (this.#connection.closed || this.#hungUp) return
    this.#out.line('* BYE ' + this.#session.inLanguage(this.#goodbye ?? 'Goodbye'))
    this.#hangUp()
  }

  #hangUp(): void {
    this.#hungUp = true
    this.#out.flush()
    this.#connection.end()
    this.#awake()
  }

  // Literals.

  async #literal(frame: LiteralFrame): Promise<void> {
    const text = frame.text + '\r\n' // as it will stand in the complete command
    const { tag, command, form, cursor } = beginCommand(text)
    const { staging } = this.#session
    const isMessage = command?.isMessage?.(cursor) === true && this.#session.login !== undefined
    try {
      if (staging.failure !== undefined) throw staging.failure // an earlier message of the command
      requireShort(this.#session, frame)
      if (isMessage) await this.#admit(command, form, text, frame)
      else if (!frame.fits) throw new Refusal('TOOBIG', `A literal of ${frame.size} octets is too long here`)
    } catch (error) {
      if (frame.synchronising) {
        this.#framer.abandon()
        await this.#refuse(tag, error)
        await staging.drop() // the command is over, and what it brought must not be the next one's
      } else {
        staging.fail(error)
        this.#framer.discard()
      }
      return
    }
    if (isMessage) this.#framer.stream()
    else this.#framer.gather()
    if (frame.synchronising) this.prompt('Go ahead')
  }

  async #admit(command: AnyCommand, form: CommandForm, text: string, { size, binary }: LiteralFrame): Promise<void> {
    const { limits } = this.#services
    const { login, staged, staging } = this.#session
    if (!login) throw new Refusal(undefined, 'Sign in first')
    requireState(this.#session, command, form)
    if (size > limits.maxMessageBytes) {
      throw new Refusal('TOOBIG', `A message may have ${limits.maxMessageBytes} octets at most`)
    }
    if (staged.length >= limits.maxAppendMessages) {
      throw new Refusal('LIMIT', `One command may append ${limits.maxAppendMessages} messages at most`)
    }
    // Its state is checked above.
    const account = await command.admit?.(this.#session as SessionIn<'selected'>, beginCommand(text).cursor)
    staging.begin(account ?? login.account, binary)
  }

  // Commands.

  async #command(text: string): Promise<void> {
    const { tag, command, form, cursor } = beginCommand(text)
    const startedAt = performance.now()
    let outcome: 'OK' | 'NO' | 'BAD' | undefined
    try {
      const { failure } = this.#session.staging
      if (failure !== undefined) throw failure
      if (tag === undefined) throw new BadSyntax('A command starts with a tag', 0)
      if (!command) throw new BadSyntax('There is no such command', 0)
      requireState(this.#session, command, form)
      const args = command.parse(cursor, form)
      this.#turns.notes = progressNotes(this.#session, tag)
      const { effects } = command
      if (this.#session.selected && !effects?.tellsNothing) await writeUpdates(this.#session, false)
      // checkState has made sure of the session, and the command's own parse of the arguments.
      const done = await command.run(this.#session as SessionIn<'selected'>, args as never, form)
      if ('finish' in done) {
        this.#framer.expectLine()
        this.#underway = { tag, command, form, startedAt, lasting: done }
        return
      }
      if (!effects?.tellsNothing) await writeLastUpdates(this.#session, mayExpunge(command, form, done))
      outcome = this.#answer(tag, done)
      this.#badCommands = 0
    } catch (error) {
      outcome = await this.#refuse(tag, error, command !== undefined && mayExpunge(command, form))
    }
    this.#turns.notes = undefined
    await this.#session.staging.drop()
    this.#count(command, outcome, startedAt)
    await this.#afterCommand()
  }

  /** What has something to tell: the command that lasts or, between commands, a NOTIFY (RFC 5465 §3.1). */
  get #due(): Lasting | Notifications | undefined {
    const teller = this.#underway?.lasting ?? this.#session.notifications
    return teller?.isDue ? teller : undefined
  }

  async #tell(teller: Lasting | Notifications): Promise<void> {
    try {
      await teller.tell()
      await this.settled()
    } catch (error) {
      if (error instanceof Disconnected) throw error
      if (this.#underway) return await this.#endUnderway(this.#underway, asError(error))
      if (await this.#selectedIsGone()) return
      this.#services.log.error({ err: error }, 'a client could not be notified')
      this.#session.notifications?.overflow()
    }
  }

  /** Ends a command that lasts: with the client's line, or with what keeps it from going on. */
  async #endUnderway({ tag, command, form, startedAt, lasting }: Underway, end: string | Error): Promise<void> {
    this.#underway = undefined
    lasting.stop()
    let outcome: 'OK' | 'NO' | 'BAD' | undefined
    try {
      if (typeof end !== 'string') throw end
      const done = lasting.finish(end)
      await writeLastUpdates(this.#session, mayExpunge(command, form, done))
      outcome = this.#answer(tag, done)
      this.#badCommands = 0
    } catch (error) {
      outcome = await this.#refuse(tag, error, mayExpunge(command, form))
    }
    this.#count(command, outcome, startedAt)
    await this.#afterCommand()
  }

  #count(command: AnyCommand | undefined, outcome: 'OK' | 'NO' | 'BAD' | undefined, startedAt: number): void {
    if (outcome) this.#services.onCommand?.(command?.name ?? 'unknown', outcome, performance.now() - startedAt)
  }

  #answer(tag: string, { code, text, no }: Done): 'OK' | 'NO' {
    const outcome = no ? 'NO' : 'OK'
    this.#out.line(`${tag} ${outcome} ${bracketed(code)}${this.#session.inLanguage(text)}`)
    return outcome
  }

  /** Turns what was thrown into a tagged answer. `tellsExpunges`: whether EXPUNGE may come with a NO. */
  async #refuse(
    tag: string | undefined,
    error: unknown,
    tellsExpunges: boolean = false,
  ): Promise<'NO' | 'BAD' | undefined> {
    if (error instanceof Disconnected || this.#connection.closed) return undefined
    if (error instanceof BadSyntax) {
      this.#bad(tag ?? '*', bracketed(error.code) + error.text)
      return 'BAD'
    }
    if (error instanceof Refusal) {
      if (error.code === 'NONEXISTENT' && (await this.#selectedIsGone())) return undefined
      if (!(await this.#updateBeforeRefusing(tellsExpunges))) return undefined
      this.#out.line(`${tag ?? '*'} NO ${bracketed(error.code)}${this.#session.inLanguage(error.message)}`)
    } else if (error instanceof StoreFailure) {
      this.#services.log.error({ err: error, reason: error.reason }, 'the store failed')
      this.#out.line(`${tag ?? '*'} NO [UNAVAILABLE] ${this.#session.inLanguage(storeFailures[error.reason])}`)
    } else {
      this.#services.log.error({ err: error }, 'a command failed')
      this.#out.line(`${tag ?? '*'} NO [SERVERBUG] Internal error`)
      this.bye('Internal error')
    }
    return 'NO'
  }

  /** Tells what has changed; answers false when that ended the session, the selected mailbox being gone. */
  async #updateBeforeRefusing(mayExpunge: boolean): Promise<boolean> {
    try {
      if (this.#session.selected) await writeLastUpdates(this.#session, mayExpunge)
      return true
    } catch (error) {
      if (error instanceof Refusal && (await this.#selectedIsGone())) return false
      throw error
    }
  }

  /**
   * Ends the session of a client whose selected mailbox was deleted by another (RFC 2180 §3.3), or may no longer be read
   * (RFC 4314 §5.1.1).
   */
  async #selectedIsGone(): Promise<boolean> {
    const { login, selected } = this.#session
    if (!login || !selected) return false
    const mailbox = (await selected.account.tree()).byId.get(selected.view.mailbox)
    if (mailbox && allows({ rights: selected.place.rightsTo(mailbox) }, 'r')) return false
    this.bye(selected.user === undefined ? 'The selected mailbox was deleted' : 'The selected mailbox is gone')
    return true
  }

  #bad(tag: string, text: string): void {
    this.#out.line(`${tag} BAD ${text}`)
    this.#badCommands++
    if (this.#badCommands >= this.#services.limits.maxBadCommands) this.bye('Too many commands that make no sense')
  }

  async #afterCommand(): Promise<void> {
    if (this.#session.state.at === 'logout') return this.#hangUp()
    await this.#session.closeUnused()
    if (this.#session.failedLogins >= this.#services.limits.maxFailedLogins) this.bye('Too many failed sign-ins')
    const afterAnswer = this.#afterAnswer
    if (afterAnswer) {
      this.#afterAnswer = undefined
      this.#out.flush()
      try {
        await afterAnswer()
      } catch (error) {
        this.#services.log.info({ err: error }, 'STARTTLS failed')
        throw new Disconnected()
      }
    }
    const signedIn = this.#session.login !== undefined
    if (signedIn !== this.#signedIn) {
      const { limits } = this.#services
      this.#signedIn = signedIn
      this.#framer.setLimits(framerLimits(limits, signedIn))
      clearTimeout(this.#timer)
      this.#timer = setTimeout(Dispatcher.#onTimeout, signedIn ? limits.idleTimeoutMs : limits.loginTimeoutMs, this)
    }
  }
}
