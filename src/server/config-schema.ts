/** The configuration: every setting with its check, default, unit and meaning. docs/configuration.md is made from it. */
import { hostname } from 'node:os'
import { z } from 'zod'
import { isFilterName, parseFilter } from '../imap/filters.ts'
import { defaultImapLimits } from '../imap/limits.ts'
import { oldDialects } from '../imap/old/dialect.ts'
import { defaultLmtpLimits } from '../lmtp/limits.ts'
import { defaultMaxKeywords, defaultMaxMailboxes, defaultMaxMessageBytes } from '../model/limits.ts'
import { parseListenAddress } from '../net/address.ts'
import { parseImapUrl } from '../wire/imap-url.ts'
import type { Config } from './config-type.ts'

/** What the documentation says of a setting, beside its type and default. */
export interface SettingMeta {
  readonly description: string
  readonly unit?: string
  /** What the default is where it is not a fixed value. */
  readonly defaultText?: string
}

const settings = z.registry<SettingMeta>()

const flag = (value: boolean, description: string): z.ZodDefault<z.ZodBoolean> =>
  z.boolean().default(value).register(settings, { description })

const file = (description: string): z.ZodOptional<z.ZodString> =>
  z.string().min(1).optional().register(settings, { description, defaultText: 'none' })

const text = (description: string): z.ZodOptional<z.ZodString> =>
  z.string().min(1).max(1024).optional().register(settings, { description, defaultText: 'none' })

const words = (description: string): z.ZodDefault<z.ZodArray<z.ZodString>> =>
  z.array(z.string().min(1)).default([]).register(settings, { description })

function amount(value: number, unit: string, description: string, min = 1, max = 2 ** 31): z.ZodDefault<z.ZodInt> {
  return z.int().min(min).max(max).default(value).register(settings, { description, unit })
}

/** Seconds that a timer can still count in milliseconds. */
const seconds = (value: number, description: string, min = 1): z.ZodDefault<z.ZodInt> =>
  amount(value, 'seconds', description, min, 2_000_000)

const address = z.string().refine(isListenAddress, 'is no address: HOST:PORT, [IPV6]:PORT or unix:PATH is expected')

const listen = (description: string): z.ZodDefault<z.ZodArray<typeof address>> =>
  z.array(address).default([]).register(settings, { description })

function isListenAddress(text: string): boolean {
  try {
    parseListenAddress(text)
    return true
  } catch {
    return false // the one failure there is
  }
}

const namedFilter = z.string().refine(isNamedFilter, 'is no filter: NAME=KEYS is expected, with keys as for SEARCH')

function isNamedFilter(text: string): boolean {
  const [, name, keys = ''] = /^([^=]+)=(.+)$/.exec(text) ?? []
  return name !== undefined && isFilterName(name.toLowerCase()) && parseFilter(Buffer.from(keys)) !== undefined
}

const server = z.strictObject({
  name: z.string().min(1).default(hostname()).register(settings, {
    description: 'The name of this machine in greetings and in Received header fields.',
    defaultText: "the host's name",
  }),
  dataDirectory: z.string().min(1).default('./data').register(settings, {
    description: 'Where everything is kept: users, mail, the certificate made at the first start.',
  }),
  localDomains: z.array(z.string().min(1)).default(['localhost', hostname()]).register(settings, {
    description: 'Domains at which users whose names have no domain receive mail and sign in.',
    defaultText: "`localhost` and the host's name",
  }),
  administrators: words(
    'Users who may set the quotas of accounts by SETQUOTA, where they have them in their namespace.',
  ),
  filters: z.array(namedFilter).default([]).register(settings, {
    description:
      'Searches for everybody, as `name=keys`: `SEARCH FILTER name` finds what `SEARCH keys` would (RFC 5466).',
  }),
  comment: text('What clients are told of this server as `/shared/comment` (RFC 5464).'),
  contact: text('A URI (`mailto:` ...) to reach its administrators by, told as `/shared/admin` (RFC 5464).'),
  shutdownSeconds: seconds(10, 'How long commands and deliveries that have begun may take to finish at SIGTERM.'),
  workers: amount(
    1,
    'processes',
    'Processes that serve together on the same ports; more than one where a single processor is not enough.',
    1,
    64,
  ),
})

const gmail = flag(
  false,
  'Whether X-GM-EXT-1 is offered, for programs written for Gmail: the other mailboxes that a message is in are its labels.',
)

