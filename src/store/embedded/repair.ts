import type { Log } from '../../model/log.ts'
import type { MailboxId } from '../../model/numbers.ts'
import type { AppendedMessage, Operation } from '../../model/operation.ts'
import { resultOf } from '../../model/operation.ts'
import { flagSet } from '../../model/flags.ts'
import type { Account } from './account.ts'
import type { OpenedAccount } from './open-account.ts'
import { recordHeaderBytes, segmentHeaderBytes } from './record.ts'
import type { LoggedMessage } from './replay.ts'

/** The mailbox for messages whose own is not known any more. */
export const recoveredMailbox = 'Recovered'

/** Octets copied at once. */
const copyBytes = 256 * 1024

/**
 * Makes the best of what a replay found lost, as a commit like any other: messages that no mailbox names any more, and
 * what is left of damaged ones, go into the mailbox `Recovered`; entries whose octets are gone or damaged are expunged.
 */
export async function makeGood(account: Account, parts: OpenedAccount, log: Log): Promise<void> {
  const { replayed, segments, ownFiles } = parts
  for (const { segment, offset, first, last } of replayed.lost) {
    const where = { account: account.id, file: segments.path(segment), offset, records: last - first + 1 }
    log.error(where, 'records of the log are damaged and lost')
  }
  const unnamed = [...segments.ownFiles].filter((number) => !ownFiles.has(number))
  const ownOrphans = unnamed.filter((number) => !replayed.expungedFiles.has(number))
  const toRecover: (LoggedMessage | number)[] = [...replayed.orphans, ...ownOrphans]
  for (const [message, place] of replayed.missing) {
    const own = [...ownFiles].find(([segment, owner]) => owner === message && segments.ownFiles.has(segment))
    if (place) toRecover.push(place)
    else if (own) toRecover.push(own[0])
  }
  const operations: Operation[] = expunges(account, new Set(replayed.missing.keys()))
  if (toRecover.length > 0) {
    const messages: AppendedMessage[] = []
    for (const message of toRecover) messages.push(await restage(account, parts, message))
    operations.push({ op: 'append', mailbox: await recovered(account), messages })
  }
  await account.commit(operations, true)
  for (const number of unnamed) segments.remove(number)
  log.warn(
    { account: account.id, recovered: toRecover.length, expunged: replayed.missing.size },
    `messages without a mailbox are in ${recoveredMailbox}, damaged ones were taken out of theirs`,
  )
}

function expunges(account: Account, missing: ReadonlySet<number>): Operation[] {
  if (missing.size === 0) return []
  return [...account.tree().byId.keys()].flatMap((mailbox): Operation[] => {
    const { uids, messages } = account.snapshot(mailbox)
    const lost = uids.filter((_, row) => missing.has(messages[row]!))
    return lost.length > 0 ? [{ op: 'expunge', mailbox, uids: lost, onlyDeleted: false }] : []
  })
}

async function recovered(account: Account): Promise<MailboxId> {
  const known = account.tree().byName.get(recoveredMailbox)
  if (known) return known.id
  const committed = await account.commit([{ op: 'createMailbox', name: recoveredMailbox }], false, true)
  return resultOf(committed, 0, 'createMailbox').mailbox
}

/** Copies the octets of a record or of a whole file into a new message. */
async function restage(
  account: Account,
  { segments }: OpenedAccount,
  message: LoggedMessage | number,
): Promise<AppendedMessage> {
  const file = segments.file(typeof message === 'number' ? message : message.segment)
  const start = (typeof message === 'number' ? segmentHeaderBytes : message.offset) + recordHeaderBytes
  const end = typeof message === 'number' ? file.size() : Math.min(file.size(), start + message.header.length)
  const stager = account.stage()
  const chunk = Buffer.allocUnsafe(copyBytes)
  for (let at = start; at < end;) {
    const got = file.read(chunk.subarray(0, Math.min(copyBytes, end - at)), at)
    if (got === 0) break
    await stager.write(chunk.subarray(0, got))
    at += got
  }
  const staged = await stager.finish()
  if (typeof message === 'number') return { staged, flags: flagSet(0) }
  const { systemFlags, internalDate } = message.header
  return { staged, flags: flagSet(systemFlags), internalDate }
}
