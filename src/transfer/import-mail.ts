import { maxMailboxLevelBytes, maxUid } from '../model/limits.ts'
import { normalMailboxName } from '../model/mailbox.ts'
import { asUid } from '../model/numbers.ts'
import type { MailboxId } from '../model/numbers.ts'
import type { AppendedMessage } from '../model/operation.ts'
import { resultOf } from '../model/operation.ts'
import { Refusal } from '../model/refusal.ts'
import { StoreFailure } from '../store/store.ts'
import type { AccountStore } from '../store/store.ts'
import { digestOf, Duplicates } from './duplicates.ts'
import { TransferTally } from './progress.ts'
import type { TransferOptions } from './progress.ts'
import { NotAFile } from './source-files.ts'
import type { MailSource, SourceMailbox, SourceMessage, TransferProblem } from './source.ts'

export interface ImportOptions extends TransferOptions {
  /** Reads everything and says what would be done; changes nothing. */
  readonly dryRun?: boolean
  /** A mailbox below which all others are put, INBOX too. */
  readonly under?: string
  /** Who is subscribed to mailboxes that were subscribed to where they come from. Absent: nobody. */
  readonly subscriber?: string
}

export interface ImportReport {
  readonly mailboxes: number
  /** Messages that were imported, or would be in a dry run. */
  readonly messages: number
  /** Octets of these in the store. */
  readonly octets: number
  /** Messages that were there already. */
  readonly duplicates: number
  /** Messages that have another UID than in the source, because theirs was not free. */
  readonly renumbered: number
  /** Mailboxes whose UIDVALIDITY could not be kept although the source has one. */
  readonly newUidValidities: number
  /** The first of {@link problemCount}; each is something passed over. */
  readonly problems: readonly TransferProblem[]
  readonly problemCount: number
  /** Whether the signal ended it before everything was read. */
  readonly interrupted: boolean
}

/** Messages of one commit, at most. */
const batchMessages = 500
/** Octets of the messages of one commit, at most, but for a single message. */
const batchBytes = 16 * 1024 * 1024
/** UIDs above are not kept: a source could leave no UID for the mail that comes after it. */
const maxKeptUid = 0xf000_0000
/** The last second of the year 9999, beyond which dates cannot be written. */
const maxDate = 253_402_300_799

/**
 * Brings the mail of a source into an account. What cannot be read or taken is reported and passed over; messages that
 * are there already stay as they are. Throws `StoreFailure` when the store fails; run again, it goes on where it was.
 */
export async function importMail(
  source: MailSource,
  account: AccountStore,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const run = new ImportRun(account, options, new TransferTally(await source.totals(), options.onProgress))
  const mailboxes: SourceMailbox[] = []
  for await (const mailbox of source.mailboxes(run.tally.report)) mailboxes.push(mailbox)
  // A mailbox before those below it, or it would be made with them, and get a UIDVALIDITY that is not its own.
  for (const mailbox of mailboxes.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (options.signal?.aborted) break
    await run.importMailbox(mailbox)
  }
  return run.finish()
}

/** A message ready to be committed, with what is needed when it is refused. */
interface Waiting {
  readonly message: AppendedMessage
  readonly label: string
}

class ImportRun {
  readonly #account: AccountStore
  readonly #options: ImportOptions
  readonly tally: TransferTally
  #counts = { mailboxes: 0, messages: 0, octets: 0, duplicates: 0, renumbered: 0, newUidValidities: 0 }
  #batch: Waiting[] = []
  #batchOctets = 0

  constructor(account: AccountStore, options: ImportOptions, tally: TransferTally) {
    this.#account = account
    this.#options = options
    this.tally = tally
  }

