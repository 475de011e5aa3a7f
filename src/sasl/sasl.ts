/** Signing in, as every protocol of ours sees it (RFC 4422). Mechanisms stand in files of their own. */

/** Who has signed in. */
export interface Identity {
  /** The user's name in its canonical spelling. */
  readonly user: string
  /** The id of the account that is theirs in the store. */
  readonly account: string
  /** Capabilities that are switched off for this session, in capitals: by the user's settings or an app password's. */
  readonly disabledCapabilities?: readonly string[]
}

/** What is known of the connection that signs in. */
export interface SaslChannel {
  /** TLS, a Unix socket, or a listener that allows passwords in the clear. */
  readonly secure: boolean
  readonly remoteAddress: string
  /** 32 octets of tls-exporter channel binding (RFC 9266); absent without TLS 1.3 or a way to get it. */
  readonly tlsExporter: Buffer | undefined
  /** Names that a verified client certificate vouches for (subject alternative names of type email, then the CN). */
  readonly certificateNames: readonly string[]
}

/** What a mechanism does next. */
export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Buffer }
  /** `data`: additional data with success, to be sent as a last challenge where the protocol has no room for it. */
  | { readonly kind: 'success'; readonly identity: Identity; readonly data?: Buffer }

/** One run of a mechanism. */
export interface SaslExchange {
  /**
   * Takes the client's next response; `undefined` in the first call when there was no initial response. Throws
   * `Refusal`: `AUTHENTICATIONFAILED`, `AUTHORIZATIONFAILED`, `UNAVAILABLE`, `LIMIT`, `EXPIRED`; without a code
   * when the response is malformed.
   */
  respond(data: Buffer | undefined): Promise<SaslStep>
}

/** The one way to sign in, shared by all protocols. */
export interface Authenticator {
  /** Mechanisms to offer on this channel, strongest first. Without security, those that need it are missing. */
  mechanisms(channel: SaslChannel): readonly string[]
  /** Starts a mechanism by its name in capitals; `undefined` when it is not offered on this channel. */
  begin(mechanism: string, channel: SaslChannel): SaslExchange | undefined
  /** User name and password, UTF-8 (IMAP's LOGIN, POP3's PASS). Throws as {@link SaslExchange.respond} does. */
  login(user: string, password: string, channel: SaslChannel): Promise<Identity>
}