const dialect = z.enum(oldDialects).optional().register(settings, {
  description:
    'What clients speak here instead of IMAP4rev1 and IMAP4rev2: IMAP2 (RFC 1064, RFC 1176), IMAP3 (RFC 1203), IMAP2bis, or IMAP4 (RFC 1730). For old programs; no other understands it.',
  defaultText: 'none of them',
})

const imap = z.strictObject({
  listen: listen('Where IMAP with STARTTLS is offered.'),
  startTls: flag(true, 'Whether STARTTLS is offered there.'),
  allowPlaintextLogin: flag(false, 'Whether passwords may be sent without TLS. Only for networks nobody listens to.'),
  proxyProtocol: flag(false, 'Whether every connection begins with a PROXY protocol v2 header.'),
  disabledCapabilities: words(
    'Capabilities not to offer here, as CAPABILITY prints them, for clients that misuse one. Without LITERAL+ there is LITERAL-, if it is not in the list as well: then literals of more than 4096 octets are asked for first.',
  ),
  gmail,
  dialect,
})

const imaps = z.strictObject({
  listen: listen('Where IMAP over TLS is offered.'),
  proxyProtocol: flag(false, 'Whether every connection begins with a PROXY protocol v2 header, ahead of TLS.'),
  disabledCapabilities: words('Capabilities not to offer here, as CAPABILITY prints them.'),
  gmail,
  dialect,
})

const lmtp = z.strictObject({
  listen: listen('Where mail is taken in. Nobody signs in here, so let only the mail server reach it.'),
  socketMode: amount(0o660, 'file mode', 'Rights of the file where that is a Unix socket.', 0, 0o777),
})

const http = z.strictObject({
  listen: listen('Where `/metrics`, `/healthz` and `/readyz` are served, without sign-in.'),
})

const tls = z.strictObject({
  certFile: file('Certificate, its chain behind it, in PEM form. Without one the server makes its own.'),
  keyFile: file('The key of that certificate, in PEM form, not encrypted.'),
  more: z
    .array(z.strictObject({ certFile: z.string().min(1), keyFile: z.string().min(1) }))
    .default([])
    .register(settings, {
      description:
        'Further certificates, each a table with `certFile` and `keyFile`, chosen by the name a client asks for.',
    }),
  clientAuthoritiesFile: file('Authorities, in PEM form, whose client certificates sign in with EXTERNAL.'),
  handshakeSeconds: seconds(20, 'Time for a TLS handshake, and for a PROXY header.'),
})

const signIn = z.strictObject({
  disabledMechanisms: words('SASL mechanisms not to offer.'),
  rememberSeconds: seconds(300, 'How long a password that was right is remembered, as a keyed hash in memory.', 0),
  accountFailures: amount(10, 'attempts', 'Wrong passwords for one account until further attempts have to wait.'),
  addressFailures: amount(30, 'attempts', 'Wrong passwords from one address until further attempts have to wait.'),
})

