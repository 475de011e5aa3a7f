import type { Location } from './locations.ts'

/**
 * What an account tells those who follow it in other processes. They have `account.db`, which is an image of the account
 * as of a place in the log, and are told everything that was published since. A commit is answered when all of them show
 * it: whoever was answered OK finds it done, whichever process is asked.
 */

/** A message and where its octets are. */
export interface Placed extends Location {
  readonly message: number
}

/** A change set that was published. */
export interface Publication {
  /** Of its record in the log. */
  readonly sequence: number
  /** As `encodeChangeRecord` wrote it. */
  readonly payload: Buffer
  /** The messages that it brought. */
  readonly placed: readonly Placed[]
}

/** Somebody who follows an account. The methods are called in the order of the log and must not throw. */
export interface Follower {
  /**
   * Told of what was published. With `isAwaited`, the promise resolves once all who read there see it, or will be told
   * that they are cut off.
   */
  published(publication: Publication, isAwaited: boolean): Promise<void> | undefined
  /** `account.db` now has everything up to the record `sequence`, and nothing else. */
  imaged(sequence: number): void
  /** SQLite's log was brought into `account.db`: whoever goes on reading it as it was before keeps that log from ending. */
  broughtIn(): void
}

/** Octets of what is published since an image that are kept; behind more, who comes later needs a newer image. */
const maxSinceBytes = 32 * 1024 * 1024

/** Those who follow one account, and what one who comes later has to be told. */
export class Feed {
  readonly #followers = new Set<Follower>()
  #since: Publication[] = []
  #sinceBytes = 0
  #isComplete: boolean

  /** `isComplete`: `account.db` has everything up to now. */
  constructor(isComplete: boolean) {
    this.#isComplete = isComplete
  }

  /** Whether `account.db` and {@link add} together give all that was published. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** From now on `follower` is told; what `account.db` does not have yet. */
  add(follower: Follower): readonly Publication[] {
    this.#followers.add(follower)
    return this.#since.slice()
  }

  remove(follower: Follower): void {
    this.#followers.delete(follower)
  }

  /**
   * Resolves once all see it; undefined when nobody has to be waited for. The `committer`, if it is a follower, is
   * answered behind this news and so needs no waiting for.
   */
  publish(publication: Publication, committer: Follower | undefined): Promise<unknown> | undefined {
    this.#keep(publication)
    let waits: Promise<void>[] | undefined
    for (const follower of this.#followers) {
      const seen = follower.published(publication, follower !== committer)
      if (seen) (waits ??= []).push(seen)
    }
    return waits && Promise.all(waits)
  }

  #keep(publication: Publication): void {
    if (!this.#isComplete) return
    this.#since.push(publication)
    this.#sinceBytes += publication.payload.length
    if (this.#sinceBytes <= maxSinceBytes) return
    this.#since = []
    this.#sinceBytes = 0
    this.#isComplete = false
  }

  imaged(sequence: number): void {
    this.#since = []
    this.#sinceBytes = 0
    this.#isComplete = true
    for (const follower of this.#followers) follower.imaged(sequence)
  }

  broughtIn(): void {
    for (const follower of this.#followers) follower.broughtIn()
  }
}
