import type { AccountState, AccountStateOptions } from '../state/account-state.ts'
import { meta, readCheckpoint } from '../embedded/checkpoint.ts'
import { Database } from '../embedded/database.ts'
import type { StoredGarbage } from '../embedded/garbage.ts'
import { Locations } from '../embedded/locations.ts'
import type { LogPosition } from '../embedded/log-writer.ts'
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
  /** The numbers of files that hold one large message each. */
  readonly ownFiles: readonly number[]

  /** Throws `StoreFailure`. */
  constructor(path: string) {
    this.database = new Database(path, true)
    try {
      this.database.hold()
      // Both as the account's owner wrote them.
      const position = meta(this.database, 'position') as LogPosition | undefined
      const garbage = meta(this.database, 'garbage') as StoredGarbage | undefined
      this.sequence = position?.sequence ?? 0
      this.locations = new Locations(this.database)
      this.generations = new Map(garbage?.generations)
      this.ownFiles = this.database.rows('SELECT segment FROM own_file').map(([segment]) => Number(segment))
    } catch (error) {
      this.database.close()
      throw error
    }
  }

  /** A state that begins with the image; `current` tells the one to read columns from, this or one that followed. */
  state(options: AccountStateOptions, current: () => AccountImage): AccountState {
    return restored(options, () => current().database, readCheckpoint(this.database))
  }

  close(): void {
    this.database.close()
  }
}