const firstLevel = (value: string, description: string): z.ZodDefault<z.ZodString> =>
  z
    .string()
    .regex(/^[^/*%\p{Cc}]{1,100}$/u, 'cannot be the first level of names of mailboxes')
    .refine((name) => name.toUpperCase() !== 'INBOX', "is everybody's own")
    .default(value)
    .register(settings, { description })

const sharing = z.strictObject({
  enabled: flag(true, 'Whether users may share mailboxes, and see those that are shared with them.'),
  otherUsers: firstLevel('Other Users', "The first level of the names of other users' mailboxes."),
  sharedAccounts: firstLevel('Shared', 'The first level of the names of mailboxes of shared accounts.'),
  seenPerUser: flag(true, 'Whether everybody has a `\\Seen` of their own in mailboxes that are shared from now on.'),
})

/** Whether it is a user and the IMAP URL of a server (RFC 2221 §3). */
function isReferral(text: string): boolean {
  const [, user, url = ''] = /^(\S+) (imap:\/\/\S+)$/i.exec(text) ?? []
  try {
    const { server, mailbox } = parseImapUrl(url)
    return user !== undefined && server !== undefined && mailbox === undefined
  } catch {
    return false // the one failure there is
  }
}

const referral = z
  .string()
  .refine(isReferral, 'is not `user imap://...`, as in bob imap://bob;AUTH=*@mail2.example.org/')

const site = z.strictObject({
  jmapUrl: z
    .string()
    .regex(/^https:\/\/[!#-[\]-~]+$/, 'is no https URL')
    .optional()
    .register(settings, {
      description:
        'Session resource of a JMAP server that gives the same mail by the same object identifiers, and takes the same credentials; told by JMAPACCESS (RFC 9698).',
      defaultText: 'none',
    }),
  referrals: z.array(referral).default([]).register(settings, {
    description:
      'Users whose mail is at another server, each as `user URL`: `bob imap://bob;AUTH=*@mail2.example.org/`. Whoever signs in as one is told so (LOGIN-REFERRALS, RFC 2221) and not let in.',
  }),
  utf8Only: flag(
    false,
    'Whether clients must ENABLE UTF8=ACCEPT or IMAP4rev2 before they use anything (UTF8=ONLY, RFC 9755). It shuts out most.',
  ),
})

const agent = z.string().regex(/^[a-z0-9]+:[^\s:]+$/, 'is not application:user, as in submit:mailer')

const urls = z.strictObject({
  hostNames: words(
    'Names of this server in IMAP URLs that it is to prove and to resolve; with an empty list, any name is taken for its own.',
  ),
  agents: z.array(agent).default([]).register(settings, {
    description:
      'Users who may have what URLs made for an application name, each as `application:user`: `submit:mailer` lets the submission server that signs in as mailer have the parts of mail that is being sent (BURL); `stream:...` media servers.',
  }),
})

const limits = z.strictObject({
  connections: amount(20_000, 'connections', 'Open at once, of all listeners together.'),
  connectionsPerAddress: amount(500, 'connections', 'Open at once from one address (IPv6: one /64).'),
  connectionsPerAccount: amount(
    defaultImapLimits.maxConnectionsPerAccount,
    'connections',
    'Signed in to one account at once. Thunderbird alone opens five.',
  ),
  connectionsBeforeLogin: amount(2_000, 'connections', 'Open at once that have not signed in.'),
  loginSeconds: seconds(defaultImapLimits.loginTimeoutMs / 1000, 'Time to sign in.'),
  idleSeconds: seconds(
    defaultImapLimits.idleTimeoutMs / 1000,
    'Time without a command until autologout; RFC 9051 §5.4 asks for 30 minutes at least.',
    1800,
  ),
  stalledSeconds: seconds(
    defaultImapLimits.stalledTimeoutMs / 1000,
    'Time in which a client that has answers to read must read some.',
  ),
  failedLogins: amount(defaultImapLimits.maxFailedLogins, 'attempts', 'Failed sign-ins until a connection is closed.'),
  badCommands: amount(
    defaultImapLimits.maxBadCommands,
    'commands',
    'Commands answered BAD, one after the other, until a connection is closed.',
  ),
  unreadBytes: amount(
    defaultImapLimits.maxUnreadBytes,
    'octets',
    'Sent and not read by a client, until the making of answers waits for it.',
    4096,
  ),
  lineBytes: amount(defaultImapLimits.maxLineBytes, 'octets', 'One line of an IMAP command.', 8192, 64 * 2 ** 20),
  lineBytesBeforeLogin: amount(
    defaultImapLimits.maxLineBytesBeforeLogin,
    'octets',
    'One line of an IMAP command of a client that has not signed in.',
    512,
    64 * 2 ** 20,
  ),
  commandBytes: amount(
    defaultImapLimits.maxCommandBytes,
    'octets',
    'One IMAP command with its literals, messages not counted.',
    8192,
    256 * 2 ** 20,
  ),
  commandBytesBeforeLogin: amount(
    defaultImapLimits.maxCommandBytesBeforeLogin,
    'octets',
    'One IMAP command with its literals, of a client that has not signed in.',
    1024,
    256 * 2 ** 20,
  ),
  messageBytes: amount(defaultMaxMessageBytes, 'octets', 'One message, by APPEND or LMTP.', 1024, 2 ** 31 - 1),
  commandMessages: amount(
    defaultImapLimits.messageLimit,
    'messages',
    'That one FETCH, STORE, SEARCH, COPY, MOVE, UID EXPUNGE or APPEND is about (MESSAGELIMIT of RFC 9738); 0 is no limit. Clients that do not know it lose sight of older messages; below 1000 nobody expects it.',
    0,
  ),
  saveMessages: amount(
    defaultImapLimits.saveLimit,
    'messages',
    'That one COPY or APPEND saves (SAVELIMIT of RFC 9738); 0 is no limit. Of no effect beside `commandMessages`.',
    0,
  ),
  appendMessages: amount(
    defaultImapLimits.maxAppendMessages,
    'messages',
    'In one APPEND. A command may have twice as many literals.',
  ),
  catenatedBytes: amount(
    defaultImapLimits.maxCatenatedBytes,
    'octets',
    'What the URLs of one APPEND or REPLACE may name together: a short URL can name a long message.',
  ),
  notifyMailboxes: amount(
    defaultImapLimits.maxNotifyMailboxes,
    'mailboxes',
    'Whose messages one connection is notified of (NOTIFY of RFC 5465); who asks for more is refused.',
  ),
  mailboxes: amount(defaultMaxMailboxes, 'mailboxes', 'Of one account.'),
  keywords: amount(defaultMaxKeywords, 'keywords', 'Ever used in one mailbox.'),
  recipients: amount(defaultLmtpLimits.recipients, 'recipients', 'Of one LMTP transaction.', 100),
})

/** No limit where it is 0. */
const quotaOf = (unit: string, description: string, max = 2 ** 31): z.ZodDefault<z.ZodInt> =>
  amount(0, unit, `${description} 0: no limit.`, 0, max)

const quota = z.strictObject({
  storageBytes: quotaOf('octets', 'All messages, each copy counted.', Number.MAX_SAFE_INTEGER),
  messages: quotaOf('messages', 'In all mailboxes together.'),
  mailboxes: quotaOf('mailboxes', 'Up to `limits.mailboxes`, which holds for all accounts.'),
  annotationBytes: quotaOf('octets', 'Names and values of all annotations, of mailboxes and of the account.'),
  warnPercent: amount(
    0,
    'percent',
    'Of a limit, from which on clients that add messages are warned (`NO [OVERQUOTA]`, untagged). 0: never.',
    0,
    100,
  ),
})

const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').register(settings, {
    description: 'What is logged (as JSON, a line each, on standard error).',
  }),
})

