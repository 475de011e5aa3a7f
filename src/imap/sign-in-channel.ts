import type { Transport } from '../net/transport.ts'
import type { SaslChannel } from '../sasl/sasl.ts'

/** A connection as signing in sees it. What has to be computed is, when a mechanism wants it: LOGIN wants none. */
export class SignInChannel implements SaslChannel {
  readonly secure: boolean
  readonly remoteAddress: string
  readonly #transport: Transport
  #tlsExporter: Buffer | undefined

  constructor(transport: Transport) {
    this.#transport = transport
    this.secure = transport.secure || transport.allowPlaintextLogin
    this.remoteAddress = transport.remoteAddress
  }

  get tlsExporter(): Buffer | undefined {
    return (this.#tlsExporter ??= this.#transport.tlsExporter())
  }

  get certificateNames(): readonly string[] {
    return this.#transport.certificateNames()
  }
}
