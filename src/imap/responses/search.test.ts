import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ThreadForest } from '../../search/thread.ts'
import { ResponseWriter } from '../../wire/response-writer.ts'
import type { ResultRange } from '../../wire/result-range.ts'
import type { SearchReturnOption } from '../../wire/search-returns.ts'
import { type ResultOutput, writeEsearch, writeNumbers, writeThreads } from './search.ts'

/** What a function writes. */
async function written(write: (output: ResultOutput) => Promise<void>): Promise<string> {
  let text = ''
  const out = new ResponseWriter({
    write: (chunk) => {
      text += chunk.toString('latin1')
      return true
    },
    drained: () => Promise.resolve(),
  })
  const settled = async (): Promise<void> => {
    out.flush()
    await out.settled()
  }
  await write({ out, io: { settled } })
  out.flush()
  return text
}

/** A message's number, or 0 where there is none, and its children. */
type Tree = readonly [number: number, ...children: Tree[]]

function forestOf(threads: readonly Tree[]): ThreadForest {
  const rows: number[] = []
  const firstChild: number[] = []
  const nextSibling: number[] = []
  const add = (siblings: readonly Tree[]): number => {
    let next = -1
    for (const [number, ...children] of siblings.toReversed()) {
      const node = rows.push(number - 1) - 1
      nextSibling[node] = next
      firstChild[node] = add(children)
      next = node
    }
    return next
  }
  const first = add(threads)
  return {
    rows: Int32Array.from(rows),
    firstChild: Int32Array.from(firstChild),
    nextSibling: Int32Array.from(nextSibling),
    first,
  }
}

const threads: readonly (readonly [forest: readonly Tree[], text: string])[] = [
  [[], '* THREAD'],
  [[[1]], '* THREAD (1)'],
  [[[1, [2]]], '* THREAD (1 2)'],
  [[[1], [2]], '* THREAD (1)(2)'],
  // RFC 5256 §4, the examples of the THREAD response.
  [[[2], [3, [6, [4, [23]], [44, [7, [96]]]]]], '* THREAD (2)(3 6 (4 23)(44 7 96))'],
  [[[0, [3], [5]]], '* THREAD ((3)(5))'],
  // RFC 5256 §3, pieces of the example of REFERENCES.
  [[[0, [170], [179]], [171]], '* THREAD ((170)(179))(171)'],
  [
    [[0, [177], [183], [182], [188, [184], [189]], [185, [186]], [187]], [190]],
    '* THREAD ((177)(183)(182)(188 (184)(189))(185 186)(187))(190)',
  ],
  [
    [
      [0, [194], [195, [196]]],
      [197, [198]],
      [205, [206, [207]]],
    ],
    '* THREAD ((194)(195 196))(197 198)(205 206 207)',
  ],
  [[[1, [2, [3], [4, [5], [6]]], [7]], [8]], '* THREAD (1 (2 (3)(4 (5)(6)))(7))(8)'],
]

test('THREAD', async () => {
  for (const [forest, text] of threads) {
    assert.equal(await written((output) => writeThreads(output, forestOf(forest), (row) => row + 1)), text + '\r\n')
  }
})

test('a thread of any depth', async () => {
  // A chain in which each message has a second child, so that every level is a list of its own.
  const length = 30_000
  const odd = (node: number): boolean => node % 2 === 1
  const forest = {
    rows: Int32Array.from({ length }, (_, node) => node),
    firstChild: Int32Array.from({ length }, (_, node) => (odd(node) || node + 2 >= length ? -1 : node + 1)),
    nextSibling: Int32Array.from({ length }, (_, node) => (odd(node) && node + 1 < length ? node + 1 : -1)),
    first: 0,
  }
  const text = await written((output) => writeThreads(output, forest, (row) => row + 1))
  assert.ok(text.startsWith('* THREAD (1 (2)(3 (4)(5 (6)(7 '))
  assert.equal(text.replace(/[^(]/g, '').length, text.replace(/[^)]/g, '').length)
  assert.equal(text.match(/\d+/g)?.length, length - 1)
})

const numbers = Uint32Array.of(5, 3, 4, 9, 8, 1)

test('SEARCH and SORT', async () => {
  const none = new Uint32Array(0)
  const cases: readonly (readonly [Uint32Array, modSeq: number | undefined, text: string])[] = [
    [none, undefined, ''],
    [numbers, undefined, ' 5 3 4 9 8 1'],
    [numbers, 77, ' 5 3 4 9 8 1 (MODSEQ 77)'],
  ]
  for (const [found, modSeq, text] of cases) {
    for (const name of ['SEARCH', 'SORT'] as const) {
      const line = await written((output) => writeNumbers(output, name, { numbers: found, modSeq }))
      assert.equal(line, `* ${name}${text}\r\n`)
    }
  }
  const many = Uint32Array.from({ length: 100_000 }, (_, n) => n + 1)
  const line = await written((output) => writeNumbers(output, 'SEARCH', { numbers: many, modSeq: undefined }))
  assert.equal(line, `* SEARCH ${many.join(' ')}\r\n`)
})

test('ESEARCH', async () => {
  const cases: readonly (readonly [SearchReturnOption[], byUid: boolean, modSeq: number | undefined, text: string])[] =
    [
      [['ALL'], false, undefined, ' ALL 5,3:4,9,8,1'], // RFC 5267 §3.2: no range that descends
      [['ALL', 'COUNT', 'MAX', 'MIN'], true, undefined, ' UID MIN 5 MAX 1 COUNT 6 ALL 5,3:4,9,8,1'],
      [['MIN'], false, 8, ' MIN 5 MODSEQ 8'],
      [['COUNT'], false, undefined, ' COUNT 6'],
    ]
  for (const [returns, byUid, modSeq, text] of cases) {
    const line = await written((output) =>
      writeEsearch(output, { tag: 'a1', byUid }, { options: new Set(returns) }, { numbers, modSeq }),
    )
    assert.equal(line, `* ESEARCH (TAG "a1")${text}\r\n`)
  }
  const nothing = { numbers: new Uint32Array(0), modSeq: undefined }
  const options = new Set<SearchReturnOption>(['MIN', 'MAX', 'ALL', 'COUNT'])
  const line = await written((output) => writeEsearch(output, { tag: 'a', byUid: true }, { options }, nothing))
  assert.equal(line, '* ESEARCH (TAG "a") UID COUNT 0\r\n')
})

test('PARTIAL', async () => {
  const cases: readonly (readonly [range: ResultRange, text: string])[] = [
    [{ first: 2, last: 3, fromEnd: false }, '2:3 3:4'],
    [{ first: 3, last: 2, fromEnd: false }, '3:2 3:4'],
    [{ first: 5, last: 100, fromEnd: false }, '5:100 8,1'],
    [{ first: 7, last: 9, fromEnd: false }, '7:9 NIL'],
    [{ first: 1, last: 2, fromEnd: true }, '-1:-2 8,1'],
    [{ first: 100, last: 5, fromEnd: true }, '-100:-5 5,3'],
    [{ first: 7, last: 8, fromEnd: true }, '-7:-8 NIL'],
  ]
  for (const [partial, text] of cases) {
    const returns = { options: new Set<SearchReturnOption>(['PARTIAL', 'COUNT']), partial }
    const found = { numbers, modSeq: 9 }
    const line = await written((output) => writeEsearch(output, { tag: 'a', byUid: true }, returns, found))
    assert.equal(line, `* ESEARCH (TAG "a") UID COUNT 6 PARTIAL (${text}) MODSEQ 9\r\n`)
  }
})
