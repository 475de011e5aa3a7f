import type { AccountStore } from '../store/store.ts'
import type { Cursor } from '../wire/cursor.ts'
import type { ImapSession } from './session.ts'
import type { Login, SelectedMailbox } from './state.ts'

/** States in which a command is allowed (RFC 9051 §3); `any` includes all of them. */
export type CommandState = 'any' | 'not-authenticated' | 'authenticated' | 'selected'

/** The session as a command sees it: where its state says there is a login or a mailbox, there is one. */
export type SessionIn<State extends CommandState> = State extends 'selected'
  ? ImapSession & { readonly login: Login; readonly selected: SelectedMailbox }
  : State extends 'authenticated'
    ? ImapSession & { readonly login: Login }
    : ImapSession

/** What the dispatcher must know before it runs a command. */
export interface CommandEffects {
  /**
   * No EXPUNGE may be sent while it runs, since the client counts on its sequence numbers (RFC 9051 §7.5.1). The UID
   * form of a command lifts that, unless {@link Done.usedSequenceNumbers} says otherwise.
   */
  readonly usesSequenceNumbers?: boolean
  /** The form without UID, where there are both, has nothing to do with sequence numbers. */
  readonly countsNothing?: boolean
  /** Other sessions' changes are not told with this command's answer: it leaves, or says it all itself. */
  readonly tellsNothing?: boolean
}

/** The tagged OK of a command. */
export interface Done {
  /** Text of the response code, without brackets; see `responses/codes.ts`. */
  readonly code?: string
  /** Human-readable, ASCII. */
  readonly text: string
  /**
   * Where the command may use sequence numbers, whether it did; by default in the form without UID. UID SEARCH may, in
   * its keys, and no VANISHED may come then (RFC 7162 §3.2.10.2).
   */
  readonly usedSequenceNumbers?: boolean
  /** NO although it was carried out in part, as some rules want (RFC 5530 §3 EXPUNGEISSUED). */
  readonly no?: boolean
}

/**
 * What a command returns that goes on until the client's next line, as IDLE does. Nothing waits in a function
 * meanwhile: a client that idles costs what is kept here.
 */
export interface Lasting {
  /** Whether there is something to tell; `SessionIo.wake` says so when it comes to be. */
  readonly isDue: boolean
  /** Tells it. What it throws ends the command. */
  tell(): Promise<void>
  /** Ends with the client's line, without its CRLF. Throws `BadSyntax` when it is not the one that is due. */
  finish(line: string): Done
  /** Lets go of what it watches, whatever the reason that it is over. */
  stop(): void
}

/** How a command's name came: `UID COPY` is the command `COPY` by UID. */
export interface CommandForm {
  readonly byUid: boolean
  /** The command's tag, which ESEARCH responses repeat (RFC 9051 §7.3.4). */
  readonly tag: string
}

/** One command of IMAP: its grammar and what it does. */
export interface Command<State extends CommandState = CommandState, Args = unknown> {
  /** In capitals. */
  readonly name: string
  readonly state: State
  /** Whether there is a `UID` form, and whether there is nothing else. */
  readonly uid?: 'also' | 'only'
  /** The capabilities that bring it: where all of them are switched off, there is no such command. */
  readonly capability?: string | readonly string[]
  readonly effects?: CommandEffects
  /** Reads what comes behind the name, space included. Sees no session, has no side effects. Throws `BadSyntax`. */
  parse(cursor: Cursor, form: CommandForm): Args
  /** Does it. Throws `Refusal` for a tagged NO. */
  run(session: SessionIn<State>, args: Args, form: CommandForm): Promise<Done> | Done | Lasting
  /**
   * For commands that carry messages: whether the literal announced at the end of `cursor` is one, to be streamed to
   * the store. `cursor` stands behind the name. Literals before it that were streamed have no octets.
   */
  isMessage?(cursor: Cursor): boolean
  /**
   * Asked before a message's literal is taken, and says into which account it goes (absent: the user's own). Throws
   * `Refusal` so that a synchronising one is never sent.
   */
  admit?(session: SessionIn<State>, cursor: Cursor): Promise<AccountStore | undefined>
}

/** Any command, as tables hold it: what `parse` returns is what `run` takes, which only the command itself knows. */
export interface AnyCommand {
  readonly name: string
  readonly state: CommandState
  readonly uid?: 'also' | 'only'
  readonly capability?: string | readonly string[]
  readonly effects?: CommandEffects
  parse(cursor: Cursor, form: CommandForm): unknown
  run(session: SessionIn<'selected'>, args: never, form: CommandForm): Promise<Done> | Done | Lasting
  isMessage?(cursor: Cursor): boolean
  admit?(session: SessionIn<'selected'>, cursor: Cursor): Promise<AccountStore | undefined>
}

/** A command that was begun and goes on. */
export interface Underway {
  readonly tag: string
  readonly command: AnyCommand
  readonly form: CommandForm
  readonly startedAt: number
  readonly lasting: Lasting
}

/** Ties the type of a command's arguments to its state; returns what it is given. */
export function defineCommand<State extends CommandState, Args>(command: Command<State, Args>): Command<State, Args> {
  return command
}

/** Whether a command is about sequence numbers, of which there are none with UIDONLY (RFC 9586 §3.2, §3.8). */
export function countsMessages({ uid, effects }: AnyCommand, { byUid }: CommandForm): boolean {
  return uid === 'also' && !byUid && !effects?.countsNothing
}

/** Whether EXPUNGE may come with the answer (RFC 9051 §7.5.1). */
export function mayExpunge(
  { effects }: AnyCommand,
  { byUid }: CommandForm,
  { usedSequenceNumbers = !byUid }: Partial<Done> = {},
): boolean {
  return !effects?.usesSequenceNumbers || !usedSequenceNumbers
}
