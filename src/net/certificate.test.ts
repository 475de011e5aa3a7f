import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadCertificate, makeSelfSigned, ownCertificate, plainFingerprint } from './certificate.ts'

const now = Date.UTC(2026, 10, 23)
let directory = ''
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crispin-tls-'))
})
after(() => rm(directory, { recursive: true }))

test('the first start makes a certificate, the second finds it', async () => {
  const home = join(directory, 'own')
  const first = await ownCertificate(home, now)
  const second = await ownCertificate(home, now)
  assert.deepEqual([first.made, second.made], [true, false])
  assert.equal(first.fingerprint, second.fingerprint)
  assert.match(first.fingerprint, /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  assert.match(plainFingerprint(first.fingerprint), /^[0-9a-f]{64}$/)
  assert.equal((await stat(join(home, 'key.pem'))).mode & 0o777, 0o600)
  assert.deepEqual((await readdir(home)).sort(), ['cert.pem', 'key.pem'])

  const certificate = new X509Certificate(first.cert)
  for (const name of ['localhost', hostname()]) assert.ok(certificate.checkHost(name), name)
  for (const address of ['127.0.0.1', '::1']) assert.ok(certificate.checkIP(address), address)
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  assert.ok(certificate.verify(certificate.publicKey))
  assert.ok(certificate.validFromDate.getTime() < now)
  assert.ok(certificate.validToDate.getTime() > now + 9 * 365 * 86_400_000)
})

test('what is wrong with a certificate is said in one sentence', async () => {
  const file = (name: string): string => join(directory, name)
  const a = await makeSelfSigned(['a.example'], now)
  const b = await makeSelfSigned(['b.example'], now)
  for (const [name, text] of [
    ['a.pem', a.cert],
    ['a.key', a.key],
    ['b.key', b.key],
    ['nonsense', 'hello'],
  ] as const) {
    await writeFile(file(name), text)
  }
  assert.deepEqual((await loadCertificate(file('a.pem'), file('a.key'), now)).names, ['a.example'])
  const day = 86_400_000
  for (const [cert, key, time, sentence] of [
    ['a.pem', 'b.key', now, /does not belong to the certificate/],
    ['missing', 'a.key', now, /cannot be read: .*there is no such file/],
    ['nonsense', 'a.key', now, /no certificate in PEM form/],
    ['a.pem', 'nonsense', now, /no unencrypted private key/],
    ['a.pem', 'a.key', now + 4000 * day, /expired on 2036-/],
    ['a.pem', 'a.key', now - 2 * day, /not valid before 2026-11-22/],
  ] as const) {
    await assert.rejects(loadCertificate(file(cert), file(key), time), {
      name: 'CertificateFailure',
      message: sentence,
    })
  }
})
