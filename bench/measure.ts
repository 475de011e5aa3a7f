/** Takes the time, the processor time of the server, and notes both under the name of a row. */
import { cpuMsBetween, readCpu } from './process-usage.ts'
import type { Server, ServerName } from './servers/server.ts'

/** What one server did in one row of one round. */
export interface Figures {
  readonly wallMs?: number
  readonly cpuMs?: number
  readonly memoryKib?: number
  /** Things done in a second, where many clients work at once. */
  readonly perSecond?: number
  /** Octets on disk for each octet of mail. */
  readonly diskShare?: number
}

/** All that can be measured; of these only `perSecond` is better the more it is. */
export const kinds = ['wallMs', 'cpuMs', 'memoryKib', 'perSecond', 'diskShare'] as const
export type Kind = (typeof kinds)[number]

/** What all servers must agree on: counts, octets, hits. */
export type Answer = string | number | undefined

export interface Sample {
  readonly row: string
  readonly server: ServerName
  readonly figures: Figures
  readonly answer: Answer
}

/** Where the work that a server does after its last answer is waited for, in milliseconds. */
const settleMs = 100
/** How long work is repeated, in milliseconds. */
const leastRepeatedMs = 400
/** How long it is done before that without being measured, in milliseconds. */
const warmUpMs = 200

/** Measures one server in one round. */
export class Measure {
  readonly #server: Server
  readonly samples: Sample[] = []

  constructor(server: Server) {
    this.#server = server
  }

  /** Begins to count; what it returns tells the time until now and the processor time until a little later. */
  begin(): () => Promise<{ readonly wallMs: number; readonly cpuMs: number }> {
    const before = readCpu(this.#server.pid)
    const start = performance.now()
    return async () => {
      const wallMs = performance.now() - start
      await new Promise((resolve) => setTimeout(resolve, settleMs))
      return { wallMs, cpuMs: cpuMsBetween(before, readCpu(this.#server.pid)) }
    }
  }

  /** Runs `work` and divides what it cost by `times`; what it returns must be the same on every server. */
  async time(row: string, times: number, work: () => Promise<Answer>): Promise<void> {
    const end = this.begin()
    const answer = await work()
    const { wallMs, cpuMs } = await end()
    this.note(row, { wallMs: wallMs / times, cpuMs: cpuMs / times }, answer)
  }

  /** As `time`, for quick work that can be done over and over: it is, for a while. Costs are those of one warm run. */
  async timeAgain(row: string, work: () => Promise<Answer>): Promise<void> {
    for (const warm = performance.now() + warmUpMs; performance.now() < warm;) await work()
    const end = this.begin()
    const start = performance.now()
    let answer: Answer
    let times = 0
    do {
      answer = await work()
      times++
    } while (performance.now() - start < leastRepeatedMs)
    const { wallMs, cpuMs } = await end()
    this.note(row, { wallMs: wallMs / times, cpuMs: cpuMs / times }, answer)
  }

  note(row: string, figures: Figures, answer?: Answer): void {
    this.samples.push({ row, server: this.#server.name, figures, answer })
  }
}
