import { Refusal } from '../model/refusal.ts'
import type { AccountStore } from '../store/store.ts'
import { inReply, type LmtpRefusal, refusal, replyForFailure } from './reply.ts'
import type { Reply } from './reply.ts'

/**
 * Why one more message of so many octets finds no room in an account, where that shows (RFC 3463 §3.3 X.2.2): for now,
 * since the user may make room and the sender has it tried again; or for ever, when the message alone is above a limit.
 */
export async function overQuota(
  account: AccountStore,
  octets: number,
  address: string,
): Promise<LmtpRefusal | undefined> {
  const [whole] = await account.quotas()
  if (!whole) return undefined
  const { storage = Infinity, messages = Infinity } = whole.limits
  const { usage } = whole
  const who = inReply(address)
  if (octets > storage || messages < 1) return refusal(552, '5.2.2', `${who}: more than the mailbox may hold`)
  if (usage.storage + octets <= storage && usage.messages < messages) return undefined
  return refusal(452, '4.2.2', `${who}: the mailbox is full`)
}

/** The reply to a delivery that failed: a message that can never find room is sent back, not tried again. */
export async function replyForDelivery(
  failure: unknown,
  account: AccountStore,
  octets: number,
  address: string,
): Promise<Reply> {
  const isFull = failure instanceof Refusal && failure.code === 'OVERQUOTA'
  // Where that cannot be found out, either, it is tried again.
  const full = isFull ? await overQuota(account, octets, address).catch(() => undefined) : undefined
  return full ? full.reply : replyForFailure(failure, address)
}
