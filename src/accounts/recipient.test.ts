import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { memoryDirectory } from './memory-directory.ts'
import { findRecipient } from './recipient.ts'

const directory = memoryDirectory(
  [
    { name: 'alice', password: 'x' },
    { name: 'bob@example.org', password: 'x' },
    { name: 'josé@münchen.example', password: 'x' },
    { name: 'carol+work', password: 'x' },
    { name: 'carol', password: 'x' },
    { name: 'dan@localhost', password: 'x' },
    { name: 'dan', password: 'x' },
  ],
  { localDomains: ['localhost', 'mail.example'] },
)

const addresses: readonly [address: string, user: string | undefined, detail?: string][] = [
  ['alice', 'alice'],
  ['ALICE@localhost', 'alice'],
  ['alice@Mail.Example', 'alice'],
  ['alice@example.org', undefined],
  ['alice+Lists/Node@localhost', 'alice', 'Lists/Node'],
  ['alice+a+b', 'alice', 'a+b'],
  ['alice+', 'alice', ''],
  ['"alice"@localhost', 'alice'],
  ['"al\\ice"@localhost', 'alice'],
  ['"alice+two words"@localhost', 'alice', 'two words'],
  ['"alice+a@b"@localhost', 'alice', 'a@b'],
  ['"alice@localhost', undefined],
  ['"al"ice"@localhost', undefined],
  ['bob@EXAMPLE.org', 'bob@example.org'],
  ['bob+x@example.org', 'bob@example.org', 'x'],
  ['bob@localhost', undefined],
  ['bob', undefined],
  ['josé@münchen.example', 'josé@münchen.example'],
  ['JOSE\u0301@xn--mnchen-3ya.example', 'josé@münchen.example'],
  ['carol+work@localhost', 'carol+work'],
  ['carol+home@localhost', 'carol', 'home'],
  ['dan@localhost', 'dan@localhost'],
  ['dan@mail.example', 'dan'],
  ['dan', 'dan'],
  ['+x@localhost', undefined],
  ['@localhost', undefined],
  ['alice@', undefined],
  ['', undefined],
  [`alice+${'x'.repeat(2000)}`, undefined],
]
for (const [address, user, detail] of addresses) {
  test(`mail for ${address.slice(0, 40)} is for ${user} ${detail ?? ''}`, async () => {
    const found = await findRecipient(directory, address)
    assert.deepEqual([found?.name, found?.detail], [user, detail])
    assert.equal(found?.account, user && (await directory.find(user))?.account)
  })
}

test('whatever the address, the answer is a user or nobody', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('alice', '+', '@', '"', '\\', 'localhost', ' ', '.', 'é', '\0')),
      async (parts) => {
        const found = await findRecipient(directory, parts.join(''))
        assert.ok(found === undefined || (await directory.find(found.name)))
      },
    ),
  )
})
