import type { OldDialect } from '../imap/old/dialect.ts'

/** The configuration with all defaults filled in; what each setting means stands in `config-schema.ts`. */
export interface Config {
  readonly server: {
    readonly name: string
    readonly dataDirectory: string
    readonly localDomains: readonly string[]
    readonly administrators: readonly string[]
    readonly filters: readonly string[]
    readonly comment?: string | undefined
    readonly contact?: string | undefined
    readonly shutdownSeconds: number
    readonly workers: number
  }
  readonly imap: {
    readonly listen: readonly string[]
    readonly startTls: boolean
    readonly allowPlaintextLogin: boolean
    readonly proxyProtocol: boolean
    readonly disabledCapabilities: readonly string[]
    readonly gmail: boolean
    readonly dialect?: OldDialect | undefined
  }
  readonly imaps: {
    readonly listen: readonly string[]
    readonly proxyProtocol: boolean
    readonly disabledCapabilities: readonly string[]
    readonly gmail: boolean
    readonly dialect?: OldDialect | undefined
  }
  readonly lmtp: { readonly listen: readonly string[]; readonly socketMode: number }
  readonly http: { readonly listen: readonly string[] }
  readonly tls: {
    readonly certFile?: string | undefined
    readonly keyFile?: string | undefined
    readonly more: readonly { readonly certFile: string; readonly keyFile: string }[]
    readonly clientAuthoritiesFile?: string | undefined
    readonly handshakeSeconds: number
  }
  readonly signIn: {
    readonly disabledMechanisms: readonly string[]
    readonly rememberSeconds: number
    readonly accountFailures: number
    readonly addressFailures: number
  }
  readonly sharing: {
    readonly enabled: boolean
    readonly otherUsers: string
    readonly sharedAccounts: string
    readonly seenPerUser: boolean
  }
  readonly site: {
    readonly jmapUrl?: string | undefined
    readonly referrals: readonly string[]
    readonly utf8Only: boolean
  }
  readonly urls: {
    readonly hostNames: readonly string[]
    readonly agents: readonly string[]
  }
  readonly limits: {
    readonly connections: number
    readonly connectionsPerAddress: number
    readonly connectionsPerAccount: number
    readonly connectionsBeforeLogin: number
    readonly loginSeconds: number
    readonly idleSeconds: number
    readonly stalledSeconds: number
    readonly failedLogins: number
    readonly badCommands: number
    readonly unreadBytes: number
    readonly lineBytes: number
    readonly lineBytesBeforeLogin: number
    readonly commandBytes: number
    readonly commandBytesBeforeLogin: number
    readonly messageBytes: number
    readonly commandMessages: number
    readonly saveMessages: number
    readonly appendMessages: number
    readonly catenatedBytes: number
    readonly notifyMailboxes: number
    readonly mailboxes: number
    readonly keywords: number
    readonly recipients: number
  }
  readonly quota: {
    readonly storageBytes: number
    readonly messages: number
    readonly mailboxes: number
    readonly annotationBytes: number
    readonly warnPercent: number
  }
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent' }
  readonly protocolLog: { readonly directory?: string | undefined; readonly users: readonly string[] }
}
