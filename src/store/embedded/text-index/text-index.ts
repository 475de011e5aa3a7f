import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../../model/log.ts'
import {
  type Breathe,
  type PackedBytes,
  type SimilarFindings,
  StoreFailure,
  type TextFindings,
  type TextPlace,
} from '../../store.ts'
import type { ChunkCache } from '../computed.ts'
import type { BuildJob, IndexedPlace, MergeJob } from './jobs.ts'
import { patternsOf } from './patterns.ts'
import { readRunHeader, type RunHead, runHead, type RunHeader, runName, RunReader } from './run-file.ts'
import { searchRun } from './run-search.ts'
import { scoreRun } from './run-similar.ts'
import type { TextThread } from './thread.ts'

/** Where the octets of a message are. */
export interface MessagePlace {
  readonly path: string
  /** Of its first octet in the file. */
  readonly offset: number
  /** Octets. */
  readonly size: number
}

/** What an index knows of the account whose mail it indexes. */
export interface TextSource {
  readonly id: string
  /** The mark of its records: runs carry it, too. */
  readonly mark: Buffer
  /** Where a message is; undefined when there is none with this number. */
  place(message: number): MessagePlace | undefined
  /** The checksum of a message's octets as its record has it; undefined when it cannot be read. */
  checksum(message: number): number | undefined
  /** Encoded parts of messages. */
  parts(messages: ArrayLike<number>): PackedBytes
}

/** How an index is run. */
export interface TextIndexSettings {
  readonly thread: TextThread
  readonly cache: ChunkCache
  readonly log: Log
  /** Milliseconds without new mail after which what came is indexed. */
  readonly idleMs: number
}

/** Messages that are not worth a run yet; a search reads them. */
const minRunMessages = 64
/** How often a search starts anew when runs were merged under it. */
const maxTries = 4
/** Messages of one run before it is merged with others. */
const maxBuildMessages = 1024
/** Octets of messages that go into one such run, unless a single one has more. */
const maxBuildBytes = 32 * 1024 * 1024
/** Milliseconds after which what waits is indexed although new mail keeps coming. */
const maxWaitMs = 60_000
/** Runs of about the same size that are merged. */
const mergedRuns = 4
/** Messages of a run beyond which it is not merged any more: its head is held in memory while it is searched. */
const maxRunMessages = 64 * 1024

/**
 * Which messages of an account hold a text, as far as they are indexed: runs of messages that follow on each other from
 * the first message on, each a file. It is a hint: whatever is missing or damaged is made anew, and until then searches
 * read the messages. See `run-file.ts` for what a run is, `patterns.ts` for why its answers are right.
 */
export class TextIndex {
  readonly #directory: string
  readonly #source: TextSource
  readonly #settings: TextIndexSettings
  /** Ascending, without gaps, from message 0 on; undefined until they are first needed. */
  #runs: readonly RunHeader[] | undefined
  /** Messages below this number are there to be indexed. */
  #end: number
  #working: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #waitsSince = 0
  #isBroken = false
  #mergeFailed = false
  readonly #cancelled: Int32Array = new Int32Array(new SharedArrayBuffer(4))

  /** Messages below `end` are durable; the index lies in `directory`, which may not be there. */
  constructor(directory: string, source: TextSource, settings: TextIndexSettings, end: number) {
    this.#directory = directory
    this.#source = source
    this.#settings = settings
    this.#end = end
    this.#soon()
  }

