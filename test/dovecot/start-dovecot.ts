/** Runs Debian's Dovecot with a configuration of ours that is thrown away with everything it stored. */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

const program = '/usr/sbin/dovecot'
/** How long Dovecot may take to listen, in milliseconds. */
const startPatienceMs = 15_000

/** Whether Dovecot is installed here. */
export const haveDovecot: boolean = existsSync(program)

/** A running Dovecot with the account `alice`, password `secret`. */
export interface Dovecot {
  readonly port: number
  /**
   * Connects as a client of its own; each `client` (from 0) has mail of its own, which is there as long as Dovecot
   * runs. With `startTls` no password is taken before STARTTLS.
   */
  connect(client: number, startTls: boolean): Promise<Socket>
  stop(): Promise<void>
}

/**
 * Starts it on a free port of loopback. Accounts are told apart by the address a client comes from: any address in
 * 127.0.0.0/8 may be one's own, and Dovecot keeps mail in a directory named by it.
 */
export async function startDovecot(): Promise<Dovecot> {
  const directory = mkdtempSync(join(tmpdir(), 'crispin-dovecot-'))
  const port = await freePort()
  const owner = userInfo().uid === 0 ? 'mail' : userInfo().username
  makeCertificate(directory)
  const file = join(directory, 'dovecot.conf')
  writeFileSync(file, configuration(directory, port, owner))
  writeFileSync(join(directory, 'users'), 'alice:{PLAIN}secret\nbob:{PLAIN}secret\n')
  mkdirSync(join(directory, 'mail'))
  if (owner === 'mail') chownSync(join(directory, 'mail'), idOf('-u', owner), idOf('-g', owner))
  chmodSync(directory, 0o755)
  const child = spawn(program, ['-F', '-c', file], { stdio: 'ignore', env: { ...process.env, TZ: 'UTC' } })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await listening(port)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port,
    connect: (client, startTls) => connectFrom(port, `127.${startTls ? 2 : 1}.${client >> 7}.${(client & 127) + 1}`),
    stop,
  }
}

const idOf = (option: string, name: string): number => Number(execFileSync('id', [option, name], { encoding: 'utf8' }))

/** Dovecot with all that it can do for an IMAP client switched on, and its delays off. */
const configuration = (directory: string, port: number, owner: string): string => `
protocols = imap
base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = ${directory}/log
info_log_path = ${directory}/info
listen = 127.0.0.1
ssl = yes
ssl_cert = <${directory}/cert.pem
ssl_key = <${directory}/key.pem
disable_plaintext_auth = no
remote 127.2.0.0/16 {
  disable_plaintext_auth = yes
}
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = ${owner === 'mail' ? 'dovecot' : owner}
default_login_user = ${owner === 'mail' ? 'dovenull' : owner}
default_vsz_limit = 0
first_valid_uid = 1
first_valid_gid = 1
mail_uid = ${owner}
mail_gid = ${owner}
mail_location = sdbox:~/mail
mail_max_userip_connections = 0
mail_plugins = zlib
mail_save_crlf = yes
mail_attribute_dict = file:~/attributes
mailbox_list_index = yes
mailbox_idle_check_interval = 1s
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
  args = home=${directory}/mail/%r/%u
}
protocol imap {
  mail_plugins = zlib imap_zlib
  imap_idle_notify_interval = 2 mins
  imap_client_workarounds =
  imap_metadata = yes
  imap_urlauth_host = *
}
service anvil {
  chroot =
}
service imap-login {
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
`

function makeCertificate(directory: string): void {
  const files = ['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'cert.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...kind, ...files, '-subj', '/CN=localhost'], { stdio: 'ignore' })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function connectFrom(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return socket
}

/** Waits until somebody accepts connections. */
async function listening(port: number): Promise<void> {
  const end = Date.now() + startPatienceMs
  for (;;) {
    try {
      const socket = await connectFrom(port, '127.0.0.1')
      await new Promise((resolve) => socket.once('data', resolve))
      socket.destroy()
      return
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
