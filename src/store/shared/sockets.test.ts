import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { StoreFailure } from '../store.ts'
import { joinDirectory, lockDirectory } from '../embedded/lock.ts'
import { ownerOf } from './owner-of.ts'
import { acceptWorkers, connectToWorker, makeSocketDirectory } from './sockets.ts'

let scratch = ''
before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'crispin-sockets-'))
})
after(() => rmSync(scratch, { recursive: true }))

test('workers meet in a directory that nobody else may enter', async () => {
  const directory = makeSocketDirectory(scratch)
  const { path } = directory
  assert.equal(statSync(path).mode & 0o777, 0o700)
  await assert.rejects(connectToWorker(path, 3))
  const met = Promise.withResolvers<string>()
  const serve = (stream: NodeJS.ReadableStream): void => {
    stream.once('data', (chunk: Buffer) => met.resolve(chunk.toString()))
  }
  const stop = await acceptWorkers(path, 3, serve)
  const stream = await connectToWorker(path, 3)
  stream.write('hello')
  assert.equal(await met.promise, 'hello')
  stop()
  await once(stream, 'close')
  // A process that was killed leaves its socket; the one in its place takes the name.
  const stopAgain = await acceptWorkers(path, 3, () => {})
  stopAgain()
  directory.remove()
  assert.equal(existsSync(path), false)
})

test('a path that is too long for sockets is not used', () => {
  const long = join(scratch, 'x'.repeat(100))
  mkdirSync(long)
  const directory = makeSocketDirectory(long)
  const { path } = directory
  assert.ok(!path.startsWith(long) && path.length < 100, path)
  assert.equal(statSync(path).mode & 0o777, 0o700)
  directory.remove()
})

test('a directory is not taken while it is joined', () => {
  const directory = join(scratch, 'locked')
  mkdirSync(directory)
  const unlock = lockDirectory(directory)
  const leave = [joinDirectory(directory), joinDirectory(directory)]
  unlock()
  assert.throws(
    () => lockDirectory(directory, 0),
    (error) => error instanceof StoreFailure && error.reason === 'busy',
  )
  for (const go of leave) go()
  lockDirectory(directory)()
})

test('every account has one owner, and all own about as many', () => {
  const counts = [0, 0, 0]
  for (let n = 0; n < 3000; n++) counts[ownerOf(`a${n}`, counts.length)]!++
  assert.ok(Math.min(...counts) > 900, counts.join())
  assert.equal(ownerOf('alice', 4), ownerOf('alice', 4))
  assert.equal(ownerOf('alice', 1), 0)
})
