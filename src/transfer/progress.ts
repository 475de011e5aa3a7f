import type { TransferProblem } from './source.ts'

/** How far a transfer is. */
export interface TransferProgress {
  readonly mailbox: string
  readonly messages: number
  readonly octets: number
  /** Absent where the source does not tell without being read. */
  readonly totalMessages: number | undefined
  readonly totalOctets: number
}

/** What every transfer can be told. */
export interface TransferOptions {
  /** Aborting it ends the transfer after the message under way; what was done is kept. */
  readonly signal?: AbortSignal
  /** Called after each message; must be quick. */
  readonly onProgress?: (progress: TransferProgress) => void
}

/** Problems that a report lists one by one; those beyond are only counted. */
export const maxListedProblems = 1000

/** Keeps the count while a transfer runs. */
export class TransferTally {
  readonly #onProgress: ((progress: TransferProgress) => void) | undefined
  readonly #totals: { readonly octets: number; readonly messages: number | undefined }
  readonly problems: TransferProblem[] = []
  problemCount = 0
  #messages = 0
  #octets = 0

  constructor(
    totals: { readonly octets: number; readonly messages: number | undefined },
    onProgress: ((progress: TransferProgress) => void) | undefined,
  ) {
    this.#totals = totals
    this.#onProgress = onProgress
  }

  /** One more message is done with, whatever came of it. */
  passed(mailbox: string, octets: number): void {
    this.#messages++
    this.#octets += octets
    this.#onProgress?.({
      mailbox,
      messages: this.#messages,
      octets: this.#octets,
      totalMessages: this.#totals.messages,
      totalOctets: this.#totals.octets,
    })
  }

  readonly report = (where: string, what: string): void => {
    this.problemCount++
    if (this.problems.length < maxListedProblems) this.problems.push({ where, what })
  }
}
