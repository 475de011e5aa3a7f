import type { StagedMessage } from '../model/operation.ts'
import { notePassed } from '../net/young-garbage.ts'
import type { MessageStager } from '../store/store.ts'
import { BadSyntax } from '../wire/syntax-error.ts'

/** The messages that a command brings along as literals, on their way into the store. */
export class Staging {
  /** Those that are complete, in their order. */
  #staged: StagedMessage[] = []
  #stager: MessageStager | undefined
  /** Whether the one that comes may hold NUL (RFC 9051 §4.3.1). */
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

  /** A message begins. */
  begin(stager: MessageStager, binary: boolean): void {
    this.#stager = stager
    this.#binary = binary
  }

  /** Octets of it. A failure is kept, for when the command is complete; then the octets are passed over. */
  async write(chunk: Buffer): Promise<void> {
    if (this.#failure !== undefined) return
    try {
      if (!this.#binary && chunk.includes(0))
        throw new BadSyntax('A literal with NUL in it must be a literal8, ~{n}', 0)
      const slow = this.#stager?.write(chunk)
      if (slow) await slow
      notePassed(chunk.length)
    } catch (error) {
      this.fail(error) // answered when the command is complete
    }
  }

  /** It is complete. */
  async end(): Promise<void> {
    const stager = this.#stager
    this.#stager = undefined
    if (!stager) return
    try {
      if (this.#failure === undefined) this.#staged.push(await stager.finish())
      else await stager.abort()
    } catch (error) {
      if (this.#failure === undefined) this.fail(error) // as above
    }
  }

  /** The command is over: what it has not handed to the store goes. */
  async drop(): Promise<void> {
    const stager = this.#stager
    this.#stager = undefined
    this.#failure = undefined
    if (this.#staged.length > 0) {
      for (const staged of this.#staged) staged.release()
      this.#staged = []
    }
    await stager?.abort()
  }
}
