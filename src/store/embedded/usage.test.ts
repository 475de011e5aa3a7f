import fc from 'fast-check'
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { MailboxId } from '../../model/numbers.ts'
import type { Operation } from '../../model/operation.ts'
import type { QuotaUsage } from '../../model/quota.ts'
import { Refusal } from '../../model/refusal.ts'
import { appendOf } from '../contract-material.ts'
import type { AccountStore, Store } from '../store.ts'
import { checkStore } from './check.ts'
import { embeddedStore, type EmbeddedLimits } from './index.ts'

const limits: EmbeddedLimits = {
  idleAccounts: 0,
  idleCheckpointMs: 3_600_000,
  quota: { messages: 12, annotations: 60 },
}

const place = fc.nat({ max: 3 })
const uids = fc.subarray([1, 2, 3, 4, 5, 6, 7, 8])
type Step =
  | { readonly do: 'append' | 'create' | 'delete' | 'rename'; readonly at: number }
  | { readonly do: 'copy' | 'move' | 'expunge'; readonly at: number; readonly to: number; readonly uids: number[] }
  | { readonly do: 'annotate'; readonly at: number; readonly octets: number }
  | { readonly do: 'limit'; readonly messages: number }
  | { readonly do: 'reopen' | 'crash' | 'rebuild' }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('append', 'create', 'delete', 'rename'), at: place }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('copy', 'move', 'expunge'), at: place, to: place, uids }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('annotate'), at: place, octets: fc.nat({ max: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('limit'), messages: fc.nat({ max: 15 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('reopen', 'crash', 'rebuild') }) },
  ),
  { maxLength: 20 },
)

async function operationsOf(account: AccountStore, step: Step, name: string): Promise<Operation[]> {
  const ids = [...(await account.tree()).byId.keys()]
  const at = (n: number): MailboxId => ids[n % ids.length]! // there is an INBOX
  switch (step.do) {
    case 'append':
      return [await appendOf(account, at(step.at), [name, name])]
    case 'create':
      return [{ op: 'createMailbox', name: `${name}/below` }]
    case 'delete':
      return [{ op: 'deleteMailbox', mailbox: at(step.at) }]
    case 'rename':
      return [{ op: 'renameMailbox', mailbox: at(step.at), to: name }]
    case 'copy':
    case 'move':
      return [{ op: step.do, from: at(step.at), uids: step.uids, to: at(step.to) }]
    case 'expunge':
      return [{ op: 'expunge', mailbox: at(step.at), uids: step.uids, onlyDeleted: false }]
    case 'annotate': {
      const value = step.octets % 5 === 0 ? null : Buffer.alloc(step.octets)
      return [{ op: 'setMetadata', mailbox: at(step.at), entries: [['/shared/comment', value]] }]
    }
    case 'limit':
      return [{ op: 'setQuota', limits: { messages: step.messages } }]
    case 'reopen':
    case 'crash':
    case 'rebuild':
      return []
  }
}

/** What there is, by looking at all of it. */
async function recount(account: AccountStore): Promise<QuotaUsage> {
  const tree = await account.tree()
  const usage = { storage: 0, messages: 0, mailboxes: tree.byId.size, annotations: 0 }
  for (const { sizes } of await Promise.all([...tree.byId.keys()].map((id) => account.snapshot(id)))) {
    usage.messages += sizes.length
    for (const size of sizes) usage.storage += size
  }
  for (const { shared } of tree.allMetadata.values()) {
    for (const [name, value] of shared) usage.annotations += name.length + value.length
  }
  return usage
}

/** A store on which the process may end at any time. */
class Mortal {
  readonly #scratch = mkdtempSync(join(tmpdir(), 'crispin-usage-'))
  #count = 0
  #directory = join(this.#scratch, '0')
  #stores: Store[] = []

  async open(): Promise<AccountStore> {
    const store = await embeddedStore({ directory: this.#directory, limits })
    this.#stores.push(store)
    return store.openAccount('alice')
  }

  /** Goes on with what the end of the process would leave behind at this moment. */
  async crash(): Promise<AccountStore> {
    const from = this.#directory
    this.#directory = join(this.#scratch, String(++this.#count))
    cpSync(from, this.#directory, { recursive: true, filter: (path) => !path.endsWith('.lock') })
    return this.open()
  }

  async reopen(account: AccountStore, rebuild: boolean): Promise<AccountStore> {
    await account.close()
    await this.#stores.pop()?.close()
    const { problems } = await checkStore(this.#directory, { rebuild })
    assert.deepEqual(problems, [])
    return this.open()
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close()
    rmSync(this.#scratch, { recursive: true, force: true })
  }
}

test('usage is what there is, after whatever commits, restarts and crashes', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const mortal = new Mortal()
      try {
        let account = await mortal.open()
        for (const [n, step] of history.entries()) {
          if (step.do === 'crash') account = await mortal.crash()
          else if (step.do === 'reopen' || step.do === 'rebuild') {
            account = await mortal.reopen(account, step.do === 'rebuild')
          }
          const before = (await account.quotas())[0]?.usage
          try {
            const operations = await operationsOf(account, step, `m${n}`)
            if (operations.length > 0) await account.commit(operations)
          } catch (error) {
            if (!(error instanceof Refusal)) throw error
            assert.deepEqual((await account.quotas())[0]?.usage, before, 'a refusal changes nothing')
          }
          assert.deepEqual((await account.quotas())[0]?.usage, await recount(account))
        }
      } finally {
        await mortal.close()
      }
    }),
    { numRuns: 12 },
  )
})
