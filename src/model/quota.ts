/** Quotas: what an account, or a tree of its mailboxes, may hold (RFC 9208 §3). */
import type { MailboxId } from './numbers.ts'

/** What can be limited, in the order in which it is told. */
export const quotaResources = ['storage', 'messages', 'mailboxes', 'annotations'] as const

/**
 * One of {@link quotaResources}: `storage`, octets of all messages, each copy counted; `messages` and `mailboxes`, how
 * many there are; `annotations`, octets of the names and values of all annotations.
 */
export type QuotaResource = (typeof quotaResources)[number]

/** Limits; what is absent is not limited. */
export type QuotaLimits = Readonly<Partial<Record<QuotaResource, number>>>

/** How much there is of each resource. */
export type QuotaUsage = Readonly<Record<QuotaResource, number>>

/** A quota root: mailboxes that share limits (RFC 9208 §3.2). */
export interface QuotaRoot {
  /** The mailbox that is the root together with those below it; absent: the whole account. */
  readonly mailbox?: MailboxId
  /** As they hold: set for this root, else the default, and never above what the store allows anybody. */
  readonly limits: QuotaLimits
  /** As they were set for this root; undefined where the default holds. */
  readonly set: QuotaLimits | undefined
  readonly usage: QuotaUsage
}

/** The first resource of which `usage` has more than it may and more than before; undefined when all is well. */
export function exceeded(limits: QuotaLimits, before: QuotaUsage, usage: QuotaUsage): QuotaResource | undefined {
  return quotaResources.find((resource) => {
    const limit = limits[resource]
    return limit !== undefined && usage[resource] > limit && usage[resource] > before[resource]
  })
}

/** The lower of two sets of limits, resource by resource. */
export function lowerLimits(a: QuotaLimits, b: QuotaLimits): QuotaLimits {
  const limits: Partial<Record<QuotaResource, number>> = {}
  for (const resource of quotaResources) {
    const lower = Math.min(a[resource] ?? Infinity, b[resource] ?? Infinity)
    if (lower < Infinity) limits[resource] = lower
  }
  return limits
}
