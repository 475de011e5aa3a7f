import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { loadCertificate, makeSelfSigned } from './certificate.ts'
import type { Certificate } from './certificate.ts'
import { ConnectionLimits } from './connection-limits.ts'
import { listen } from './listener.ts'
import type { Listener, ListenerOptions } from './listener.ts'
import { TlsContexts } from './tls-contexts.ts'
import type { Transport } from './transport.ts'

const roomy = { total: 100, perAddress: 100, unauthenticated: 100 }
let directory = ''
let one: Certificate
let two: Certificate

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crispin-listen-'))
  one = await certificateFor('one.example')
  two = await certificateFor('*.two.example')
})
after(() => rm(directory, { recursive: true }))

async function certificateFor(name: string, usage: 'server' | 'client' = 'server'): Promise<Certificate> {
  const { cert, key } = await makeSelfSigned([name], Date.now(), usage)
  const certFile = join(directory, 'cert.pem')
  const keyFile = join(directory, 'key.pem')
  await writeFile(certFile, cert)
  await writeFile(keyFile, key)
  return await loadCertificate(certFile, keyFile, Date.now())
}

/** A protocol of lines: says hello, then repeats each line; `tls` starts TLS, `who` tells what it knows. */
async function echo(transport: Transport): Promise<void> {
  const { stream, secure, remoteAddress } = transport
  stream.write(`hello ${secure ? 'secure' : 'open'}\n`)
  await new Promise<void>((resolve, reject) => {
    let held = ''
    const answer = (line: string): void => {
      if (line === 'bye') resolve()
      else if (line === 'who') stream.write(`${remoteAddress} ${transport.certificateNames().join()}\n`)
      else if (line === 'bind') stream.write(`${transport.tlsExporter()?.toString('hex')}\n`)
      else if (line === 'tls' && transport.startTls) {
        held = ''
        stream.off('data', onData).write('go ahead\n')
        transport.startTls().then(echo).then(resolve, reject)
      } else stream.write(`${line}\n`)
    }
    const onData = (chunk: Buffer): void => {
      held += chunk.toString()
      for (let end = held.indexOf('\n'); end !== -1; end = held.indexOf('\n')) {
        const line = held.slice(0, end)
        held = held.slice(end + 1)
        answer(line)
      }
    }
    stream.on('data', onData).once('end', resolve).once('close', resolve)
  })
}

async function opened(options: Partial<ListenerOptions> = {}): Promise<Listener & { port: number } & AsyncDisposable> {
  const listener = await listen({
    address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    tls: { mode: 'none' },
    allowPlaintextLogin: false,
    proxyProtocol: false,
    limits: new ConnectionLimits(roomy),
    handshakeTimeoutMs: 5000,
    serve: (transport, _admission, onOver) => void echo(transport).then(onOver, onOver),
    refuse: (stream, reason) => stream.write(`no: ${reason}\n`),
    ...options,
  })
  return {
    ...listener,
    port: listener.address.kind === 'tcp' ? listener.address.port : 0,
    [Symbol.asyncDispose]: async () => {
      listener.cut()
      await listener.close()
    },
  }
}

/** What the other side says until it ends the connection. */
async function conversation(socket: Socket, ...said: readonly (string | Buffer)[]): Promise<string> {
  for (const octets of said) socket.write(octets)
  let heard = ''
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
  await once(socket, 'close')
  return heard
}

const tlsTo = (port: number, options: ConnectionOptions = {}): TLSSocket =>
  connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })

test('plain connections, in order, with the end said by either side', async () => {
  await using server = await opened()
  assert.equal(await conversation(connect(server.port), 'a\nbye\n'), 'hello open\na\n')
  const halfClosed = connect({ port: server.port, allowHalfOpen: true })
  halfClosed.end('a\nb\n')
  assert.equal(await conversation(halfClosed), 'hello open\na\nb\n')
})

test('implicit TLS: secure, with channel binding in 1.3 and none in 1.2, and nothing older', async () => {
  await using server = await opened({ tls: { mode: 'implicit', contexts: new TlsContexts({ certificates: [one] }) } })
  const client = tlsTo(server.port)
  await once(client, 'secureConnect')
  const binding = client.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)).toString('hex')
  assert.equal(await conversation(client, 'bind\nbye\n'), `hello secure\n${binding}\n`)
  assert.equal(
    await conversation(tlsTo(server.port, { maxVersion: 'TLSv1.2' }), 'bind\nbye\n'),
    'hello secure\nundefined\n',
  )
  const old = tlsTo(server.port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
  await assert.rejects(once(old, 'secureConnect'))
})

test('a session is resumed by its ticket', async () => {
  await using server = await opened({ tls: { mode: 'implicit', contexts: new TlsContexts({ certificates: [one] }) } })
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = tlsTo(server.port, { maxVersion })
    const ticket = once(first, 'session')
    first.write('x\n')
    const [session] = (await ticket) as [Buffer]
    first.destroy()
    const second = tlsTo(server.port, { maxVersion, session })
    await once(second, 'secureConnect')
    assert.ok(second.isSessionReused(), maxVersion)
    second.destroy()
  }
})

test('STARTTLS: octets slipped in ahead of TLS are thrown away', async () => {
  await using server = await opened({ tls: { mode: 'upgrade', contexts: new TlsContexts({ certificates: [one] }) } })
  const socket = connect(server.port)
  await once(socket, 'data')
  socket.write('tls\nslipped in\n')
  await once(socket, 'data')
  const secured = connectTls({ socket, rejectUnauthorized: false })
  assert.equal(await conversation(secured, 'a\nbye\n'), 'hello secure\na\n')
})

