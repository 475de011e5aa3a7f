import { maxMetadataBytes, maxQuotaRoots } from '../../model/limits.ts'
import { separator } from '../../model/mailbox.ts'
import { type MailboxOrAccount, theAccount } from '../../model/metadata.ts'
import type { MailboxId } from '../../model/numbers.ts'
import type { Operation, OperationResult } from '../../model/operation.ts'
import {
  exceeded,
  lowerLimits,
  type QuotaLimits,
  type QuotaResource,
  quotaResources,
  type QuotaRoot,
  type QuotaUsage,
} from '../../model/quota.ts'
import { Refusal } from '../../model/refusal.ts'
import type { AccountTree } from './account-tree.ts'
import type { CommitDraft } from './commit-draft.ts'
import type { Planning } from './planner.ts'

/** Limits that hold for every account, whatever is set for it. */
export interface QuotaRules {
  /** For accounts of which nothing else was said. */
  readonly defaults: QuotaLimits
  /** No account can have more. */
  readonly ceilings: QuotaLimits
}

/** The rules of a store that lets an account have so many mailboxes. */
export function quotaRules(defaults: QuotaLimits, maxMailboxes: number): QuotaRules {
  return { defaults, ceilings: { mailboxes: maxMailboxes, annotations: maxMetadataBytes } }
}

/** SETQUOTA (RFC 9208 §4.1.3). */
export function setQuota(planning: Planning, operation: Extract<Operation, { op: 'setQuota' }>): OperationResult {
  const { draft, changes } = planning
  const { mailbox, limits } = operation
  const root = draft.mailboxOrAccount(mailbox)
  for (const [resource, limit] of Object.entries(limits ?? {})) {
    if (!Number.isSafeInteger(limit) || limit < 0) throw new Refusal('CANNOT', `Not a limit of ${resource}`)
  }
  const { quotas } = draft.tree
  if (limits && !quotas.has(root) && quotas.size >= maxQuotaRoots) throw new Refusal('LIMIT', 'Too many quota roots')
  if (!sameLimits(quotas.get(root), limits)) {
    draft.tree.setQuota(root, limits)
    changes.push({ kind: 'quotaSet', ...(mailbox !== undefined && { mailbox }), limits })
  }
  return { op: 'setQuota' }
}

function sameLimits(a: QuotaLimits | undefined, b: QuotaLimits | undefined): boolean {
  return (a === undefined) === (b === undefined) && quotaResources.every((resource) => a?.[resource] === b?.[resource])
}

/**
 * Throws `Refusal` (`OVERQUOTA`) if the commit brings any quota root above a limit of it, or farther above. What takes
 * away, or only moves things about below the root, is never refused.
 */
export function checkQuotas(draft: CommitDraft, rules: QuotaRules): void {
  const { base, tree } = draft
  const before = accountUsage(base.tree, base.counters)
  const usage = accountUsage({ byId: tree.byId, metadataBytes: tree.metadataBytes }, draft.contents)
  refuseExcess(exceeded(accountLimits(tree.quotas, rules), before, usage))
  if (!hasTrees(tree.quotas)) return
  const contentsBefore = (id: MailboxId): Contents => base.mailboxes.get(id)?.counters ?? nothing
  const after = treeUsages(tree, tree.quotas, (id) => draft.contentsOf(id))
  const isAbove = ([root, now]: readonly [MailboxId, QuotaUsage]): boolean =>
    exceeded(tree.quotas.get(root) ?? {}, noUsage, now) !== undefined
  const above = [...after].filter(isAbove)
  if (above.length === 0) return
  // Looked at only now, since it seldom matters what was before.
  const treesBefore = treeUsages(base.tree, tree.quotas, contentsBefore)
  for (const [root, now] of above) {
    refuseExcess(exceeded(tree.quotas.get(root) ?? {}, treesBefore.get(root) ?? noUsage, now))
  }
}

function hasTrees(quotas: ReadonlyMap<MailboxOrAccount, QuotaLimits>): boolean {
  return quotas.size > (quotas.has(theAccount) ? 1 : 0)
}

function refuseExcess(resource: QuotaResource | undefined): void {
  if (resource !== undefined) throw new Refusal('OVERQUOTA', `Over quota: too ${excess[resource]}`)
}

const excess: Readonly<Record<QuotaResource, string>> = {
  storage: 'much mail',
  messages: 'many messages',
  mailboxes: 'many mailboxes',
  annotations: 'much in annotations',
}

type Contents = Readonly<Record<'messages' | 'size', number>>
const nothing: Contents = { messages: 0, size: 0 }

/** The quota roots of an account, itself first, as published. */
export function quotaRoots(
  tree: AccountTree,
  contents: Contents,
  contentsOf: (mailbox: MailboxId) => Contents,
  rules: QuotaRules,
): QuotaRoot[] {
  const whole: QuotaRoot = {
    limits: accountLimits(tree.allQuotas, rules),
    set: tree.allQuotas.get(theAccount),
    usage: accountUsage(tree, contents),
  }
  if (!hasTrees(tree.allQuotas)) return [whole]
  const trees = Array.from(treeUsages(tree, tree.allQuotas, contentsOf), ([mailbox, usage]): QuotaRoot => {
    const limits = tree.allQuotas.get(mailbox) ?? {}
    return { mailbox, limits, set: limits, usage }
  })
  return [whole, ...trees]
}

function accountLimits(
  quotas: ReadonlyMap<MailboxOrAccount, QuotaLimits>,
  { defaults, ceilings }: QuotaRules,
): QuotaLimits {
  return lowerLimits(quotas.get(theAccount) ?? defaults, ceilings)
}

function accountUsage(
  { byId, metadataBytes }: Pick<AccountTree, 'byId' | 'metadataBytes'>,
  { messages, size }: Contents,
): QuotaUsage {
  return { storage: size, messages, mailboxes: byId.size, annotations: metadataBytes }
}

const noUsage: QuotaUsage = { storage: 0, messages: 0, mailboxes: 0, annotations: 0 }

/**
 * What the mailboxes that are quota roots hold together with all below them. One look at each mailbox, however many
 * roots there are, since clients make them.
 */
function treeUsages(
  tree: Pick<AccountTree, 'byId'> & { metadataBytesOf(mailbox: MailboxId): number },
  quotas: ReadonlyMap<MailboxOrAccount, QuotaLimits>,
  contentsOf: (mailbox: MailboxId) => Contents,
): Map<MailboxId, QuotaUsage> {
  const usages = new Map<MailboxId, Mutable<QuotaUsage>>()
  const byName = new Map<string, Mutable<QuotaUsage>>()
  for (const root of quotas.keys()) {
    const mailbox = root === theAccount ? undefined : tree.byId.get(root)
    if (!mailbox) continue
    const usage = { ...noUsage }
    usages.set(mailbox.id, usage)
    byName.set(mailbox.name, usage)
  }
  for (const { id, name } of tree.byId.values()) {
    for (let end = name.indexOf(separator); ; end = name.indexOf(separator, end + 1)) {
      const usage = byName.get(end === -1 ? name : name.slice(0, end))
      if (usage) {
        const { messages, size } = contentsOf(id)
        usage.storage += size
        usage.messages += messages
        usage.mailboxes++
        usage.annotations += tree.metadataBytesOf(id)
      }
      if (end === -1) break
    }
  }
  return usages
}

type Mutable<Usage> = { -readonly [Resource in keyof Usage]: Usage[Resource] }
