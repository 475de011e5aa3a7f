import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { indexMessage } from '../../mime/indexer.ts'
import type { Part } from '../../mime/message.ts'
import { sectionRange } from '../../mime/parts.ts'
import { memoryStore } from '../../store/memory/memory-store.ts'
import { clientOf, fill, type TestClient } from '../fetch/client.test-support.ts'

const corpus = join(import.meta.dirname, '../../../../shared/corpus')
const skip = existsSync(corpus) ? false : 'the corpus is not here'

/** The numbers of all parts, outermost first, as clients work them out from BODYSTRUCTURE. */
function pathsOf(part: Part, path: readonly number[] = [], isMessage: boolean = true): number[][] {
  const type = part.type.toLowerCase()
  if (type === 'multipart') return part.children.flatMap((child, n) => at(child, [...path, n + 1]))
  return isMessage ? at(part, [...path, 1]) : []
}

function at(part: Part, path: number[]): number[][] {
  const type = part.type.toLowerCase()
  const [nested] = part.children
  if (type === 'multipart') return [path, ...pathsOf(part, path, false)]
  // Part 1 of a message that is itself a message ends here: what is in it has the numbers below.
  return type === 'message' && nested ? [path, ...pathsOf(nested, path)] : [path]
}

/** Parts asked for in one command. */
const maxParts = 60

async function checkMessage(client: TestClient, seqNum: number, octets: Buffer): Promise<void> {
  const { root } = indexMessage(octets)
  const paths = pathsOf(root).slice(0, maxParts)
  const sections: readonly (readonly [item: string, expected: string | undefined])[] = [
    ['BODY[]', octets.toString('latin1')],
    ['BODY[HEADER]', textOf(octets, sectionRange(root, [], 'HEADER'))],
    ['BODY[TEXT]', textOf(octets, sectionRange(root, [], 'TEXT'))],
    ...paths.flatMap((path) => [
      [`BODY[${path.join('.')}]`, textOf(octets, sectionRange(root, path))] as const,
      [`BODY[${path.join('.')}.MIME]`, textOf(octets, sectionRange(root, path, 'MIME'))] as const,
      [`BODY[${path.join('.')}.HEADER]`, textOf(octets, sectionRange(root, path, 'HEADER'))] as const,
    ]),
  ]
  const { untagged, outcome } = await client.command(`FETCH ${seqNum} (${sections.map(([item]) => item).join(' ')})`)
  assert.equal(outcome, 'OK')
  const values = sections.map(([item, text]) => item + (text === undefined ? ' NIL' : ` {${text.length}}\r\n${text}`))
  assert.ok(untagged[0] === `* ${seqNum} FETCH (${values.join(' ')})`, 'a section is not what is stored')

  for (const path of paths) {
    const number = path.join('.')
    const answer = await client.command(`FETCH ${seqNum} (BINARY.SIZE[${number}] BINARY[${number}])`)
    if (answer.outcome === 'NO [UNKNOWN-CTE]') continue
    const found = /BINARY\.SIZE\[[\d.]+\] (\d+) BINARY\[[\d.]+\] ~?\{(\d+)\}/.exec(answer.untagged[0] ?? '')
    assert.equal(found?.[1], found?.[2] ?? 'a literal')
  }
}

function textOf(
  octets: Buffer,
  range: { readonly start: number; readonly end: number } | undefined,
): string | undefined {
  return range && octets.toString('latin1', range.start, range.end)
}

test('every part of every message of the corpus is answered with its octets', { skip }, async () => {
  const files = globSync('*.eml', { cwd: corpus }).sort()
  const messages = files.map((name) => readFileSync(join(corpus, name)))
  const store = memoryStore()
  await fill(store, messages, ['\\Seen'])
  const client = await clientOf(store)
  await client.command('SELECT INBOX')
  await client.command('SELECT INBOX')
  for (const [n, octets] of messages.entries()) {
    await checkMessage(client, n + 1, octets).catch((error: unknown) => {
      throw new Error(`${files[n]}: ${String(error)}`, { cause: error })
    })
  }
  const rest = await client.command(
    'FETCH 1:* (UID FLAGS ENVELOPE BODY BODYSTRUCTURE PREVIEW BODY[HEADER.FIELDS (To)])',
  )
  assert.deepEqual([rest.outcome, rest.untagged.length], ['OK', messages.length])
  await client.close()
})