  finish(): ImportReport {
    const { problems, problemCount } = this.tally
    return { ...this.#counts, problems, problemCount, interrupted: this.#options.signal?.aborted ?? false }
  }

  async importMailbox(mailbox: SourceMailbox): Promise<void> {
    const name = targetName(mailbox.name, this.#options.under)
    const target = await this.#target(name, mailbox)
    if (target === 'refused') return
    this.#counts.mailboxes++
    const duplicates = target && new Duplicates(this.#account, await this.#account.snapshot(target))
    try {
      for await (const message of mailbox.messages(this.tally.report)) {
        if (this.#options.signal?.aborted) break
        await this.#importMessage(message, target, duplicates)
        this.tally.passed(name, message.fileBytes)
      }
    } catch (failure) {
      if (!isOfSource(failure)) {
        this.#release()
        throw failure
      }
      this.tally.report(mailbox.name, failure.message) // what was read so far is imported, and other mailboxes are
    }
    if (target !== undefined) await this.#commit(target)
  }

  #release(): void {
    for (const { message } of this.#batch.splice(0)) message.staged.release()
    this.#batchOctets = 0
  }

  /** The mailbox to import into, made where it is not there; `undefined` when it would be made but for the dry run. */
  async #target(name: string, mailbox: SourceMailbox): Promise<MailboxId | undefined | 'refused'> {
    const { dryRun = false, subscriber } = this.#options
    const { byName } = await this.#account.tree()
    const existing = byName.get(name)
    if (dryRun) return existing?.id
    try {
      if (mailbox.subscribed && subscriber !== undefined) {
        await this.#account.commit([{ op: 'subscribe', user: subscriber, name, subscribed: true }])
      }
      const { uidValidity } = mailbox
      if (!existing) return await this.#create(name, mailbox)
      if (uidValidity !== undefined && uidValidity !== existing.uidValidity) this.#counts.newUidValidities++
      return existing.id
    } catch (failure) {
      if (!(failure instanceof Refusal)) throw failure
      this.tally.report(mailbox.name, `${name} cannot be made: ${failure.message}`)
      return 'refused'
    }
  }

  /** Makes the mailbox with all that the source knows of it, or else with as much as can be. */
  async #create(name: string, { uidValidity, specialUse }: SourceMailbox): Promise<MailboxId> {
    const kept = uidValidity !== undefined && uidValidity > 0 && uidValidity <= maxUid ? { uidValidity } : undefined
    if (uidValidity !== undefined && !kept) this.#counts.newUidValidities++
    const attempts = [{ ...kept, specialUse }, { specialUse }, { ...kept }, {}]
    for (const [at, attempt] of attempts.entries()) {
      try {
        const committed = await this.#account.commit([{ op: 'createMailbox', name, ...attempt }])
        if (kept && !('uidValidity' in attempt)) this.#counts.newUidValidities++
        return resultOf(committed, 0, 'createMailbox').mailbox
      } catch (failure) {
        // A UIDVALIDITY that was in use or a special use that is taken is no reason to leave the mail behind.
        if (!(failure instanceof Refusal) || at === attempts.length - 1) throw failure
      }
    }
    throw new Error('unreachable: the last attempt gives a mailbox or throws')
  }

  async #importMessage(
    source: SourceMessage,
    target: MailboxId | undefined,
    duplicates: Duplicates | undefined,
  ): Promise<void> {
    const date = source.internalDate
    const internalDate = date !== undefined && date >= 0 && date <= maxDate ? date : undefined
    try {
      if (duplicates?.possible || this.#options.dryRun) {
        const digest = await digestOf(source.octets())
        if (await duplicates?.take(digest, internalDate)) {
          this.#counts.duplicates++
          return
        }
        if (this.#options.dryRun) {
          this.#counts.messages++
          this.#counts.octets += digest.size
          return
        }
      }
      if (target === undefined) throw new Error('only a dry run has no target')
      const staged = await this.#stage(source)
      const uid = source.uid !== undefined && source.uid <= maxKeptUid ? asUid(source.uid) : undefined
      this.#batch.push({
        label: source.label,
        message: {
          staged,
          flags: source.flags,
          ...(internalDate !== undefined && { internalDate }),
          ...(uid !== undefined && { uid }),
        },
      })
      this.#batchOctets += staged.size
    } catch (failure) {
      if (!(failure instanceof Refusal) && !isOfSource(failure)) throw failure
      this.tally.report(source.label, failure.message)
      return
    }
    if (this.#batch.length >= batchMessages || this.#batchOctets >= batchBytes) await this.#commit(target)
  }

  async #stage(source: SourceMessage): Promise<AppendedMessage['staged']> {
    const stager = this.#account.stage()
    try {
      for await (const piece of source.octets()) await stager.write(piece)
      return await stager.finish()
    } catch (failure) {
      await stager.abort()
      throw failure
    }
  }

  /** Commits what waits. When the batch is refused, each message is tried alone, so that one does not keep out the others. */
  async #commit(mailbox: MailboxId): Promise<void> {
    try {
      if (this.#batch.length > 0) await this.#append(mailbox, this.#batch)
    } catch (failure) {
      if (!(failure instanceof Refusal)) throw failure
      for (const one of this.#batch) await this.#commitAlone(mailbox, one)
    } finally {
      this.#release()
    }
  }

  async #commitAlone(mailbox: MailboxId, one: Waiting): Promise<void> {
    try {
      await this.#append(mailbox, [one])
    } catch (failure) {
      if (!(failure instanceof Refusal)) throw failure
      this.tally.report(one.label, failure.message)
    }
  }

  async #append(mailbox: MailboxId, batch: readonly Waiting[]): Promise<void> {
    const messages = batch.map(({ message }) => message)
    const committed = await this.#account.commit([{ op: 'append', mailbox, messages }])
    const { uids } = resultOf(committed, 0, 'append')
    for (const [at, { staged, uid }] of messages.entries()) {
      this.#counts.messages++
      this.#counts.octets += staged.size
      if (uid !== undefined && uid !== uids[at]) this.#counts.renumbered++
    }
  }
}

/** Whether a failure is one of reading the source, which the system gives a code, rather than one of ours. */
function isOfSource(failure: unknown): failure is Error {
  if (!(failure instanceof Error) || failure instanceof StoreFailure) return false
  return failure instanceof NotAFile || ('code' in failure && 'syscall' in failure)
}

/** The name that a mailbox of the source has in the store, where no level is empty, too long or has control characters. */
export function targetName(name: string, under?: string): string {
  const levels = `${under ?? ''}/${name}`
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]/gu, '_')
    .split('/')
    .filter((level) => level !== '')
    .map(cutLevel)
  return normalMailboxName(levels.length === 0 ? 'INBOX' : levels.join('/'))
}

function cutLevel(level: string): string {
  let cut = level.normalize('NFC')
  while (Buffer.byteLength(cut) > maxMailboxLevelBytes || !cut.isWellFormed()) cut = cut.slice(0, -1)
  return cut
}
