import { maxUid } from '../../model/limits.ts'
import { Refusal } from '../../model/refusal.ts'

/** Every UIDVALIDITY an account ever used: ascending ranges that do not touch, both ends included. */
export type UsedUidValidities = readonly (readonly [first: number, last: number])[]

/** Whether any mailbox ever had this UIDVALIDITY. */
export function isUsed(used: UsedUidValidities, value: number): boolean {
  return used.some(([first, last]) => first <= value && value <= last)
}

/** The ranges with one value more. */
export function withUsed(used: UsedUidValidities, value: number): UsedUidValidities {
  if (isUsed(used, value)) return used
  const below = used.filter(([, last]) => last < value)
  const above = used.slice(below.length)
  let first = value
  let last = value
  if (below.at(-1)?.[1] === value - 1) first = below.pop()?.[0] ?? value
  if (above[0]?.[0] === value + 1) last = above.shift()?.[1] ?? value
  return [...below, [first, last], ...above]
}

/**
 * A UIDVALIDITY above all used ones, the time if it can be (RFC 9051 §2.3.1.1). Where an import took the highest there
 * is, the highest free one. Throws `Refusal` (`LIMIT`) when none is left.
 */
export function nextUidValidity(used: UsedUidValidities, now: number): number {
  const top = used.at(-1)
  const next = Math.max((top?.[1] ?? 0) + 1, now, 1)
  if (next <= maxUid) return next
  const free = (top?.[0] ?? 0) - 1
  if (free < 1) throw new Refusal('LIMIT', 'No UIDVALIDITY is left')
  return free
}
