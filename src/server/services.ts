import { createAuthenticator } from '../accounts/authenticator.ts'
import type { UserDirectory } from '../accounts/directory.ts'
import { findRecipient } from '../accounts/recipient.ts'
import { defaultThrottleLimits } from '../accounts/throttle.ts'
import type { ThrottleLimits } from '../accounts/throttle.ts'
import { defaultImapLimits } from '../imap/limits.ts'
import type { ImapLimits } from '../imap/limits.ts'
import type { ImapServices } from '../imap/services.ts'
import { defaultLmtpLimits } from '../lmtp/limits.ts'
import { lmtpSystemClock } from '../lmtp/services.ts'
import type { LmtpServices } from '../lmtp/services.ts'
import type { Log } from '../model/log.ts'
import type { QuotaLimits } from '../model/quota.ts'
import type { ConnectionCeilings } from '../net/connection-limits.ts'
import type { Store } from '../store/store.ts'
import type { Config } from './config-type.ts'
import { sharingOf } from './sharing.ts'
import { siteExtensionsOf } from './site-extensions.ts'
import { urlServicesOf } from './url-services.ts'
import { version } from './version.ts'

/** What all protocols of a server stand on. */
export interface Ground {
  readonly store: Store
  readonly directory: UserDirectory
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly onCommand?: ImapServices['onCommand']
  readonly push?: ImapServices['push']
}

/** What the protocols are given. */
export interface Services {
  readonly imap: ImapServices
  /** The same for the listeners of IMAP over TLS, which may offer other capabilities. */
  readonly imaps: ImapServices
  readonly lmtp: LmtpServices
}

/** Makes the services as a configuration wants them. */
export function makeServices(config: Config, ground: Ground): Services {
  const { store, directory, log, now, onCommand, push } = ground
  const { signIn } = config
  const sharing = sharingOf(config.sharing, directory.people)
  const urls = urlServicesOf(config, directory)
  const authenticator = createAuthenticator({
    directory,
    log,
    clock: now,
    throttle: throttleOf(config),
    rememberMs: signIn.rememberSeconds * 1000,
    disabledMechanisms: signIn.disabledMechanisms,
  })
  const imap: ImapServices = {
    store,
    authenticator,
    log,
    limits: imapLimitsOf(config),
    urls,
    site: siteExtensionsOf(config, directory),
    now,
    serverId: new Map([
      ['name', 'Crispin'],
      ['version', version],
    ]),
    ...offersOf(config.imap),
    ...annotationsAndQuotas(config, directory),
    loginCounts: new Map(),
    ...(onCommand ? { onCommand } : {}),
    ...(push && { push }),
    ...(sharing && { sharing }),
  }
  return {
    imap,
    imaps: { ...imap, ...offersOf(config.imaps) },
    lmtp: {
      store,
      recipients: async (address) => {
        const found = await findRecipient(directory, address)
        return found && { account: found.account, user: found.name, detail: found.detail }
      },
      limits: { ...defaultLmtpLimits, messageBytes: config.limits.messageBytes, recipients: config.limits.recipients },
      log,
      clock: lmtpSystemClock,
      hostname: config.server.name,
    },
  }
}

/** The services with the limits of another configuration, for connections to come. */
export function withLimits(services: Services, config: Config): Services {
  const { messageBytes, recipients } = config.limits
  const limits = imapLimitsOf(config)
  return {
    imap: { ...services.imap, limits, ...offersOf(config.imap) },
    imaps: { ...services.imaps, limits, ...offersOf(config.imaps) },
    lmtp: { ...services.lmtp, limits: { ...services.lmtp.limits, messageBytes, recipients } },
  }
}

/** What is offered at listeners of one kind. */
function offersOf({
  disabledCapabilities,
  gmail,
  dialect,
}: Config['imap' | 'imaps']): Pick<ImapServices, 'disabledCapabilities' | 'gmail' | 'dialect'> {
  return { disabledCapabilities: new Set(disabledCapabilities.map((name) => name.toUpperCase())), gmail, dialect }
}

/** What a configuration says of the server's own annotations, and of quotas. */
function annotationsAndQuotas({ server, quota }: Config, directory: UserDirectory): Partial<ImapServices> {
  const shared = new Map<string, Buffer>()
  if (server.comment !== undefined) shared.set('/shared/comment', Buffer.from(server.comment))
  if (server.contact !== undefined) shared.set('/shared/admin', Buffer.from(server.contact))
  for (const filter of server.filters) {
    const [name = ''] = filter.split('=', 1)
    shared.set(`/shared/filters/values/${name.toLowerCase()}`, Buffer.from(filter.slice(name.length + 1)))
  }
  return {
    sharedMetadata: shared,
    administrators: new Set(server.administrators.map((name) => directory.nameOf(name))),
    quotaWarnPercent: quota.warnPercent,
  }
}

/** The default quota of a configuration, as a store takes it. */
export function defaultQuotaOf({ quota }: Config): QuotaLimits {
  const { storageBytes: storage, messages, mailboxes, annotationBytes: annotations } = quota
  return {
    ...(storage > 0 && { storage }),
    ...(messages > 0 && { messages }),
    ...(mailboxes > 0 && { mailboxes }),
    ...(annotations > 0 && { annotations }),
  }
}

/** How many connections a configuration allows. */
export function ceilingsOf({ limits }: Config): ConnectionCeilings {
  return {
    total: limits.connections,
    perAddress: limits.connectionsPerAddress,
    unauthenticated: limits.connectionsBeforeLogin,
  }
}

function imapLimitsOf({ limits }: Config): ImapLimits {
  return {
    ...defaultImapLimits,
    maxLineBytes: limits.lineBytes,
    maxLineBytesBeforeLogin: limits.lineBytesBeforeLogin,
    maxCommandBytes: limits.commandBytes,
    maxCommandBytesBeforeLogin: limits.commandBytesBeforeLogin,
    maxMessageBytes: limits.messageBytes,
    maxKeywords: limits.keywords,
    messageLimit: limits.commandMessages,
    saveLimit: limits.saveMessages,
    maxAppendMessages: limits.appendMessages,
    maxCatenatedBytes: limits.catenatedBytes,
    maxNotifyMailboxes: limits.notifyMailboxes,
    loginTimeoutMs: limits.loginSeconds * 1000,
    idleTimeoutMs: limits.idleSeconds * 1000,
    stalledTimeoutMs: limits.stalledSeconds * 1000,
    maxUnreadBytes: limits.unreadBytes,
    maxBadCommands: limits.badCommands,
    maxFailedLogins: limits.failedLogins,
    maxConnectionsPerAccount: limits.connectionsPerAccount,
  }
}

function throttleOf({ signIn }: Config): ThrottleLimits {
  return {
    ...defaultThrottleLimits,
    account: { ...defaultThrottleLimits.account, free: signIn.accountFailures },
    address: { ...defaultThrottleLimits.address, free: signIn.addressFailures },
  }
}
