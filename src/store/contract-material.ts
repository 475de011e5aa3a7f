/** What the contract's suite is made with; other tests of the store use it, too. */
import { type FlagMode, flagSetOf } from '../model/flags.ts'
import type { MailboxId } from '../model/numbers.ts'
import type { Operation, StagedMessage } from '../model/operation.ts'
import { Refusal } from '../model/refusal.ts'
import type { AccountStore } from './store.ts'

/** A small message with a subject, as octets. */
export function sampleMessage(subject: string, extra = ''): Buffer {
  return Buffer.from(`Subject: ${subject}\r\n${extra}\r\nThe text of ${subject}.\r\n`)
}

/** Stages a whole message. */
export async function stageMessage(account: AccountStore, octets: Buffer): Promise<StagedMessage> {
  const stager = account.stage()
  await stager.write(octets)
  return stager.finish()
}

/** An append of new messages, one per subject. */
export async function appendOf(
  account: AccountStore,
  mailbox: MailboxId,
  subjects: readonly string[],
  flags: readonly string[] = [],
): Promise<Operation> {
  const messages = await Promise.all(
    subjects.map(async (subject) => ({
      staged: await stageMessage(account, sampleMessage(subject)),
      flags: flagSetOf(flags),
    })),
  )
  return { op: 'append', mailbox, messages }
}

/** What a behaviour of the suite is given. */
export interface Given {
  readonly account: AccountStore
  readonly inbox: MailboxId
  readonly create: (name: string) => Promise<MailboxId>
  readonly store: (mailbox: MailboxId, uids: number[], mode: FlagMode, ...flags: string[]) => Operation
}

/** A test for a refusal with this code. */
export const refused =
  (code: string): ((error: unknown) => boolean) =>
  (error) =>
    error instanceof Refusal && error.code === code
