import { maxMetadataBytes } from '../../model/limits.ts'
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
  if (!sameLimits(draft.tree.quotas.get(root), limits)) {
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
  for (const [root, limits] of tree.quotas) {
    if (root === theAccount) continue
    const contentsBefore = (id: MailboxId): Contents => base.mailboxes.get(id)?.counters ?? nothing
    refuseExcess(
      exceeded(
        limits,
        treeUsage(base.tree, root, contentsBefore),
        treeUsage(tree, root, (id) => draft.contentsOf(id)),
      ),
    )
  }
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
  const trees = [...tree.allQuotas].flatMap(([mailbox, limits]): QuotaRoot[] =>
    mailbox === theAccount ? [] : [{ mailbox, limits, set: limits, usage: treeUsage(tree, mailbox, contentsOf) }],
  )
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

/** What a mailbox and all below it hold. */
function treeUsage(
  tree: Pick<AccountTree, 'byId'> & { metadataBytesOf(mailbox: MailboxId): number },
  root: MailboxId,
  contentsOf: (mailbox: MailboxId) => Contents,
): QuotaUsage {
  const usage = { storage: 0, messages: 0, mailboxes: 0, annotations: 0 }
  const name = tree.byId.get(root)?.name
  if (name === undefined) return usage
  const below = name + separator
  for (const mailbox of tree.byId.values()) {
    if (mailbox.id !== root && !mailbox.name.startsWith(below)) continue
    const { messages, size } = contentsOf(mailbox.id)
    usage.storage += size
    usage.messages += messages
    usage.mailboxes++
    usage.annotations += tree.metadataBytesOf(mailbox.id)
  }
  return usage
}