test('the certificate follows the name the client asks for, and a reload', async () => {
  const contexts = new TlsContexts({ certificates: [one, two] })
  await using server = await opened({ tls: { mode: 'implicit', contexts } })
  const shown = async (servername?: string): Promise<string | undefined> => {
    const client = tlsTo(server.port, servername === undefined ? {} : { servername })
    await once(client, 'secureConnect')
    const { fingerprint256 } = client.getPeerCertificate()
    client.destroy()
    return fingerprint256
  }
  assert.equal(await shown(), one.fingerprint)
  assert.equal(await shown('mail.two.example'), two.fingerprint)
  assert.equal(await shown('deep.mail.two.example'), one.fingerprint)
  assert.equal(await shown('other.example'), one.fingerprint)

  const open = tlsTo(server.port)
  await once(open, 'data')
  contexts.exchange({ certificates: [two] })
  server.reload()
  assert.equal(await shown(), two.fingerprint)
  assert.equal(await shown('other.example'), two.fingerprint)
  assert.equal(await conversation(open, 'still here\nbye\n'), 'still here\n')
})

test('a client certificate vouches for names only when an authority that is asked for signed it', async () => {
  const mail = await certificateFor('alice@example.org', 'client')
  const contexts = new TlsContexts({ certificates: [one], clientAuthorities: mail.cert })
  await using server = await opened({ tls: { mode: 'implicit', contexts } })
  for (const [client, names] of [
    [undefined, ''],
    [one, ''],
    [mail, 'alice@example.org,alice-example.org'],
  ] as const) {
    const socket = tlsTo(server.port, client ? { cert: client.cert, key: client.key } : {})
    assert.equal(await conversation(socket, 'who\nbye\n'), `hello secure\n127.0.0.1 ${names}\n`)
  }
})

test('PROXY v2 names the client, ahead of TLS and in one packet with it', async () => {
  const header = Buffer.from('0d0a0d0a000d0a515549540a2111000cc00002077f000001c3500477', 'hex')
  await using plain = await opened({ proxyProtocol: true })
  assert.equal(
    await conversation(connect(plain.port), Buffer.concat([header, Buffer.from('who\nbye\n')])),
    'hello open\n192.0.2.7 \n',
  )
  assert.equal(await conversation(connect(plain.port), 'who\nbye\n'), '')

  await using secure = await opened({
    proxyProtocol: true,
    tls: { mode: 'implicit', contexts: new TlsContexts({ certificates: [one] }) },
  })
  const socket = connect(secure.port)
  socket.cork()
  socket.write(header)
  const secured = connectTls({ socket, rejectUnauthorized: false })
  setImmediate(() => socket.uncork())
  assert.equal(await conversation(secured, 'who\nbye\n'), 'hello secure\n192.0.2.7 \n')
})

test('over a limit the client is told, and others are not disturbed', async () => {
  for (const mode of ['none', 'implicit'] as const) {
    const limits = new ConnectionLimits({ ...roomy, perAddress: 1 })
    const tls = mode === 'none' ? { mode } : { mode, contexts: new TlsContexts({ certificates: [one] }) }
    await using server = await opened({ limits, tls })
    const dial = (): Socket => (mode === 'none' ? connect(server.port) : tlsTo(server.port))
    const first = dial()
    await once(first, 'data')
    assert.equal(await conversation(dial()), 'no: perAddress\n')
    assert.equal(await conversation(first, 'a\nbye\n'), 'a\n')
    while (limits.open.total > 0) await turn() // the server's end closes in its own time
    assert.equal(await conversation(dial(), 'b\nbye\n'), `hello ${mode === 'none' ? 'open' : 'secure'}\nb\n`)
  }
})

test('connections that keep back their PROXY header are not without number', async () => {
  const limits = new ConnectionLimits({ ...roomy, total: 1 })
  await using server = await opened({ limits, proxyProtocol: true })
  const silent = Array.from({ length: 70 }, () => connect(server.port))
  await Promise.race(silent.map((socket) => once(socket, 'close')))
  for (const socket of silent) socket.destroy()
})

test('a handshake that does not come, or is none, ends the connection and its place in the count', async () => {
  const limits = new ConnectionLimits(roomy)
  const contexts = new TlsContexts({ certificates: [one] })
  await using server = await opened({ limits, handshakeTimeoutMs: 20, tls: { mode: 'implicit', contexts } })
  await conversation(connect(server.port))
  await conversation(connect(server.port), 'a LOGIN x y\r\n')
  while (limits.open.total > 0) await turn()
  assert.deepEqual(limits.open, { total: 0, unauthenticated: 0 })
})

test('a Unix socket is secure; one left behind by a killed server is replaced, a living one is not', async () => {
  const path = join(directory, 'socket')
  const killed = createServer().listen(path)
  await once(killed, 'listening')
  const address = { kind: 'unix', path } as const
  await assert.rejects(opened({ address }), /cannot listen on unix:.*: another program listens there/)
  killed.close()
  await once(killed, 'close')
  await writeFile(path, '') // what a kill leaves is a socket; nobody answers on this either
  await assert.rejects(opened({ address }), { name: 'ListenFailure' })
  await rm(path)
  await using server = await opened({ address })
  assert.equal(await conversation(connect({ path }), 'who\nbye\n'), 'hello secure\nlocal \n')
  assert.equal(server.port, 0)
})

test('what is in the way of listening is said in one sentence', async () => {
  await using server = await opened()
  for (const [host, port, sentence] of [
    ['127.0.0.1', server.port, /^cannot listen on 127\.0\.0\.1:\d+: another program uses this port$/],
    ['192.0.2.1', 0, /does not have that address$/],
    ['nowhere.invalid', 0, /no host of that name$/],
  ] as const) {
    await assert.rejects(opened({ address: { kind: 'tcp', host, port } }), { name: 'ListenFailure', message: sentence })
  }
})
