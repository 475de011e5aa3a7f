import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fullBytes, ResponseWriter, type Output } from './response-writer.ts'

/** Remembers what was written; takes more only after `release`. */
class Sink implements Output {
  readonly chunks: Buffer[] = []
  takes = true
  #release: (() => void) | undefined

  write(chunk: Buffer): boolean {
    this.chunks.push(chunk)
    return this.takes
  }

  drained(): Promise<void> {
    return new Promise((resolve) => (this.#release = resolve))
  }

  release(): void {
    this.#release?.()
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1')
  }
}

test('text, octets and room come out in order, in one piece', () => {
  const sink = new Sink()
  const out = new ResponseWriter(sink, true)
  out.text('* 1 FETCH (BODY[] {3}\r\n')
  out.bytes(Uint8Array.of(1, 0, 255))
  out.text(' X ')
  out.reserve(2).fill('\xe4', 'latin1')
  out.line(')')
  assert.equal(sink.chunks.length, 0)
  assert.equal(out.gathered, 23 + 3 + 3 + 2 + 3)
  out.flush()
  out.flush()
  assert.equal(sink.chunks.length, 1)
  assert.equal(sink.text, '* 1 FETCH (BODY[] {3}\r\n\x01\0\xff X \xe4\xe4)\r\n')
})

test('large octets are not copied', () => {
  const sink = new Sink()
  const out = new ResponseWriter(sink)
  const large = Buffer.alloc(fullBytes, 'x')
  out.text('a')
  assert.equal(out.full, false)
  out.bytes(large)
  out.text('b')
  assert.equal(out.full, true)
  out.flush()
  assert.equal(out.full, false)
  assert.equal(sink.chunks[1], large)
  assert.equal(sink.text, `a${large.toString()}b`)
})

test('waits only when asked to', async () => {
  const sink = new Sink()
  const out = new ResponseWriter(sink)
  out.line('a')
  out.flush()
  await out.settled()
  sink.takes = false
  out.line('b')
  out.flush()
  let isSettled = false
  const settled = out.settled().then(() => (isSettled = true))
  await Promise.resolve()
  assert.equal(isSettled, false)
  sink.release()
  await settled
  assert.equal(isSettled, true)
})

test('text that is not octets is found', () => {
  const out = new ResponseWriter(new Sink(), true)
  assert.throws(() => out.line('\u0100'))
  assert.throws(() => out.text('日'))
})
