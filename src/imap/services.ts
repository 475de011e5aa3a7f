import type { Log } from '../model/log.ts'
import type { Authenticator } from '../sasl/sasl.ts'
import type { Store } from '../store/store.ts'
import type { ImapLimits } from './limits.ts'
import type { OldDialect } from './old/dialect.ts'
import type { PushService } from './push-service.ts'
import type { Sharing } from './sharing.ts'
import type { SiteExtensions } from './site-extensions.ts'
import type { UrlServices } from './url/url-services.ts'

/** What the server gives to every IMAP connection. */
export interface ImapServices {
  readonly store: Store
  readonly authenticator: Authenticator
  /** Who else has mail here; absent where nobody shares mailboxes. */
  readonly sharing?: Sharing
  /** What there is to know of IMAP URLs; absent, they name only what the user who is signed in has. */
  readonly urls?: UrlServices
  /** What the operator says of the site, where that is anything. */
  readonly site?: SiteExtensions
  /** The server's shared annotations (RFC 5464 §3.2.1.1), by name in lower case. */
  readonly sharedMetadata?: ReadonlyMap<string, Uint8Array>
  /** Users who may set the quotas of accounts, in the spelling of the directory. */
  readonly administrators?: ReadonlySet<string>
  /** The part of a limit from which on clients that add messages are warned; 0 or absent: never. */
  readonly quotaWarnPercent?: number
  /** Push by somebody else's network, where whoever embeds the server offers any. */
  readonly push?: PushService
  readonly log: Log
  readonly limits: ImapLimits
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** What ID says of us (RFC 2971); names as in its §3.3. */
  readonly serverId: ReadonlyMap<string, string>
  /** Capabilities that are switched off, in capitals as CAPABILITY prints them. */
  readonly disabledCapabilities: ReadonlySet<string>
  /** What clients speak, where it is older than IMAP4rev1. */
  readonly dialect?: OldDialect | undefined
  /** Whether X-GM-EXT-1, which is Gmail's, is offered. */
  readonly gmail?: boolean
  /** How many connections are signed in, by account; shared by all connections. */
  readonly loginCounts: Map<string, number>
  /** Told of each command when it is done, for metrics. */
  readonly onCommand?: (name: string, outcome: 'OK' | 'NO' | 'BAD', ms: number) => void
}
