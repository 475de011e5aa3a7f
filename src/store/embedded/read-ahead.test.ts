import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { DiskFile } from './disk.ts'
import { ReadAhead } from './read-ahead.ts'

/** A file of octets that counts how often it is read; the rest of a file is never asked for. */
function fileOf(octets: Buffer): { readonly file: DiskFile; readonly reads: () => number } {
  let reads = 0
  const file: Pick<DiskFile, 'read'> = {
    read: (into, position) => {
      reads++
      const there = octets.subarray(position, position + into.length)
      into.set(there)
      return there.length
    },
  }
  return { file: file as DiskFile, reads: () => reads } // only `read` is used
}

const octets = Buffer.from(Array.from({ length: 400_000 }, (_, n) => (n * 7 + (n >>> 8)) & 0xff))

describe('reading ahead', () => {
  it('reads messages that follow one another at once', () => {
    const { file, reads } = fileOf(octets)
    const ahead = new ReadAhead()
    const into = Buffer.alloc(1_000)
    for (let at = 64; at < 100_000; at += 1_064) {
      assert.equal(ahead.read(file, into, at), 1_000)
      assert.ok(into.equals(octets.subarray(at, at + 1_000)))
    }
    assert.equal(reads(), 2)
  })

  it('gives the octets of the file, in whatever order, of whichever file', () => {
    const contents = [octets, Buffer.from(octets.toReversed())] as const
    const files = [fileOf(contents[0]).file, fileOf(contents[1]).file] as const
    const read = fc.tuple(
      fc.constantFrom(0 as const, 1 as const),
      fc.integer({ min: 0, max: 30_000 }),
      fc.integer({ min: 0, max: 40_000 }),
      fc.boolean(),
    )
    fc.assert(
      fc.property(fc.array(read, { maxLength: 30 }), (reads) => {
        const ahead = new ReadAhead()
        let at = 0
        for (const [which, step, length, back] of reads) {
          at = (at + step) % 420_000
          const into = Buffer.alloc(length)
          const expected = contents[which].subarray(at, at + length)
          const got = ahead.read(files[which], into, at)
          assert.equal(got, expected.length)
          assert.ok(into.subarray(0, got).equals(expected))
          at = back ? 0 : at + length
        }
      }),
      { numRuns: 50 },
    )
  })
})
