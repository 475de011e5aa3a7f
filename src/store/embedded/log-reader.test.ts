import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { realDisk } from './disk.ts'
import { type LogEnd, readLog } from './log-reader.ts'
import { LogWriter } from './log-writer.ts'
import { encodeRecordHeader, segmentHeaderBytes } from './record.ts'
import { OpenFiles, Segments } from './segments.ts'

const mark = Buffer.from('a mark!!')
/** Octets of a record with the payload used here. */
const oneRecord = 64 + 16

void describe('the log', () => {
  let directory = ''
  let files: OpenFiles

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'crispin-log-'))
    files = new OpenFiles(realDisk, 4)
  })
  afterEach(() => {
    files.close()
    rmSync(directory, { recursive: true })
  })

  /** Writes payloads, each in a group of its own, in segments for some 50 records. */
  async function write(payloads: readonly string[]): Promise<void> {
    const segments = new Segments(directory, realDisk, files)
    const { end } = read()
    const writer = new LogWriter({
      segments,
      account: 'alice',
      mark,
      end: end.position,
      resume: end.clean,
      segmentBytes: [4096],
      lazySyncMs: 1000,
      onFailure: () => {},
    })
    for (const text of payloads) {
      await new Promise<void>((resolve, reject) => {
        const payload = [Buffer.from(text.padEnd(16), 'latin1')]
        writer.submit({ records: [{ type: 2, payload }], sync: true, done: () => resolve(), failed: reject })
      })
    }
    await writer.close()
  }

  function read(): { found: string[]; end: LogEnd } {
    files.close()
    const log = readLog(new Segments(directory, realDisk, files), mark, { segment: 0, offset: 0, sequence: 0 })
    const found: string[] = []
    for (;;) {
      const next = log.next()
      if (next.done) return { found, end: next.value }
      const { value } = next
      found.push(value.kind === 'lost' ? `lost ${value.first}-${value.last}` : value.payload.toString().trim())
    }
  }

  function change(name: string, edit: (bytes: Buffer) => void): void {
    const path = join(directory, name)
    const bytes = readFileSync(path)
    edit(bytes)
    writeFileSync(path, bytes)
  }

  const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `record ${n + 1}`)

  test('gives what was written, over several segments and writers', async () => {
    await write(numbers(80))
    await write(['more', 'and more'])
    assert.deepEqual(read().found, [...numbers(80), 'more', 'and more'])
    assert.equal(read().end.clean, true)
  })

  test('goes on behind damage, and says what is lost', async () => {
    await write(numbers(10))
    const cases: [at: number, lost: string][] = [
      [segmentHeaderBytes + 3 * oneRecord, 'lost 4-4'],
      [segmentHeaderBytes + 3 * oneRecord + 13, 'lost 4-4'],
      [segmentHeaderBytes + 3 * oneRecord + 70, 'lost 4-4'],
    ]
    const whole = readFileSync(join(directory, '00000001.seg'))
    for (const [at, lost] of cases) {
      writeFileSync(join(directory, '00000001.seg'), whole)
      change('00000001.seg', (bytes) => void (bytes[at]! ^= 1))
      assert.deepEqual(read().found, [...numbers(10).slice(0, 3), lost, ...numbers(10).slice(4)])
    }
    change('00000001.seg', (bytes) => bytes.fill(0, 3 * oneRecord, 7 * oneRecord))
    assert.deepEqual(read().found.filter((text) => text.startsWith('lost')).length, 1)
  })

  test('reads on when the header of a segment is damaged', async () => {
    await write(numbers(80))
    change('00000002.seg', (bytes) => bytes.fill(0xff, 0, 60))
    assert.deepEqual(read().found, numbers(80))
  })

  test('ends where records were not yet durable, whatever stands behind', async () => {
    await write(numbers(5))
    const whole = readFileSync(join(directory, '00000001.seg'))
    await write(['six', 'seven'])
    // As if the sync of the last two had never come back and only the second one had reached the disk: it does not say
    // that the first one was durable.
    change('00000001.seg', (bytes) => {
      const last = segmentHeaderBytes + 6 * oneRecord
      const seventh = Buffer.from(bytes.subarray(last, last + oneRecord))
      whole.copy(bytes)
      seventh.writeDoubleLE(5, 24)
      seventh.copy(bytes, last)
    })
    const { found, end } = read()
    assert.deepEqual(found, numbers(5))
    assert.equal(end.clean, false)
    await write(['six again', 'seven again', 'eight'])
    assert.deepEqual(read().found, [...numbers(5), 'six again', 'seven again', 'eight'])
  })

  test('takes nothing inside a message for a record, even when the message is damaged', async () => {
    const guess = Buffer.from('my mark!')
    const about = { type: 2, durable: 9, message: 0, mailbox: 0, uid: 0, internalDate: 0, systemFlags: 0 }
    const forged = encodeRecordHeader(guess, { ...about, length: 0, sequence: 3, payloadCrc: 0 })
    await write([...numbers(1), forged.toString('latin1'), 'record 3'])
    change('00000001.seg', (bytes) => bytes.fill(1, segmentHeaderBytes + oneRecord, segmentHeaderBytes + oneRecord + 9))
    assert.deepEqual(read().found, ['record 1', 'lost 2-2', 'record 3'])
  })
})
