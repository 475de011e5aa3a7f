import { hash } from 'node:crypto'
import type { ThreadIndex } from '../state/account-state.ts'
import type { Database } from './database.ts'

/** Message-IDs in the database whose threads stay in memory: those of conversations that go on. */
const maxRemembered = 4096

/**
 * Which thread a Message-ID belongs to. Message-IDs are kept as 52 bits of a hash that is keyed for each account, so
 * that nobody outside can make two of them meet.
 */
export class StoredThreads implements ThreadIndex {
  readonly #database: Database
  readonly #key: Buffer
  readonly #fresh = new Map<number, number>()
  /** What was read from the database. */
  readonly #known = new Map<number, number>()

  constructor(database: Database, key: Buffer) {
    this.#database = database
    this.#key = key
  }

  threadOf(messageId: string): number | undefined {
    return this.threadOfHash(this.hashOf(messageId))
  }

  /** The thread of the Message-ID that {@link hashOf} gave a hash. */
  threadOfHash(hash: number): number | undefined {
    const known = this.#fresh.get(hash) ?? this.#known.get(hash)
    if (known !== undefined) return known
    const stored = this.#database.value('SELECT thread FROM thread WHERE hash = ?', hash)
    if (typeof stored !== 'number') return undefined
    this.#know(hash, stored)
    return stored
  }

  remember(messageId: string, thread: number): void {
    this.rememberHash(this.hashOf(messageId), thread)
  }

  rememberHash(hash: number, thread: number): void {
    this.#fresh.set(hash, thread)
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
        if (this.#fresh.get(hash) !== thread) continue
        this.#fresh.delete(hash)
        this.#know(hash, thread)
      }
    }
  }

  #know(hash: number, thread: number): void {
    if (this.#known.size >= maxRemembered) this.#known.clear()
    this.#known.set(hash, thread)
  }

  /** The keyed hash of a Message-ID. */
  hashOf(messageId: string): number {
    const digest = hash('sha256', Buffer.concat([this.#key, Buffer.from(messageId)]))
    return parseInt(digest.slice(0, hashDigits), 16)
  }
}

/** Hexadecimal digits of the 52 bits. */
const hashDigits = 13
