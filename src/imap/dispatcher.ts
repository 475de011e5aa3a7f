import type { MessageStager } from '../store/store.ts'
import { StoreFailure } from '../store/store.ts'
import { Refusal } from '../model/refusal.ts'
import type { Transport } from '../net/transport.ts'
import type { Authenticator } from '../sasl/sasl.ts'
import { Framer, type LiteralFrame } from '../wire/framer.ts'
import { ResponseWriter } from '../wire/response-writer.ts'
import { BadSyntax } from '../wire/syntax-error.ts'
import { beginCommand } from './begin-command.ts'
import { capabilityTokens } from './capabilities.ts'
import type { AnyCommand, CommandForm, Done, SessionIn } from './command.ts'
import { Connection, type ConnectionEvents } from './connection.ts'
import { writeLastUpdates, writeUpdates } from './responses/updates.ts'
import type { ImapServices } from './services.ts'
import { notePassed } from '../net/young-garbage.ts'
import { ImapSession, type SessionIo } from './session.ts'

/** Octets of commands that are kept while one is running, until reading stops. */
const maxBufferedBytes = 128 * 1024
/** How long one connection may keep the event loop before others have their turn, in milliseconds. */
const sliceMs = 3

/** The client went away in the middle of a command; nothing is left to answer. */
class Disconnected extends Error {}

/**
 * Runs one connection: takes commands from the framer one at a time and in order, so that no two are ever ambiguous
 * (RFC 9051 §5.5), runs them, and is the only place that turns errors into answers.
 */
export class Dispatcher implements SessionIo, ConnectionEvents {
  readonly #services: ImapServices
  readonly #connection: Connection
  readonly #session: ImapSession
  readonly #out: ResponseWriter
  #framer: Framer
  #running = false
  #readingLine = false
  #wake: (() => void) | undefined
  #timer: NodeJS.Timeout
  #signedIn = false
  #badCommands = 0
  #sliceEnd = 0
  #goodbye: string | undefined
  /** Whether the last word was said: nothing is read any more, and nothing answered. */
  #hungUp = false
  #afterAnswer: (() => Promise<void> | void) | undefined
  #stager: MessageStager | undefined
  /** Whether the literal that is being streamed may hold NUL (RFC 9051 §4.3.1). */
  #binary = false
  /** Why the command whose literal is being swallowed is refused. */
  #failure: Error | undefined
  #resolveClosed: () => void = () => {}
  readonly closed: Promise<void>

