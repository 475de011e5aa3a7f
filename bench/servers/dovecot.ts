/** Debian's Dovecot with settings meant for speed, its configuration and run directory below the directory given. */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { ImapClient } from '../imap-client.ts'
import { freePorts } from './ports.ts'
import { users } from './server.ts'
import type { Server, StartOptions } from './server.ts'

const program = '/usr/sbin/dovecot'
/** How long it may take to start, in milliseconds. */
const startPatienceMs = 15_000

/** Whether Dovecot is installed here. */
export const haveDovecot: boolean = existsSync(program)

const settings =
  'sdbox, mail_fsync=optimized (three fdatasyncs for each APPEND or delivery; flag ' +
  'changes are not synced), mail_save_crlf=yes, login processes kept (service_count=0) and two held ready, imap ' +
  'processes used 200 times, no word index; passwords plain, auth cache on'

export async function startDovecot(directory: string, { building = false }: StartOptions): Promise<Server> {
  const root = userInfo().uid === 0
  const owner = root ? 'mail' : userInfo().username
  const mail = join(directory, 'mail')
  if (!existsSync(mail)) {
    mkdirSync(mail, { recursive: true })
    if (root) chownSync(mail, idOf('-u', owner), idOf('-g', owner))
    makeCertificate(directory)
  }
  chmodSync(directory, 0o755)
  // What an earlier run left there: sockets, and the identity of this instance.
  for (const name of ['run', 'state', 'log', 'info']) rmSync(join(directory, name), { recursive: true, force: true })
  const ports = await freePorts(3)
  const [imapPort = 0, imapsPort = 0, lmtpPort = 0] = ports
  const file = join(directory, 'dovecot.conf')
  writeFileSync(file, configuration(directory, ports, root, building ? 'never' : 'optimized'))
  writeFileSync(join(directory, 'users'), users.map((user) => `${user}:{PLAIN}${user}\n`).join(''))
  const child = spawn(program, ['-F', '-c', file], { stdio: 'ignore', env: { ...process.env, TZ: 'UTC' } })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const server: Server = {
    name: 'dovecot',
    imapPort,
    imapsPort,
    lmtpPort,
    pid: child.pid ?? 0,
    settings,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
  await answering(server)
  return server
}

const idOf = (option: string, name: string): number => Number(execFileSync('id', [option, name], { encoding: 'utf8' }))

const configuration = (directory: string, ports: readonly number[], root: boolean, fsync: string): string => `
protocols = imap lmtp
base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = ${directory}/log
info_log_path = ${directory}/info
listen = 127.0.0.1
ssl = yes
ssl_cert = <${directory}/cert.pem
ssl_key = <${directory}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_cache_size = 10 M
default_internal_user = ${root ? 'dovecot' : userInfo().username}
default_login_user = ${root ? 'dovenull' : userInfo().username}
default_vsz_limit = 0
default_process_limit = 20000
default_client_limit = 60000
first_valid_uid = 1
first_valid_gid = 1
mail_uid = ${root ? 'mail' : userInfo().username}
mail_gid = ${root ? 'mail' : userInfo().username}
mail_location = sdbox:~/mail
mail_max_userip_connections = 0
mail_fsync = ${fsync}
mail_save_crlf = yes
mailbox_list_index = yes
namespace inbox {
  inbox = yes
  separator = /
}
passdb {
  driver = passwd-file
  args = ${directory}/users
}
userdb {
  driver = static
  args = home=${directory}/mail/%n
}
service anvil {
  chroot =
}
service auth {
  client_limit = 60000
}
service imap-login {
  chroot =
  service_count = 0
  process_min_avail = 2
  client_limit = 20000
  inet_listener imap {
    port = ${ports[0]}
  }
  inet_listener imaps {
    port = ${ports[1]}
    ssl = yes
  }
}
service imap {
  service_count = 200
  process_min_avail = 4
}
service lmtp {
  process_min_avail = 4
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${ports[2]}
  }
}
`

function makeCertificate(directory: string): void {
  const files = ['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'cert.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3650']
  execFileSync('openssl', ['req', '-x509', ...kind, ...files, '-subj', '/CN=localhost'], { stdio: 'ignore' })
}

/** Waits until somebody can sign in. */
async function answering(server: Server): Promise<void> {
  const end = Date.now() + startPatienceMs
  for (;;) {
    try {
      const client = await ImapClient.login(server, 'alice')
      client.close()
      return
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