  get #isClosed(): boolean {
    return this.#cancelled[0] !== 0
  }

  get #covered(): number {
    return this.#loaded().at(-1)?.end ?? 0
  }

  /** Notes that a message is durable, and all before it. */
  note(message: number): void {
    if (message < this.#end) return
    this.#end = message + 1
    this.#soon()
  }

  #soon(): void {
    if (this.#isClosed || this.#isBroken || this.#working || this.#end < minRunMessages) return
    if (!this.#timer) {
      this.#waitsSince = performance.now()
      this.#timer = setTimeout(() => this.#start(), this.#settings.idleMs).unref()
    } else if (performance.now() - this.#waitsSince < maxWaitMs) this.#timer.refresh()
  }

  #start(): void {
    this.catchUp(minRunMessages).catch((error: unknown) => {
      // Searches read what is not indexed; the next opening of the account tries again.
      this.#isBroken = true
      this.#settings.log.error({ account: this.#source.id, err: error }, 'mail could not be indexed')
    })
  }

  /** Indexes what there is, but for fewer than `least` messages. */
  async catchUp(least = 1): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#working?.catch(() => {}) // whoever began it was told
    this.#working ??= this.#work(least).finally(() => {
      this.#working = undefined
    })
    await this.#working
  }

  async #work(least: number): Promise<void> {
    while (!this.#isClosed) {
      const merging = this.#toMerge()
      if (!merging && this.#end - this.#covered < least) return
      const isDone = await (merging ? this.#merge(merging) : this.#build())
      if (!isDone) return
    }
  }

  async #build(): Promise<boolean> {
    const first = this.#covered
    const last = Math.min(this.#end, first + maxRunMessages)
    let end = first
    let bytes = 0
    const messages: number[] = []
    const found: MessagePlace[] = []
    for (; end < last && messages.length < maxBuildMessages && bytes < maxBuildBytes; end++) {
      const place = this.#source.place(end)
      if (!place) continue
      messages.push(end)
      found.push(place)
      bytes += place.size
    }
    const parts = this.#source.parts(messages)
    const places = messages.map((message, n): IndexedPlace => {
      const encoded = parts.bytes.subarray(parts.offsets[n], parts.offsets[n + 1])
      return { message, ...found[n]!, parts: Uint8Array.from(encoded) } // one place for each message
    })
    const lastMessage = messages.at(-1) ?? 0
    const range = { first, end, lastMessage, lastCrc: this.#source.checksum(lastMessage) ?? 0 }
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    const job: BuildJob = { kind: 'build', ...this.#jobBase(), range, places }
    return this.#run(job, [], range)
  }

  async #merge(headers: readonly RunHeader[]): Promise<boolean> {
    const first = headers[0]?.first ?? 0
    const end = headers.at(-1)?.end ?? 0
    try {
      return await this.#run({ kind: 'merge', ...this.#jobBase(), headers }, headers, { first, end })
    } catch (error) {
      const damaged = headers[0]
      if (!damaged || this.#mergeFailed || !(error instanceof Error)) throw error
      // One of them may be damaged, but which one only the thread knows.
      this.#mergeFailed = true
      this.#drop(damaged, error)
      return true
    }
  }

  #jobBase(): Pick<BuildJob, 'directory' | 'mark' | 'cancelled'> {
    return { directory: this.#directory, mark: Uint8Array.from(this.#source.mark), cancelled: this.#cancelled }
  }

  /** Has a run made, and puts it in the place of others; false when nobody wants that any more. */
  async #run(
    job: BuildJob | MergeJob,
    replaced: readonly RunHeader[],
    made: Pick<RunHeader, 'first' | 'end'>,
  ): Promise<boolean> {
    const before = this.#loaded()
    const isDone = await this.#settings.thread.run(job)
    if (!isDone || this.#isClosed) return false
    if (this.#runs !== before) {
      // What it would follow, or was made of, was found damaged meanwhile.
      if (!this.#loaded().some((run) => runName(run) === runName(made))) this.#remove(runName(made))
      return true
    }
    const header = readRunHeader(join(this.#directory, runName(made)), this.#source.mark)
    if (!header) throw new StoreFailure('damaged', `the index of ${this.#source.id} was not written well`)
    this.#runs = [...before.filter((run) => !replaced.includes(run)), header]
    for (const run of replaced) this.#remove(runName(run))
    return true
  }

  /** The last runs, when there are so many of about the same size that they should be one. */
  #toMerge(): readonly RunHeader[] | undefined {
    const runs = this.#loaded()
    const last = runs.at(-1)
    if (!last) return undefined
    const alike = runs.slice(runs.findLastIndex((run) => sizeClass(run) > sizeClass(last)) + 1)
    const first = alike[0]
    if (!first || alike.length < mergedRuns || last.end - first.first > maxRunMessages) return undefined
    return alike
  }

  /** The runs, read from the directory when that was not done yet. */
  #loaded(): readonly RunHeader[] {
    return (this.#runs ??= this.#load())
  }

  #load(): readonly RunHeader[] {
    const source = this.#source
    const found: RunHeader[] = []
    const names = this.#names()
    for (const name of names) {
      const header = name.endsWith('.run') ? readRunHeader(join(this.#directory, name), source.mark) : undefined
      if (header && runName(header) === name) found.push(header)
    }
    const runs: RunHeader[] = []
    for (let covered = 0; ; covered = runs.at(-1)?.end ?? 0) {
      const next = found.filter(({ first }) => first === covered).toSorted((a, b) => b.end - a.end)[0]
      // After a loss of records numbers may be given to other messages.
      if (!next || next.end > this.#end) break
      if (!this.#isOfThisMail(next)) break
      runs.push(next)
    }
    const used = new Set(runs.map(runName))
    for (const name of names) if (!used.has(name)) this.#remove(name)
    return runs
  }

  #isOfThisMail({ lastMessage, lastCrc }: RunHeader): boolean {
    const crc = this.#source.checksum(lastMessage)
    return crc === undefined || crc === lastCrc
  }

  #names(): string[] {
    try {
      return readdirSync(this.#directory)
    } catch {
      return [] // nothing was indexed yet
    }
  }

  #remove(name: string): void {
    this.#settings.cache.delete(this.#cacheName(name))
    rmSync(join(this.#directory, name), { force: true })
  }

  #cacheName(name: string): string {
    return `${this.#source.id} text ${name}`
  }

  /** Forgets everything: what was indexed may not be what is there now. */
  discard(): void {
    for (const name of this.#names()) this.#remove(name)
    this.#runs = []
    this.#soon()
  }

  /** See `AccountStore.findText`. */
  async find(text: string, where: TextPlace, breathe: Breathe): Promise<TextFindings | undefined> {
    const patterns = patternsOf(text)
    if (!patterns) return undefined
    for (let tries = 1; ; tries++) {
      const runs = this.#loaded()
      const words = (this.#covered + 31) >>> 5
      const sets = { surely: new Uint32Array(words), maybe: new Uint32Array(words) }
      const end = await this.#search(
        runs,
        (reader, head) => searchRun(reader, head, patterns, where, sets, breathe),
        breathe,
      )
      // Runs that were merged meanwhile are gone.
      if (end === undefined && tries < maxTries) continue
      return end === undefined ? undefined : { end, ...sets }
    }
  }

  /** See `AccountStore.findSimilar`. */
  async findSimilar(word: string, breathe: Breathe): Promise<SimilarFindings> {
    for (let tries = 1; ; tries++) {
      const runs = this.#loaded()
      const scores = new Uint8Array(2 * this.#covered)
      const end = await this.#search(runs, (reader, head) => scoreRun(reader, head, word, scores, breathe), breathe)
      if (end !== undefined) return { end, scores }
      if (tries === maxTries) return { end: 0, scores: new Uint8Array(0) }
    }
  }

  /** Searches one run after the other; up to which message it could, or undefined when a run is no more. */
  async #search(
    runs: readonly RunHeader[],
    search: (reader: RunReader, head: RunHead) => Promise<void>,
    breathe: Breathe,
  ): Promise<number | undefined> {
    for (const run of runs) {
      try {
        const reader = new RunReader(join(this.#directory, runName(run)), run)
        try {
          await search(reader, await this.#head(reader, breathe))
        } finally {
          reader.close()
        }
      } catch (error) {
        if (!this.#isOfFile(error)) throw error
        if (!this.#loaded().includes(run)) return undefined
        this.#drop(run, error)
        return run.first
      }
    }
    return runs.at(-1)?.end ?? 0
  }

  #isOfFile(error: unknown): error is Error {
    return error instanceof StoreFailure || (error instanceof Error && 'syscall' in error)
  }

  /** Gives up a run that cannot be read, and those behind it, so that they are made anew. */
  #drop(damaged: RunHeader, error: Error): void {
    this.#settings.log.warn({ account: this.#source.id, cause: error.message }, 'mail is indexed anew')
    const runs = this.#loaded()
    const kept = runs.slice(0, runs.indexOf(damaged))
    for (const run of runs.slice(kept.length)) this.#remove(runName(run))
    this.#runs = kept
    this.#soon()
  }

  async #head(reader: RunReader, breathe: Breathe): Promise<RunHead> {
    const name = this.#cacheName(runName(reader.header))
    const known = this.#settings.cache.get(name)
    if (known) return runHead(reader.header, known)
    const head = await reader.readHead(breathe)
    this.#settings.cache.set(name, head.bytes)
    return head
  }

  /** Resolves once nothing reads mail any more from the places where it was before. Never rejects. */
  async settled(): Promise<void> {
    await this.#working?.catch(() => {}) // whoever began it was told
  }

  /** Ends what is being done; the runs stay. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    Atomics.store(this.#cancelled, 0, 1)
    await this.#working?.catch(() => {}) // whoever began it was told
  }
}

/** Runs of one class differ in size by less than {@link mergedRuns}. */
function sizeClass({ first, end }: RunHeader): number {
  return Math.floor(Math.log((end - first) / minRunMessages) / Math.log(mergedRuns))
}
