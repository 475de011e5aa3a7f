import type { ComputedBytes, Unindexed } from './computed.ts'
import type { Staged } from './staging.ts'

/** Octets of messages, in all accounts, that may wait to be indexed. */
const maxUnindexedBytes = 8 * 1024 * 1024
/** As many messages, however small. */
const maxUnindexedMessages = 1000
/** Milliseconds without new mail after which what came is indexed. */
const quietMs = 20
/** How long indexing holds the event loop, in milliseconds. */
const sliceMs = 2

/** What it has of {@link ComputedBytes}. */
type Indexing = Pick<ComputedBytes, 'add' | 'addLate' | 'indexNext' | 'lateMessages'>

/**
 * When messages are indexed: once they are acknowledged, as soon as no more come, or when somebody asks. Who sends mail
 * thus waits for the disk alone. Nothing is at stake: what is not indexed when the process ends is when it starts.
 */
export class LateIndexing {
  readonly #computed: Indexing
  readonly #unindexed: Unindexed
  #timer: NodeJS.Timeout | undefined
  #relieving: Promise<void> | undefined
  #stopped = false

  constructor(computed: Indexing, unindexed: Unindexed) {
    this.#computed = computed
    this.#unindexed = unindexed
  }

  /** A message is durable. */
  add(message: number, staged: Staged): void {
    if (staged.isIndexed) {
      this.#computed.add(message, staged.indexed)
      return
    }
    this.#computed.addLate(message, staged)
    if (this.#timer) this.#timer.refresh()
    else this.#timer = setTimeout(() => this.#work(), quietMs).unref()
  }

  /** Whether more of this account's messages wait than may: then what would add to them waits for {@link relieve}. */
  get isFull(): boolean {
    const { octets, messages } = this.#unindexed
    return (octets > maxUnindexedBytes || messages > maxUnindexedMessages) && this.#computed.lateMessages > 0
  }

  /** Indexes for a moment if more wait than may: for when there is nothing to do but wait for the disk. */
  useTime(): void {
    const end = performance.now() + sliceMs
    while (this.isFull && this.#computed.indexNext()) if (performance.now() >= end) return
  }

  /** Indexes until no more wait than may; others have their turn meanwhile. */
  relieve(): Promise<void> {
    this.#relieving ??= this.#relieve().finally(() => {
      this.#relieving = undefined
    })
    return this.#relieving
  }

  async #relieve(): Promise<void> {
    for (this.useTime(); this.isFull; this.useTime()) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Indexes all messages that wait; others have their turn meanwhile. */
  async settle(): Promise<void> {
    // Longer and longer, so that it ends however many more come.
    for (let ms = sliceMs; this.#slice(ms); ms *= 1.05) await new Promise((resolve) => setImmediate(resolve))
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #work(): void {
    this.#timer = undefined
    if (this.#stopped || !this.#slice(sliceMs)) return
    // No shorter time: whoever sends mail goes first, and is heard in between.
    this.#timer = setTimeout(() => this.#work(), 1).unref()
  }

  /** Whether messages are left. */
  #slice(ms: number): boolean {
    const end = performance.now() + ms
    while (this.#computed.indexNext()) if (performance.now() >= end) return this.#computed.lateMessages > 0
    return false
  }
}
