import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { countedKeywords, isRegisteredKeyword, otherRegisteredKeywords, registeredKeywords } from './keywords.ts'
import { specialUses } from './mailbox.ts'

const registries = join(import.meta.dirname, '../../../shared/rfc/iana')
const skip = existsSync(registries) ? false : 'the registries are not here (../shared)'

test('every keyword of the registry for IMAP is known, and no other', { skip }, () => {
  const registry = readFileSync(join(registries, 'imap-jmap-keywords.txt'), 'utf8')
  const rows = [...registry.matchAll(/^ +\[?(\$\w+)\]? +(?:SHARED|PRIVATE|BOTH).*?(JMAP-only|BOTH|IMAP-only) +\[/gm)]
  const forImap = rows.filter(([, , scope]) => scope !== 'JMAP-only').map(([, keyword]) => keyword)
  assert.ok(forImap.length >= 25)
  assert.deepEqual(new Set<string | undefined>(registeredKeywords), new Set(forImap))
})

/** Attributes of the registry that say nothing of what a mailbox is for; \Inbox is JMAP's. */
const others = 'HasChildren HasNoChildren Inbox Marked NoInferiors NonExistent Noselect Remote Subscribed Unmarked'

test('every special use of the registry is known, and no other', { skip }, () => {
  const registry = readFileSync(join(registries, 'imap-mailbox-name-attributes.txt'), 'utf8')
  const rows = [...registry.matchAll(/^ {3}(\w+) {2,}\S.*\[RFC/gm)].map(([, name]) => name ?? '')
  assert.ok(rows.length > 15)
  const uses = rows.filter((name) => !others.split(' ').includes(name)).map((name) => `\\${name}`)
  assert.deepEqual(new Set<string>(specialUses), new Set(uses))
})

test('registered keywords are known in any case, and do not count', () => {
  assert.ok(isRegisteredKeyword('$FORWARDED'))
  assert.ok(!isRegisteredKeyword('Forwarded'))
  assert.equal(countedKeywords(['$Junk', 'Work', '$mdnsent', '$Label1']), 2)
  assert.equal(otherRegisteredKeywords(['$junk']).length, registeredKeywords.length - 1)
})