const protocolLog = z.strictObject({
  directory: file(
    'Where what IMAP clients and the server say is written, a file for each session. Secrets are masked.',
  ),
  users: words('Only sessions of these users; with an empty list, of everybody.'),
})

const tables = {
  server: [server, 'The server as a whole.'],
  imap: [imap, 'IMAP, in the clear until STARTTLS.'],
  imaps: [imaps, 'IMAP over TLS.'],
  lmtp: [lmtp, 'Mail coming in.'],
  http: [http, 'Metrics and health.'],
  tls: [tls, 'Certificates; read again at SIGHUP.'],
  signIn: [signIn, 'Signing in.'],
  sharing: [sharing, 'Mailboxes that several users may use.'],
  site: [site, 'What IMAP clients are told of the site.'],
  urls: [urls, 'IMAP URLs (URLAUTH, CATENATE).'],
  limits: [limits, 'What one client may ask of the server. The defaults suit a site of some thousand people.'],
  quota: [quota, 'What an account may hold for which nothing else was set, by `crispin user quota` or by SETQUOTA.'],
  log: [log, 'The log.'],
  protocolLog: [protocolLog, 'A record of whole sessions, to find out what a client does.'],
} as const satisfies Record<keyof Config, readonly [z.ZodObject, string]>

const configSchema: z.ZodType<Config> = z.strictObject({
  server: server.prefault({}),
  imap: imap.prefault({}),
  imaps: imaps.prefault({}),
  lmtp: lmtp.prefault({}),
  http: http.prefault({}),
  tls: tls.prefault({}),
  signIn: signIn.prefault({}),
  sharing: sharing.prefault({}),
  site: site.prefault({}),
  urls: urls.prefault({}),
  limits: limits.prefault({}),
  quota: quota.prefault({}),
  log: log.prefault({}),
  protocolLog: protocolLog.prefault({}),
})

/** Checks a configuration and fills in the defaults. */
export function checkConfig(raw: unknown): z.ZodSafeParseResult<Config> {
  return configSchema.safeParse(raw)
}

/** One setting. */
export interface Setting {
  /** Its table and its name. */
  readonly path: readonly [table: string, name: string]
  readonly schema: z.ZodType
  readonly meta: SettingMeta
}

/** All settings by table, in the order of the documentation. */
export const settingTables: readonly {
  readonly name: string
  readonly description: string
  readonly settings: readonly Setting[]
}[] = Object.entries(tables).map(([name, [table, description]]) => ({
  name,
  description,
  settings: Object.entries<z.ZodType>(table.shape).map(([setting, schema]) => ({
    path: [name, setting],
    schema,
    meta: settings.get(schema) ?? { description: '' },
  })),
}))
