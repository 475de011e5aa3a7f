/** Takes the time, the processor time of the server, and notes both under the name of a row. */
import { cpuMsOf } from './process-usage.ts'
import type { Server } from './servers/server.ts'

/** What one server did in one row of one round. */
export interface Figures {
  readonly wallMs?: number
  readonly cpuMs?: number
  readonly memoryKib?: number
}

/** What all servers must agree on: counts, octets, hits. */
export type Answer = string | number | undefined

export interface Sample {
  readonly row: string
  readonly server: string
  readonly figures: Figures
  readonly answer: Answer
}

/** Where the work that a server does after its last answer is waited for, in milliseconds. */
const settleMs = 100
/** How long work is repeated, in milliseconds. */
const leastRepeatedMs = 400

/** Measures one server in one round. */
export class Measure {
  readonly #server: Server
  readonly samples: Sample[] = []

  constructor(server: Server) {
    this.#server = server
  }

  /** Runs `work` and divides what it cost by `times`; what it returns must be the same on every server. */
  async time(row: string, times: number, work: () => Promise<Answer>): Promise<void> {
    const cpuBefore = cpuMsOf(this.#server.pid)
    const start = performance.now()
    const answer = await work()
    const wallMs = (performance.now() - start) / times
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    const cpuMs = (cpuMsOf(this.#server.pid) - cpuBefore) / times
    this.note(row, { wallMs, cpuMs }, answer)
  }

  /**
   * As `time`, for work that can be done over and over: it is, until the processor time is well above the tick in
   * which the kernel counts it. Costs are those of one run.
   */
  async timeAgain(row: string, work: () => Promise<Answer>): Promise<void> {
    const cpuBefore = cpuMsOf(this.#server.pid)
    const start = performance.now()
    let answer: Answer
    let times = 0
    do {
      answer = await work()
      times++
    } while (performance.now() - start < leastRepeatedMs)
    const wallMs = (performance.now() - start) / times
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    const cpuMs = (cpuMsOf(this.#server.pid) - cpuBefore) / times
    this.note(row, { wallMs, cpuMs }, answer)
  }

  note(row: string, figures: Figures, answer?: Answer): void {
    this.samples.push({ row, server: this.#server.name, figures, answer })
  }
}
