import { randomBytes } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { SecureContext, TlsOptions } from 'node:tls'
import type { Certificate } from './certificate.ts'

/** What a server offers in TLS. */
export interface TlsSettings {
  /** The first is shown to clients that name no host, or one that no certificate is for. */
  readonly certificates: readonly [Certificate, ...Certificate[]]
  /** PEM of the authorities whose client certificates sign in (SASL EXTERNAL); absent: none are asked for. */
  readonly clientAuthorities?: string | undefined
  /** Octets for session tickets, where other processes are to take them too; absent: random ones. */
  readonly ticketKeys?: Uint8Array
}

/** What {@link TlsSettings.ticketKeys} may be. */
export function newTicketKeys(): Buffer {
  return randomBytes(48)
}

/**
 * The certificates as OpenSSL wants them, chosen by the name the client asks for (SNI, RFC 6066 §3). They can be
 * exchanged while connections are open: those keep what they have. Session tickets stay good across an exchange.
 */
export class TlsContexts {
  readonly #ticketKeys: Buffer
  #settings: TlsSettings
  #contexts: readonly { readonly names: readonly string[]; readonly context: SecureContext }[]

  constructor(settings: TlsSettings) {
    this.#settings = settings
    this.#ticketKeys = Buffer.from(settings.ticketKeys ?? newTicketKeys())
    this.#contexts = this.#make(settings)
  }

  /** From now on new handshakes use `settings`. Throws when OpenSSL refuses them, and then nothing changes. */
  exchange(settings: TlsSettings): void {
    this.#contexts = this.#make(settings)
    this.#settings = settings
  }

  /** Whether clients are asked for a certificate. */
  get asksForCertificate(): boolean {
    return this.#settings.clientAuthorities !== undefined
  }

  /** The context for the host that a client named, or the default one. */
  contextFor(serverName: string | undefined): SecureContext {
    const name = serverName?.toLowerCase() ?? ''
    const found = this.#contexts.find(({ names }) => names.some((pattern) => isFor(pattern, name)))
    const chosen = found ?? this.#contexts[0]
    if (!chosen) throw new Error('no certificate') // the settings' type rules it out
    return chosen.context
  }

  /** What every TLS server made from these settings is given; the certificate is chosen per connection. */
  serverOptions(handshakeTimeoutMs: number): TlsOptions {
    return {
      ...this.#optionsOf(this.#settings.certificates[0]),
      SNICallback: (serverName, callback) => callback(null, this.contextFor(serverName)),
      requestCert: this.asksForCertificate,
      rejectUnauthorized: false, // a client without a certificate signs in by other means
      handshakeTimeout: handshakeTimeoutMs,
    }
  }

  /** The options to give `tls.Server.setSecureContext` after an exchange, for clients that name no host. */
  defaultOptions(): TlsOptions {
    return this.#optionsOf(this.#settings.certificates[0])
  }

  #make(settings: TlsSettings): { names: readonly string[]; context: SecureContext }[] {
    return settings.certificates.map((certificate) => ({
      names: certificate.names,
      context: createSecureContext(this.#optionsOf(certificate, settings)),
    }))
  }

  #optionsOf({ cert, key }: Certificate, { clientAuthorities }: TlsSettings = this.#settings): TlsOptions {
    return {
      cert,
      key,
      ...(clientAuthorities === undefined ? {} : { ca: clientAuthorities }),
      minVersion: 'TLSv1.2',
      honorCipherOrder: true,
      ticketKeys: this.#ticketKeys,
      sessionIdContext: 'crispin',
    }
  }
}

/** Whether a certificate's DNS name, with `*` for one whole first label, covers a host (RFC 6125 §6.4.3). */
function isFor(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host
  const dot = host.indexOf('.')
  return dot > 0 && host.slice(dot) === pattern.slice(1)
}
