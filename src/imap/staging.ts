import type { StagedMessage } from '../model/operation.ts'
import { Refusal } from '../model/refusal.ts'
import { notePassed } from '../net/young-garbage.ts'
import type { AccountStore, MessageStager } from '../store/store.ts'
import { BadSyntax } from '../wire/syntax-error.ts'

/** The messages that a command brings along as literals, on their way into the store. */
export class Staging {
  /** Those that are complete, in their order. */
  #staged: StagedMessage[] = []
  #stager: MessageStager | undefined
  /** How much of a message that is put together of parts is there; `undefined` where the message comes whole. */
  #assembled: { parts: number; octets: number } | undefined
  #copiedOctets = 0
  /** The id of the one that the messages of the command go to. */
  #account: string | undefined
  /** Whether what comes may hold NUL (RFC 9051 §4.3.1). */
  #binary = false
  #failure: Error | undefined

  /** Why the command, whose octets are still coming, is to be refused. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Those that are complete, in their order. */
  get staged(): readonly StagedMessage[] {
    return this.#staged
  }

  /** The command will be refused. */
  fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error))
  }

  /** A literal begins: a message, which `account` makes room for, or a part of the one that is being put together. */
  begin(account: AccountStore, binary: boolean): void {
    this.#stager ??= this.#stage(account)
    this.#binary = binary
  }

  /** How many parts of the message at hand are there, and their octets. A message that is not begun yet is begun. */
  assembled(account: AccountStore): { readonly parts: number; readonly octets: number } {
    this.#stager ??= this.#stage(account)
    return (this.#assembled ??= { parts: 0, octets: 0 })
  }

  #stage(account: AccountStore): MessageStager {
    this.#account ??= account.id
    this.requireFor(account)
    return account.stage()
  }

  /**
   * Throws `Refusal` where messages of the command went to another account: while they were on their way, the name of
   * their mailbox may have come to mean another one.
   */
  requireFor({ id }: AccountStore): void {
    if (this.#account !== id) throw new Refusal(undefined, 'The mailbox is another one by now')
  }

  /** Octets that the command has had copied so far. */
  get copiedOctets(): number {
    return this.#copiedOctets
  }

  /** Takes octets from somewhere else for a part of the message at hand. What it throws ends the command. */
  async copy(pieces: AsyncIterable<Buffer>): Promise<void> {
    if (!this.#stager || !this.#assembled) throw new Error('no message is being put together')
    for await (const piece of pieces) {
      await this.#stager.write(Buffer.from(piece)) // the piece is good until the next, and stagers keep what they are given
      this.#assembled.octets += piece.length
      this.#copiedOctets += piece.length
    }
    this.#assembled.parts++
  }

  /** All parts are there. */
  async finishAssembled(): Promise<void> {
    this.#assembled = undefined
    await this.#finish()
  }

  /** Octets of it. A failure is kept, for when the command is complete; then the octets are passed over. */
  async write(chunk: Buffer): Promise<void> {
    if (this.#failure !== undefined) return
    try {
      if (!this.#binary && chunk.includes(0))
        throw new BadSyntax('A literal with NUL in it must be a literal8, ~{n}', 0)
      const slow = this.#stager?.write(chunk)
      if (slow) await slow
      if (this.#assembled) this.#assembled.octets += chunk.length
      notePassed(chunk.length)
    } catch (error) {
      this.fail(error) // answered when the command is complete
    }
  }

  /** A literal is complete, and with it the message or a part of it. */
  async end(): Promise<void> {
    if (this.#assembled) this.#assembled.parts++
    else await this.#finish()
  }

  async #finish(): Promise<void> {
    const stager = this.#stager
    this.#stager = undefined
    if (!stager) return
    try {
      if (this.#failure === undefined) this.#staged.push(await stager.finish())
      else await stager.abort()
    } catch (error) {
      if (this.#failure === undefined) this.fail(error) // answered when the command is complete
    }
  }

  /** The command is over: what it has not handed to the store goes. */
  async drop(): Promise<void> {
    const stager = this.#stager
    this.#stager = undefined
    this.#assembled = undefined
    this.#copiedOctets = 0
    this.#account = undefined
    this.#failure = undefined
    if (this.#staged.length > 0) {
      for (const staged of this.#staged) staged.release()
      this.#staged = []
    }
    await stager?.abort()
  }
}
