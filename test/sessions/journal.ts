import type { MailboxSnapshot } from '../../src/model/snapshot.ts'
import type { AccountStore } from '../../src/store/store.ts'
import { account } from '../fuzz/in-process-server.ts'
import type { Store } from '../../src/store/store.ts'

/** A message in a mailbox, for all time: UIDVALIDITY and UID. */
const keyOf = (uidValidity: number, uid: number): string => `${uidValidity}:${uid}`

type Origin = { readonly octets: string } | { readonly copyOf: string }

/**
 * All that clients of one account were told of UIDs and octets, put together, and what the store showed at times of
 * rest: nothing may ever contradict anything else (RFC 9051 §2.3.1.1).
 */
export class Journal {
  readonly faults: string[] = []
  /** What APPENDUID and COPYUID told. */
  readonly #told = new Map<string, Origin>()
  /** What FETCH showed. */
  readonly #fetched = new Map<string, string>()
  /** What stood in the store. */
  readonly #stored = new Map<string, string>()
  /** Per UIDVALIDITY, the mailbox when last seen. */
  readonly #mailboxes = new Map<number, MailboxSnapshot>()
  /** `\Recent` goes to one session that may change the mailbox; by message, its claimant. */
  readonly #recent = new Map<string, object>()

  fault(text: string): void {
    if (this.faults.length < 20) this.faults.push(text)
  }

  appended(uidValidity: number, uids: readonly number[], messages: readonly string[]): void {
    if (uids.length !== messages.length) this.fault(`${messages.length} messages got the UIDs ${uids.join()}`)
    uids.forEach((uid, n) => this.#tell(keyOf(uidValidity, uid), { octets: messages[n] ?? '' }))
  }

  copied(fromValidity: number, from: readonly number[], toValidity: number, to: readonly number[]): void {
    to.forEach((uid, n) => this.#tell(keyOf(toValidity, uid), { copyOf: keyOf(fromValidity, from[n] ?? 0) }))
  }

  #tell(key: string, origin: Origin): void {
    if (this.#told.has(key)) this.fault(`${key} was given out twice`)
    this.#told.set(key, origin)
  }

  fetched(uidValidity: number, uid: number, octets: string): void {
    const key = keyOf(uidValidity, uid)
    const before = this.#fetched.get(key)
    if (before !== undefined && before !== octets) this.fault(`${key} had other octets before`)
    this.#fetched.set(key, octets)
  }

  /** `claimant`: a selection of a mailbox, for as long as it lasts. */
  recent(uidValidity: number, uid: number, claimant: object): void {
    const key = keyOf(uidValidity, uid)
    const first = this.#recent.get(key)
    if (first !== undefined && first !== claimant) this.fault(`${key} is \\Recent in two sessions`)
    this.#recent.set(key, claimant)
  }

  /** Compares the store with all that is known of it. */
  async check(store: Store): Promise<void> {
    const share = await store.openAccount(account)
    try {
      for (const { id, name } of (await share.tree()).byName.values()) {
        const snapshot = await share.snapshot(id)
        this.#compareMailbox(name, snapshot)
        await this.#readAll(share, snapshot)
      }
    } finally {
      await share.close()
    }
    for (const key of this.#told.keys()) {
      const octets = this.#octetsOf(key)
      if (octets === undefined) continue
      for (const seen of [this.#fetched.get(key), this.#stored.get(key)]) {
        if (seen !== undefined && seen !== octets) this.fault(`${key} is another message than was told`)
      }
    }
    for (const [key, octets] of this.#fetched) {
      if ((this.#stored.get(key) ?? octets) !== octets) this.fault(`${key} was fetched with other octets`)
    }
  }

  #compareMailbox(name: string, now: MailboxSnapshot): void {
    const before = this.#mailboxes.get(now.uidValidity)
    this.#mailboxes.set(now.uidValidity, now)
    const ascending = now.uids.every((uid, row) => row === 0 || uid > now.uids[row - 1]!) // inside bounds
    if (!ascending) this.fault(`${name}: UIDs do not ascend`)
    if ((now.uids.at(-1) ?? 0) >= now.uidNext) this.fault(`${name}: a UID is not below UIDNEXT`)
    if (!before) return
    if (now.uidNext < before.uidNext) this.fault(`${name}: UIDNEXT went back`)
    if (now.highestModSeq < before.highestModSeq) this.fault(`${name}: HIGHESTMODSEQ went back`)
    const known = new Set(before.uids)
    if (now.uids.some((uid) => uid < before.uidNext && !known.has(uid))) this.fault(`${name}: a UID came back`)
  }

  async #readAll(share: AccountStore, { uidValidity, uids, messages, sizes }: MailboxSnapshot): Promise<void> {
    for (const [row, uid] of uids.entries()) {
      const into = Buffer.alloc(sizes[row]! + 1) // inside bounds, as below
      const length = await share.readBlob(messages[row]!, 0, into)
      const octets = into.toString('latin1', 0, length)
      const key = keyOf(uidValidity, uid)
      if ((this.#stored.get(key) ?? octets) !== octets) this.fault(`${key} changed its octets in the store`)
      this.#stored.set(key, octets)
    }
  }

  #octetsOf(key: string): string | undefined {
    for (let at = key, steps = 0; steps <= this.#told.size; steps++) {
      const origin = this.#told.get(at)
      if (!origin) return this.#stored.get(at) ?? this.#fetched.get(at)
      if ('octets' in origin) return origin.octets
      at = origin.copyOf
    }
    return undefined
  }
}
