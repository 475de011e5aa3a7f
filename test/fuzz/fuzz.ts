import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { allRights } from '../../src/model/rights.ts'
import { memoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { attacks, control, type Scene } from './attacks.ts'
import { bobsAccount, inProcessServer } from './in-process-server.ts'
import { loadMaterial, type Material } from './material.ts'
import { Fault, type ProbedConnection } from './probed-connection.ts'
import { Random } from './random.ts'

/** How long and with what to fuzz. */
export interface FuzzOptions {
  /** Seed of the first attack; each has its own, one higher than the one before. */
  readonly seed: number
  readonly seconds: number
  /** Attacks at most. */
  readonly attacks?: number
  /** Attacks at the same time on one server. */
  readonly concurrency?: number
}

/** An attack that succeeded. */
export interface FuzzFailure {
  /** Begin with it to see the attack again. */
  readonly seed: number
  readonly attack: string
  readonly problem: string
  /** What was sent and heard. */
  readonly transcript: string
}

/** What came of a run. */
export interface FuzzReport {
  readonly attacks: number
  readonly failures: readonly FuzzFailure[]
  /** Heap in use after the first round and at the end, in octets, garbage collected. */
  readonly heapBefore: number
  readonly heapAfter: number
}

/** Attacks on one server, before it is closed and another is started. */
const attacksPerServer = 200
/** Failures after which a run ends. */
const maxFailures = 5
/** How long one attack may take, in milliseconds. A guard only. */
const patienceMs = 60_000

/** Attacks servers until the time is up. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { seed, seconds, attacks: most = Infinity, concurrency = 4 } = options
  const run = new Run(loadMaterial())
  const until = performance.now() + seconds * 1000
  const stray = (error: unknown): void =>
    run.fail(seed + run.attacks, 'unhandled', String((error as Error).stack ?? error))
  process.on('unhandledRejection', stray)
  process.on('uncaughtException', stray)
  try {
    let heapBefore = 0
    const done = (): boolean => performance.now() > until || run.attacks >= most || run.failures.length >= maxFailures
    do {
      await run.round(seed, Math.min(concurrency, most), () => done())
      heapBefore ||= heapUsed()
    } while (!done())
    return { attacks: run.attacks, failures: run.failures, heapBefore, heapAfter: heapUsed() }
  } finally {
    process.off('unhandledRejection', stray)
    process.off('uncaughtException', stray)
  }
}

class Run {
  readonly failures: FuzzFailure[] = []
  attacks = 0
  readonly #material: Material

  constructor(material: Material) {
    this.#material = material
  }

  fail(seed: number, attack: string, problem: string, transcript = ''): void {
    this.failures.push({ seed, attack, problem, transcript })
  }

  /** Some attacks on one server, several at the same time, and then a look whether it still works. */
  async round(seed: number, concurrency: number, done: () => boolean): Promise<void> {
    const store = memoryStore()
    await shareWithAlice(store)
    const server = inProcessServer(store, { maxMessageBytes: 1024 * 1024, maxBadCommands: 50 })
    const first = seed + this.attacks
    const last = first + attacksPerServer
    const worker = async (): Promise<void> => {
      do {
        const own = seed + this.attacks++
        await this.#attack(own, server)
        for (const error of server.takeErrors()) this.fail(own, 'logged', error)
      } while (!done() && seed + this.attacks < last)
    }
    try {
      await control(server)
      await Promise.all(Array.from({ length: concurrency }, worker))
      await control(server)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.fail(first, 'control', error.message)
    }
    await server.close()
    for (const error of server.takeErrors()) this.fail(first, 'logged', error)
    await store.close()
  }

  async #attack(seed: number, server: Scene['server']): Promise<void> {
    const random = new Random(seed)
    const [name, attack] = random.pick(attacks)
    const connections: ProbedConnection[] = []
    const notes: string[] = []
    const { promise: stalled, reject } = Promise.withResolvers<never>()
    const guard = setTimeout(() => reject(new Fault('the attack does not end')), patienceMs)
    try {
      await Promise.race([attack({ server, material: this.#material, random, connections, notes }), stalled])
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      const transcript = [...notes, ...connections.map((connection) => connection.transcript)].join('\n')
      this.fail(seed, name, error.message, transcript)
    } finally {
      clearTimeout(guard)
      for (const connection of connections) connection.destroy()
    }
  }
}

/** Bob grants alice everything, so that attacks reach into another account. */
async function shareWithAlice(store: Store): Promise<void> {
  const bob = await store.openAccount(bobsAccount)
  const inbox = (await bob.tree()).byName.get('INBOX')
  if (!inbox) throw new Error('an account has an INBOX')
  await bob.commit([
    { op: 'setSeenPerUser', mailbox: inbox.id, perUser: true },
    { op: 'setAcl', mailbox: inbox.id, identifier: 'alice', mode: 'replace', rights: allRights },
    { op: 'createMailbox', name: 'INBOX/x' },
    { op: 'createMailbox', name: 'Hidden' },
  ])
  await bob.close()
}

/** Octets of the heap in use once all garbage is gone. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') for (let times = 0; times < 2; times++) collect()
  return process.memoryUsage().heapUsed
}
