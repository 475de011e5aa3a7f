import { createHash } from 'node:crypto'
import type { ThreadIndex } from '../state/account-state.ts'
import type { Database } from './database.ts'

/**
 * Which thread a Message-ID belongs to. Message-IDs are kept as 52 bits of a hash that is keyed for each account, so
 * that nobody outside can make two of them meet.
 */
export class StoredThreads implements ThreadIndex {
  readonly #database: Database
  readonly #key: Buffer
  readonly #fresh = new Map<number, number>()

  constructor(database: Database, key: Buffer) {
    this.#database = database
    this.#key = key
  }

  threadOf(messageId: string): number | undefined {
    const hash = this.#hash(messageId)
    const known = this.#fresh.get(hash)
    if (known !== undefined) return known
    const stored = this.#database.value('SELECT thread FROM thread WHERE hash = ?', hash)
    return typeof stored === 'number' ? stored : undefined
  }

  remember(messageId: string, thread: number): void {
    this.#fresh.set(this.#hash(messageId), thread)
  }

  /** How many Message-IDs are not yet in the database. */
  get waiting(): number {
    return this.#fresh.size
  }

  /**
   * Puts what is new, at most `max` of it, into the database, inside the caller's transaction; returns what to call when
   * that is done.
   */
  write(max: number): () => void {
    const written: [hash: number, thread: number][] = []
    for (const one of this.#fresh) {
      if (written.length >= max) break
      written.push(one)
    }
    for (const [hash, thread] of written) {
      this.#database.run('INSERT OR REPLACE INTO thread (hash, thread) VALUES (?, ?)', hash, thread)
    }
    return () => {
      for (const [hash, thread] of written) {
        if (this.#fresh.get(hash) === thread) this.#fresh.delete(hash)
      }
    }
  }

  #hash(messageId: string): number {
    const digest = createHash('sha256').update(this.#key).update(messageId).digest()
    return digest.readUIntBE(0, 6) * 16 + (digest[6]! >>> 4)
  }
}
