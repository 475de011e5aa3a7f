import type { AccountState, AccountStateOptions } from '../state/account-state.ts'
import { meta, readCheckpoint, type StoredAccount } from '../embedded/checkpoint.ts'
import { Database } from '../embedded/database.ts'
import type { StoredGarbage } from '../embedded/garbage.ts'
import { Locations } from '../embedded/locations.ts'
import { restored } from '../embedded/open-account.ts'

/**
 * `account.db` as it was at one moment: an image of the account as of a place in the log. Its owner goes on writing to
 * the file; a read transaction keeps what we see of it.
 */
export class AccountImage {
  /** The record of the log up to which it has everything, and nothing else. */
  readonly sequence: number
  readonly database: Database
  readonly locations: Locations
  /** How often segments had been compacted when the places in them were noted, where they had been. */
  readonly generations: ReadonlyMap<number, number>
  /** Large messages by the number of their file. */
  readonly ownFiles: ReadonlyMap<number, number>
  readonly #stored: StoredAccount | undefined

  /** Throws `StoreFailure`. */
  constructor(path: string) {
    this.database = new Database(path, true)
    try {
      this.database.hold()
      const stored = readCheckpoint(this.database)
      const garbage = meta(this.database, 'garbage') as StoredGarbage | undefined // as its owner wrote it
      this.sequence = stored?.position.sequence ?? 0
      this.locations = new Locations(this.database)
      this.generations = new Map(garbage?.generations)
      this.ownFiles = stored?.ownFiles ?? new Map<number, number>()
      this.#stored = stored
    } catch (error) {
      this.database.close()
      throw error
    }
  }

  /** A state that begins with the image; `current` tells the one to read columns from, this or one that followed. */
  state(options: AccountStateOptions, current: () => AccountImage): AccountState {
    return restored(options, () => current().database, this.#stored)
  }

  close(): void {
    this.database.close()
  }
}