  constructor(transport: Transport, services: ImapServices, authenticator: Authenticator) {
    const { limits } = services
    this.#services = services
    this.#connection = new Connection(transport, limits, this)
    this.#out = new ResponseWriter(this.#connection)
    this.#framer = this.#newFramer(false)
    this.#session = new ImapSession(services, authenticator, transport, this.#out, this)
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve))
    this.#timer = setTimeout(() => this.#onTimeout(), limits.loginTimeoutMs)
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
        if (frame) throw new BadSyntax('That line is too long or malformed', 0)
        this.#connection.pause(false)
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.#readingLine = false
    }
  }

  startTlsAfterAnswer(): void {
    this.#afterAnswer = async () => {
      this.#session.transport = await this.#connection.startTls()
      this.#framer = this.#newFramer(false)
    }
  }

  compressAfterAnswer(): void {
    this.#afterAnswer = () => this.#connection.compress(this.#framer.takeRest())
  }

  async settled(): Promise<void> {
    this.#out.flush()
    await this.#out.settled()
    if (this.#connection.closed) throw new Disconnected()
    await this.breathe()
  }

  breathe(): Promise<void> | undefined {
    return performance.now() < this.#sliceEnd ? undefined : this.#giveWay()
  }

  async #giveWay(): Promise<void> {
    this.#out.flush() // answers that are ready do not wait for one that takes long
    await this.#out.settled() // nor do more gather than the client reads
    await new Promise(setImmediate)
    this.#sliceEnd = performance.now() + sliceMs
    if (this.#connection.closed) throw new Disconnected()
  }

  abort(cause: unknown): never {
    if (cause instanceof Disconnected) throw cause
    this.#services.log.error({ err: cause }, 'a response broke off')
    this.#connection.destroy()
    throw new Disconnected()
  }

  // What arrives.

  #newFramer(signedIn: boolean): Framer {
    return new Framer(this.#framerLimits(signedIn))
  }

  #framerLimits(signedIn: boolean): ConstructorParameters<typeof Framer>[0] {
    const { limits } = this.#services
    const maxCommandBytes = signedIn ? limits.maxCommandBytes : limits.maxCommandBytesBeforeLogin
    return {
      maxLineBytes: signedIn ? limits.maxLineBytes : limits.maxLineBytesBeforeLogin,
      maxCommandBytes,
      maxGatheredLiteralBytes: maxCommandBytes,
    }
  }

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

  onClose(): void {
    clearTimeout(this.#timer)
    if (this.#running) this.#awake()
    else void this.#finish()
  }

  #onTimeout(): void {
    if (this.#running && !this.#readingLine) this.#timer.refresh()
    else this.bye(this.#signedIn ? 'Autologout; idle for too long' : 'Too long without signing in')
  }

  /** Takes frames until there are none. Never throws. */
  async #run(): Promise<void> {
    this.#running = true
    this.#sliceEnd = performance.now() + sliceMs
    try {
      while (!this.#connection.closed && !this.#hungUp) {
        const frame = this.#framer.next()
        if (!frame) {
          const { buffered } = this.#framer
          this.#out.flush()
          // Where both ends are in one process, a client may hear its answer and go on while it is being written.
          if (this.#framer.buffered !== buffered) continue
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
            await this.#literalData(frame.chunk)
            break
          case 'literalEnd':
            await this.#literalEnd()
            break
          case 'discarded':
            await this.#refuse(beginCommand(frame.text).tag, this.#failure)
            await this.#dropStaged()
            break
          case 'broken':
            this.#bad(frame.tag ?? '*', framingProblems[frame.problem])
            await this.#dropStaged()
            break
          case 'line':
            break // nobody waits for it any more
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
    this.#connection.pause(false)
    if (this.#connection.closed) await this.#finish()
  }

  /** A broken invariant: nothing of this connection can be trusted any more. */
  #crash(error: unknown): void {
    this.#services.log.error({ err: error }, 'a connection failed')
    this.bye('Internal error')
    this.#sayGoodbye()
  }

  async #finish(): Promise<void> {
    clearTimeout(this.#timer) // a command that ended after the connection may have set it again
    try {
      await this.#dropStaged()
      await this.#session.signOut('logout')
    } catch (error) {
      this.#services.log.error({ err: error }, 'closing an account failed')
    }
    this.#resolveClosed()
  }

  #sayGoodbye(): void {
    if (this.#connection.closed || this.#hungUp) return
    this.#out.line('* BYE ' + (this.#goodbye ?? 'Goodbye'))
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
    const { tag, command, cursor } = beginCommand(text)
    const isMessage = command?.isMessage?.(cursor) === true && this.#session.login !== undefined
    try {
      if (this.#failure !== undefined) throw this.#failure // an earlier message of the command
      if (isMessage) await this.#admit(command, text, frame.size)
      else if (!frame.fits) throw new Refusal('TOOBIG', `A literal of ${frame.size} octets is too long here`)
    } catch (error) {
      if (frame.synchronising) {
        this.#framer.abandon()
        await this.#refuse(tag, error)
        await this.#dropStaged() // the command is over, and what it brought must not be the next one's
      } else {
        this.#failure = asError(error)
        this.#framer.discard()
      }
      return
    }
    this.#binary = frame.binary
    if (isMessage) this.#framer.stream()
    else this.#framer.gather()
    if (frame.synchronising) this.prompt('Go ahead')
  }

  async #admit(command: AnyCommand, text: string, size: number): Promise<void> {
    const { limits } = this.#services
    const { login, staged } = this.#session
    if (!login) throw new Refusal(undefined, 'Sign in first')
    this.#checkState(command)
    if (size > limits.maxMessageBytes) {
      throw new Refusal('TOOBIG', `A message may have ${limits.maxMessageBytes} octets at most`)
    }
    if (staged.length >= limits.maxAppendMessages) {
      throw new Refusal('LIMIT', `One command may append ${limits.maxAppendMessages} messages at most`)
    }
    await command.admit?.(this.#session as SessionIn<'selected'>, beginCommand(text).cursor) // its state is checked above
    this.#stager = login.account.stage()
  }

  async #literalData(chunk: Buffer): Promise<void> {
    if (this.#failure !== undefined) return
    try {
      if (!this.#binary && chunk.includes(0))
        throw new BadSyntax('A literal with NUL in it must be a literal8, ~{n}', 0)
      const slow = this.#stager?.write(chunk)
      if (slow) await slow
      notePassed(chunk.length)
    } catch (error) {
      this.#failure = asError(error) // answered when the command is complete; the rest of the octets is passed over
    }
  }

  async #literalEnd(): Promise<void> {
    const stager = this.#stager
    this.#stager = undefined
    if (!stager) return
    try {
      if (this.#failure === undefined) this.#session.staged.push(await stager.finish())
      else await stager.abort()
    } catch (error) {
      this.#failure ??= asError(error) // as above
    }
  }

  async #dropStaged(): Promise<void> {
    const stager = this.#stager
    this.#stager = undefined
    this.#failure = undefined
    for (const staged of this.#session.staged) staged.release()
    this.#session.staged = []
    await stager?.abort()
  }

  // Commands.

  async #command(text: string): Promise<void> {
    const { tag, command, form, cursor } = beginCommand(text)
    const startedAt = performance.now()
    let outcome: 'OK' | 'NO' | 'BAD' | undefined
    try {
      if (this.#failure !== undefined) throw this.#failure
      if (tag === undefined) throw new BadSyntax('A command starts with a tag', 0)
      if (!command) throw new BadSyntax('There is no such command', 0)
      this.#checkState(command)
      const args = command.parse(cursor, form)
      const { effects } = command
      if (this.#session.selected && !effects?.tellsNothing) await writeUpdates(this.#session, false)
      // checkState has made sure of the session, and the command's own parse of the arguments.
      const done = await command.run(this.#session as SessionIn<'selected'>, args as never, form)
      if (!effects?.tellsNothing) await writeLastUpdates(this.#session, mayExpunge(command, form, done))
      outcome = this.#answer(tag, done)
      this.#badCommands = 0
    } catch (error) {
      outcome = await this.#refuse(tag, error, command !== undefined && mayExpunge(command, form))
    }
    await this.#dropStaged()
    if (outcome) this.#services.onCommand?.(command?.name ?? 'unknown', outcome, performance.now() - startedAt)
    await this.#afterCommand()
  }

  #checkState({ name, state }: AnyCommand): void {
    const { at } = this.#session.state
    const fits =
      state === 'any' ||
      (state === 'not-authenticated' && at === 'not-authenticated') ||
      (state === 'authenticated' && (at === 'authenticated' || at === 'selected')) ||
      (state === 'selected' && at === 'selected')
    if (fits) return
    if (state === 'not-authenticated') throw new BadSyntax(`${name} is for those who have not signed in yet`, 0)
    throw new BadSyntax(state === 'selected' && at === 'authenticated' ? 'Select a mailbox first' : 'Sign in first', 0)
  }

  #answer(tag: string, { code, text, no }: Done): 'OK' | 'NO' {
    const outcome = no ? 'NO' : 'OK'
    this.#out.line(`${tag} ${outcome} ${code === undefined ? '' : `[${code}] `}${text}`)
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
      this.#bad(tag ?? '*', error.text)
      return 'BAD'
    }
    if (error instanceof Refusal) {
      if (error.code === 'NONEXISTENT' && (await this.#selectedIsGone())) return undefined
      if (!(await this.#updateBeforeRefusing(tellsExpunges))) return undefined
      this.#out.line(`${tag ?? '*'} NO ${error.code === undefined ? '' : `[${error.code}] `}${error.message}`)
    } else if (error instanceof StoreFailure) {
      this.#services.log.error({ err: error, reason: error.reason }, 'the store failed')
      this.#out.line(`${tag ?? '*'} NO [UNAVAILABLE] ${storeFailures[error.reason]}`)
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

  /** Ends the session of a client whose selected mailbox was deleted by another (RFC 2180 §3.3). */
  async #selectedIsGone(): Promise<boolean> {
    const { login, selected } = this.#session
    if (!login || !selected || (await login.account.tree()).byId.has(selected.view.mailbox)) return false
    this.bye('The selected mailbox was deleted')
    return true
  }

  #bad(tag: string, text: string): void {
    this.#out.line(`${tag} BAD ${text}`)
    this.#badCommands++
    if (this.#badCommands >= this.#services.limits.maxBadCommands) this.bye('Too many commands that make no sense')
  }

  async #afterCommand(): Promise<void> {
    if (this.#session.state.at === 'logout') return this.#hangUp()
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
      this.#framer.setLimits(this.#framerLimits(signedIn))
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#onTimeout(), signedIn ? limits.idleTimeoutMs : limits.loginTimeoutMs)
    }
  }
}

const framingProblems = {
  'line-too-long': 'The line is too long',
  'command-too-long': 'The command is too long',
  'bare-lf': 'Lines end in CR LF',
  nul: 'NUL is not allowed here',
} as const

const storeFailures = {
  'disk-full': 'The disk is full; nothing was changed',
  damaged: 'The stored data is damaged; the operator must run crispin check',
  io: 'The disk failed; nothing was changed',
  busy: 'The account is busy; try again',
  closed: 'The server is closing',
  'newer-version': 'The store is of a newer version of Crispin',
} as const

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** Whether EXPUNGE may come with the answer (RFC 9051 §7.5.1). */
function mayExpunge(
  { effects }: AnyCommand,
  { byUid }: CommandForm,
  { usedSequenceNumbers = !byUid }: Partial<Done> = {},
): boolean {
  return !effects?.usesSequenceNumbers || !usedSequenceNumbers
}
