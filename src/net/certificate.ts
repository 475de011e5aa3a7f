import { createHash, createPrivateKey, X509Certificate, webcrypto } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** Days a certificate of our own is good for: a device pins it once and should not have to again. */
const selfSignedDays = 3650

/** A certificate with its chain and key, as PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  /** SHA-256 of the first certificate, as `AB:CD:...`. */
  readonly fingerprint: string
  /** Names of type DNS it is for, in lower case; the first label may be `*`. */
  readonly names: readonly string[]
}

/** A certificate that cannot be used; the message says which file and why, in one sentence. */
export class CertificateFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CertificateFailure'
  }
}

/**
 * Reads and checks a certificate (its chain behind it, where there is one) and its key. Throws
 * {@link CertificateFailure} when a file is not readable or no PEM, the two do not belong together, or the time
 * `nowMs` (milliseconds since 1970) is outside the certificate's.
 */
export async function loadCertificate(certFile: string, keyFile: string, nowMs: number): Promise<Certificate> {
  const [cert, key] = await Promise.all([
    readText(certFile, 'TLS certificate'),
    readText(keyFile, 'key of the TLS certificate'),
  ])
  const parsed = attempt(() => new X509Certificate(cert), `${certFile} holds no certificate in PEM form`)
  const privateKey = attempt(() => createPrivateKey(key), `${keyFile} holds no unencrypted private key in PEM form`)
  if (!parsed.checkPrivateKey(privateKey)) {
    throw new CertificateFailure(`the key in ${keyFile} does not belong to the certificate in ${certFile}`)
  }
  if (nowMs > parsed.validToDate.getTime()) {
    throw new CertificateFailure(`the certificate in ${certFile} expired on ${isoDay(parsed.validToDate)}`)
  }
  if (nowMs < parsed.validFromDate.getTime()) {
    throw new CertificateFailure(`the certificate in ${certFile} is not valid before ${isoDay(parsed.validFromDate)}`)
  }
  return { cert, key, fingerprint: parsed.fingerprint256, names: dnsNames(parsed) }
}

/**
 * The server's own certificate in `directory` (`cert.pem`, `key.pem`), made at the first call: self-signed, ECDSA
 * P-256, for `localhost`, the host's name, 127.0.0.1 and ::1. Throws {@link CertificateFailure}.
 */
export async function ownCertificate(directory: string, nowMs: number): Promise<Certificate & { made: boolean }> {
  const certFile = join(directory, 'cert.pem')
  const keyFile = join(directory, 'key.pem')
  let made = false
  if (!(await isThere(certFile))) {
    const { cert, key } = await makeSelfSigned([...new Set(['localhost', hostname()])], nowMs)
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await writeDurably(keyFile, key, 0o600)
    await writeDurably(certFile, cert, 0o644) // last: it says that both are whole
    made = true
  }
  return { ...(await loadCertificate(certFile, keyFile, nowMs)), made }
}

/**
 * Makes a self-signed certificate in PEM: a server's for `names` and the loopback addresses, or a client's for the
 * mail addresses `names`.
 */
export async function makeSelfSigned(
  names: readonly string[],
  nowMs: number,
  usage: 'server' | 'client' = 'server',
): Promise<{ readonly cert: string; readonly key: string }> {
  const x509 = await loadX509()
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const authentication = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' }[usage]
  const alternativeNames =
    usage === 'client'
      ? names.map((value) => ({ type: 'email' as const, value }))
      : [
          ...names.map((value) => ({ type: 'dns' as const, value })),
          { type: 'ip' as const, value: '127.0.0.1' },
          { type: 'ip' as const, value: '::1' },
        ]
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${(names.at(-1) ?? 'localhost').replaceAll(/[^\w.-]/g, '-').slice(0, 64)}`,
    notBefore: new Date(nowMs - 86_400_000), // clients with slow clocks
    notAfter: new Date(nowMs + selfSignedDays * 86_400_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([authentication]),
      new x509.SubjectAlternativeNameExtension(alternativeNames),
    ],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' })
  return { cert: certificate.toString('pem') + '\n', key: key.toString() }
}

/**
 * Loads the library when a first start needs it. Its injector asks for the reflect-metadata package as soon as it is
 * loaded, but finds all it uses by token; so an answer of "no metadata" is enough, and only while it loads.
 */
async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  const reflect: { getMetadata?: unknown; getOwnMetadata?: unknown; get: unknown } = Reflect
  if (reflect.getMetadata) return await import('@peculiar/x509')
  reflect.getMetadata = () => undefined
  reflect.getOwnMetadata = () => undefined
  try {
    return await import('@peculiar/x509')
  } finally {
    delete reflect.getMetadata
    delete reflect.getOwnMetadata
  }
}

/** The fingerprint as some clients (mbsync's and mutt's logs) show it: lower case without colons. */
export function plainFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase()
}

/** SHA-256 over PEM texts, to see whether a reload would change anything. */
export function digestOf(certificates: readonly Certificate[]): string {
  const hash = createHash('sha256')
  for (const { cert, key } of certificates) hash.update(cert).update(key)
  return hash.digest('hex')
}

function dnsNames(certificate: X509Certificate): string[] {
  return [...(certificate.subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name = '']) =>
    name.toLowerCase(),
  )
}

const isoDay = (date: Date): string => date.toISOString().slice(0, 10)

function attempt<T>(work: () => T, message: string): T {
  try {
    return work()
  } catch (cause) {
    throw new CertificateFailure(message, { cause })
  }
}

async function readText(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new CertificateFailure(`the ${what} cannot be read: ${file}: ${reasonOf(cause)}`, { cause })
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'this user may not read it'
  return error instanceof Error ? error.message : String(error)
}

async function isThere(file: string): Promise<boolean> {
  try {
    await using handle = await open(file, constants.O_RDONLY)
    return (await handle.stat()).isFile()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw new CertificateFailure(`the TLS certificate cannot be read: ${file}: ${reasonOf(error)}`, { cause: error })
  }
}

async function writeDurably(file: string, text: string, mode: number): Promise<void> {
  const unfinished = `${file}.new`
  {
    await using handle = await open(unfinished, 'w', mode)
    await handle.chmod(mode)
    await handle.writeFile(text)
    await handle.sync()
  }
  await rename(unfinished, file)
}
