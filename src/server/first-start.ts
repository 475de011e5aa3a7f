import { randomInt } from 'node:crypto'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { canonicalName } from '../accounts/name.ts'
import { parseListenAddress } from '../net/address.ts'
import type { Config } from './config-type.ts'
import { openUsers } from './data-directory.ts'
import type { ReadyServer } from './serve-until-stopped.ts'
import { ownCertificateFile } from './tls.ts'

/** The account of a first start; the password is known only at that start. */
export interface FirstUser {
  readonly name: string
  readonly password: string | undefined
}

/** Makes a first user where there is none. */
export async function ensureFirstUser(config: Config): Promise<FirstUser> {
  const users = await openUsers(config)
  try {
    const [existing] = await users.list()
    if (existing) return { name: existing.name, password: undefined }
    const name = nameOfPerson()
    const password = randomPassword()
    await users.add(name, password)
    return { name, password }
  } finally {
    await users.close()
  }
}

function nameOfPerson(): string {
  const { username } = userInfo()
  return username !== 'root' && /^[a-z][a-z0-9._-]*$/.test(username) ? (canonicalName(username) ?? 'me') : 'me'
}

/** 100 random bits, in letters and digits that are not mistaken for each other or for syntax. */
export function randomPassword(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
  const groups = Array.from({ length: 4 }, () =>
    Array.from({ length: 5 }, () => alphabet.charAt(randomInt(alphabet.length))).join(''),
  )
  return groups.join('-')
}

/** How this program was called: in a checkout it is not in the PATH. */
const program = import.meta.url.endsWith('.ts') ? 'bin/crispin' : 'crispin'

/** What a person wants to know who started Crispin, with lines to paste. */
export function welcome({ config, addresses, certificate }: ReadyServer, { name, password }: FirstUser): string[] {
  const { dataDirectory } = config.server
  const certFile = config.tls.certFile ?? resolve(ownCertificateFile(dataDirectory))
  const port = portOf(addresses.imaps[0])
  const shown = password ?? 'PASSWORD'
  const login = `--cacert '${certFile}' --user '${name}:${shown}'`
  return [
    `Crispin is ready. IMAP: ${addresses.imap.join()} (STARTTLS), ${addresses.imaps.join()} (TLS); LMTP: ${addresses.lmtp.join()}`,
    `Data: ${resolve(dataDirectory)}`,
    `Certificate, SHA-256: ${certificate?.fingerprint ?? ''}`,
    '',
    ...(password === undefined
      ? [
          `The account ${name} is there; "${program} user password ${name} --data ${dataDirectory}" gives it a new password.`,
        ]
      : [`Account:  ${name}`, `Password: ${password}   (shown this once)`]),
    '',
    'curl, to list mailboxes, to put a message into INBOX, and to read the first one:',
    `  curl ${login} imaps://localhost:${port}/`,
    `  printf 'Subject: Hello\\n\\nHello.\\n' > message.eml && curl ${login} imaps://localhost:${port}/INBOX -T message.eml`,
    `  curl ${login} 'imaps://localhost:${port}/INBOX;MAILINDEX=1'`,
    '',
    'mbsync, in ~/.mbsyncrc:',
    ...mbsyncLines(name, shown, port, certFile).map((line) => (line === '' ? '' : `  ${line}`)),
    '',
    'mutt:',
    `  mutt -e 'set certificate_file="${certFile}" imap_pass="${shown}"' -f imaps://${name}@localhost:${port}/`,
    '',
    'Thunderbird: account settings by hand:',
    `  IMAP, server localhost, port ${port}, connection security SSL/TLS, normal password, user name ${name};`,
    '  accept the certificate if its SHA-256 is the one above',
    '',
    'Ctrl-C stops the server.',
  ]
}

function portOf(address: string | undefined): number {
  const parsed = address === undefined ? undefined : parseListenAddress(address)
  return parsed?.kind === 'tcp' ? parsed.port : 0
}

function mbsyncLines(name: string, password: string, port: number, certFile: string): string[] {
  return [
    'IMAPStore crispin',
    'Host localhost',
    `Port ${port}`,
    `User ${name}`,
    `Pass "${password}"`,
    'SSLType IMAPS', // TLSType since mbsync 1.5, which still takes the old word
    `CertificateFile "${certFile}"`,
    '',
    'MaildirStore local',
    'Path ~/Mail/',
    'Inbox ~/Mail/INBOX',
    'SubFolders Verbatim',
    '',
    'Channel crispin',
    'Far :crispin:',
    'Near :local:',
    'Patterns *',
    'Create Both',
    'Expunge Both',
    'SyncState *',
  ]
}
