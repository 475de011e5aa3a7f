import { createHash } from 'node:crypto'
import type { MailboxSnapshot } from '../model/snapshot.ts'
import { StoreFailure } from '../store/store.ts'
import type { AccountStore } from '../store/store.ts'

/** What makes two messages the same: their octets, by size and SHA-256. */
export interface MessageDigest {
  readonly size: number
  readonly sha256: string
}

/** The digest of octets as they come. */
export async function digestOf(octets: AsyncIterable<Buffer>): Promise<MessageDigest> {
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of octets) {
    hash.update(piece)
    size += piece.length
  }
  return { size, sha256: hash.digest('base64url') }
}

/** The octets of a stored message of `size` octets, in pieces that are good until the next is asked for. */
export async function* storedOctets(account: AccountStore, message: number, size: number): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafe(Math.min(size, 64 * 1024))
  for (let at = 0; at < size;) {
    const length = await account.readBlob(message, at, piece)
    if (length === 0) throw new StoreFailure('damaged', `message ${message} ends after ${at} of ${size} octets`)
    yield piece.subarray(0, length)
    at += length
  }
}

/**
 * Which messages of a source a mailbox has already, from an import that was cut short or done before.
 *
 * The mailbox itself is the record: messages are in it or not, also after a kill -9, and no journal can disagree with it. A
 * message is there if one of the same octets and INTERNALDATE is; each counts once, so what the source has twice stays
 * twice. Only messages of the same size are read, and each at most once.
 */
export class Duplicates {
  readonly #account: AccountStore
  readonly #snapshot: MailboxSnapshot
  /** Rows not yet matched, by the size of their messages. */
  readonly #rows = new Map<number, number[]>()
  readonly #digests = new Map<number, string>()

  constructor(account: AccountStore, snapshot: MailboxSnapshot) {
    this.#account = account
    this.#snapshot = snapshot
    snapshot.sizes.forEach((size, row) => {
      const rows = this.#rows.get(size)
      if (rows) rows.push(row)
      else this.#rows.set(size, [row])
    })
  }

  /** Whether there can be any at all: else no message of the source needs a digest. */
  get possible(): boolean {
    return this.#rows.size > 0
  }

  /** Whether the mailbox has the message; if so, the one that it has is used up. `date` undefined: any date. */
  async take({ size, sha256 }: MessageDigest, date: number | undefined): Promise<boolean> {
    const rows = this.#rows.get(size) ?? []
    for (const [at, row] of rows.entries()) {
      if (date !== undefined && this.#snapshot.internalDates[row] !== date) continue
      if ((await this.#digestOfRow(row, size)) !== sha256) continue
      rows.splice(at, 1)
      if (rows.length === 0) this.#rows.delete(size)
      return true
    }
    return false
  }

  async #digestOfRow(row: number, size: number): Promise<string> {
    const message = this.#snapshot.messages[row]! // inside bounds: rows are those of the snapshot
    let digest = this.#digests.get(message)
    if (digest === undefined) {
      digest = (await digestOf(storedOctets(this.#account, message, size))).sha256
      this.#digests.set(message, digest)
    }
    return digest
  }
}
