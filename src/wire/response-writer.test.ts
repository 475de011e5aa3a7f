import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fullBytes, ResponseWriter, type Output } from './response-writer.ts'

/** Remembers what was written; takes more only after `release`. */
class Sink implements Output {
  readonly chunks: Buffer[] = []
  readonly done: (() => void)[] = []
  takes = true
  #release: (() => void) | undefined

  write(chunk: Buffer, done: () => void): boolean {
    this.chunks.push(chunk)
    this.done.push(done)
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

test('text and octets come out in order, in one piece', () => {
  const sink = new Sink()
  const out = new ResponseWriter(sink, true)
  out.text('* 1 FETCH (BODY[] {3}\r\n')
  const octets = Buffer.of(9, 1, 0, 255, 9)
  out.bytes(octets, 1, 4)
  octets.fill(9) // they were copied
  out.text(' X ')
  out.bytes(Buffer.from('\xe4\xe4', 'latin1'))
  out.line(')')
  assert.equal(sink.chunks.length, 0)
  assert.equal(out.gathered, 23 + 3 + 3 + 2 + 3)
  out.flush()
  out.flush()
  assert.equal(sink.chunks.length, 1)
  assert.equal(sink.text, '* 1 FETCH (BODY[] {3}\r\n\x01\0\xff X \xe4\xe4)\r\n')
})

test('what does not fit is written at once', () => {
  const sink = new Sink()
  const out = new ResponseWriter(sink)
  const large = Buffer.alloc(fullBytes, 'x')
  out.text('a')
  assert.equal(out.full, false)
  out.bytes(large)
  assert.equal(out.full, true)
  for (let n = 1; n < 5; n++) out.bytes(large)
  out.text('b'.repeat(5 * fullBytes))
  out.line('c')
  assert.notEqual(sink.chunks.length, 0)
  out.flush()
  assert.equal(out.full, false)
  assert.equal(out.gathered, 0)
  assert.equal(sink.text, 'a' + 'x'.repeat(5 * fullBytes) + 'b'.repeat(5 * fullBytes) + 'c\r\n')
})

test('memory is used again once the output is done with it, and not before', () => {
  const sink = new Sink()
  const out = new ResponseWriter(sink)
  const send = (text: string): void => {
    out.bytes(Buffer.from(text))
    out.flush()
  }
  send('first')
  send('second')
  assert.equal(sink.text, 'firstsecond')
  sink.done[1]?.()
  send('third!')
  assert.equal(sink.text, 'firstthird!third!')
  sink.done[0]?.()
  send('fourth')
  assert.equal(sink.text, 'fourtthird!third!fourth')
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
