import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Cursor } from '../wire/cursor.ts'
import { parseSearchKeys } from '../wire/search-grammar.ts'
import { parseSortCriteria } from '../wire/sort-grammar.ts'
import { mailboxOf } from './mailbox.test-support.ts'
import { partOf } from './part.ts'
import { placedAmong } from './place-among.ts'
import { search } from './search.ts'
import { sortRows } from './sort.ts'

test('rows that are placed among sorted ones stand where sorting all of them puts them', async () => {
  const mail = fc.record({ subject: fc.constantFrom('a', 'b', 'c', 'd'), internalDate: fc.nat(5) })
  const mails = fc.array(mail, { minLength: 1, maxLength: 150 })
  const criteria = fc.constantFrom('SUBJECT', 'REVERSE ARRIVAL', 'SIZE', 'ARRIVAL REVERSE SUBJECT')
  await fc.assert(
    fc.asyncProperty(mails, criteria, fc.nat(8), async (all, text, addedOneIn) => {
      const context = await mailboxOf(
        all.map(({ subject, internalDate }) => ({ octets: `Subject: ${subject}\n\n`, internalDate })),
      )
      const order = parseSortCriteria(new Cursor(`(${text})`))
      const rows = Uint32Array.from(all.keys())
      const isAdded = (row: number): boolean => row % (addedOneIn + 1) === 0
      const sorted = await sortRows(
        rows.filter((row) => !isAdded(row)),
        order,
        context,
      )
      assert.deepEqual(
        await placedAmong(sorted, rows.filter(isAdded), order, context),
        await sortRows(rows, order, context),
      )
    }),
    { numRuns: 25 },
  )
})

test('a search in a part of a mailbox finds there what one in all of it does', async () => {
  const context = await mailboxOf(
    Array.from({ length: 40 }, (_, n) => ({
      octets: `Subject: no ${n % 7}\n\ntext ${n % 3}\n`,
      internalDate: n * 86_400,
    })),
  )
  const keys = ['SUBJECT "no 3"', 'BODY "text 1"', 'OR UID 5:9 LARGER 20', 'SINCE 10-Jan-1970 NOT SUBJECT "6"', 'ALL']
  for (const text of keys) {
    const key = parseSearchKeys(new Cursor(text))
    const rows = Int32Array.from([0, 3, 4, 8, 9, 17, 24, 38])
    const found = await search(key, { ...context, snapshot: partOf(context.snapshot, rows) })
    const all = new Set(await search(key, context))
    assert.deepEqual(
      Array.from(found, (place) => rows[place]),
      Array.from(rows).filter((row) => all.has(row)),
      text,
    )
  }
})
