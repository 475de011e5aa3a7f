import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CertificateFailure, loadCertificate, ownCertificate } from '../net/certificate.ts'
import type { Certificate } from '../net/certificate.ts'
import type { TlsSettings } from '../net/tls-contexts.ts'
import type { Config } from './config-type.ts'

/** The file of the server's own certificate, for clients to trust. */
export function ownCertificateFile(dataDirectory: string): string {
  return join(dataDirectory, 'tls', 'cert.pem')
}

/**
 * The certificates that a configuration names, or else the server's own, which is made where there is none.
 * Throws `CertificateFailure`.
 */
export async function loadTls(config: Config, nowMs: number): Promise<TlsSettings & { readonly made: boolean }> {
  const { certFile, keyFile, more, clientAuthoritiesFile } = config.tls
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new CertificateFailure(
      'a TLS certificate needs both its file and the file of its key (--tls-cert, --tls-key)',
    )
  }
  let made = false
  let first: Certificate
  if (certFile !== undefined && keyFile !== undefined) first = await loadCertificate(certFile, keyFile, nowMs)
  else {
    const own = await ownCertificate(join(config.server.dataDirectory, 'tls'), nowMs)
    first = own
    made = own.made
  }
  const others = await Promise.all(more.map((each) => loadCertificate(each.certFile, each.keyFile, nowMs)))
  const clientAuthorities =
    clientAuthoritiesFile === undefined ? undefined : await readAuthorities(clientAuthoritiesFile)
  return { certificates: [first, ...others], clientAuthorities, made }
}

async function readAuthorities(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new CertificateFailure(`the authorities of client certificates cannot be read: ${file}`, { cause })
  }
}
