/** A Crispin of its own process, as an operator would start it: `bin/crispin serve` on the embedded engine. */
import { spawn, execFile } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

const program = join(import.meta.dirname, '../../bin/crispin')
const run = promisify(execFile)

/** Milliseconds until a server must be ready, and until it must have stopped. Guards only. */
const startTimeoutMs = 30_000
const stopTimeoutMs = 20_000

/** The password of every user. */
export const password = 'correct horse'

/** A running server. Everything listens on 127.0.0.1. */
export interface ServerProcess {
  readonly host: '127.0.0.1'
  /** With STARTTLS; passwords are taken in the clear too. */
  readonly imapPort: number
  readonly imapsPort: number
  readonly lmtpPort: number
  readonly dataDirectory: string
  /** The server's own certificate, in PEM form. */
  readonly certFile: string
  readonly pid: number
  /** Ends the server with SIGTERM; its exit code. */
  stop(): Promise<number | null>
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
}

/** What differs from the defaults. */
export interface ServerProcessOptions {
  /** Names, of which each has {@link password}. They must be new where the directory is not. */
  readonly users?: readonly string[]
  /** A data directory that is there already, and stays. By default a new one that goes with the test. */
  readonly dataDirectory?: string
  /** TOML. */
  readonly config?: string
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a server for as long as `t` runs. */
export async function startServerProcess(t: TestContext, options: ServerProcessOptions = {}): Promise<ServerProcess> {
  const { users = ['alice'] } = options
  const dataDirectory = options.dataDirectory ?? (await temporaryDirectory(t))
  if (users.length > 0) await addUsers(dataDirectory, users)
  const args = ['serve', '--data', dataDirectory, '--json', '--allow-plaintext-login']
  for (const listener of ['--imap', '--imaps', '--lmtp']) args.push(listener, '127.0.0.1:0')
  if (options.config !== undefined) {
    const file = join(dataDirectory, 'test.toml')
    await writeFile(file, options.config)
    args.push('--config', file)
  }
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } })
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-20_000)))
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const guard = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    const code = await exited
    clearTimeout(guard)
    return code
  }
  t.after(async () => {
    await end('SIGTERM')
    for (const line of log.split('\n')) if (/"level":(?:50|"error")/.test(line)) t.diagnostic(line)
  })
  const addresses = await readyLine(child, () => log)
  return {
    host: '127.0.0.1',
    imapPort: portOf(addresses, 'imap'),
    imapsPort: portOf(addresses, 'imaps'),
    lmtpPort: portOf(addresses, 'lmtp'),
    dataDirectory,
    certFile: join(dataDirectory, 'tls/cert.pem'),
    pid: child.pid ?? 0,
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  }
}

/** Adds users with {@link password}. */
export async function addUsers(dataDirectory: string, users: readonly string[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'crispin-users-'))
  try {
    const file = join(directory, 'users')
    await writeFile(file, users.map((name) => `${name} ${password}\n`).join(''))
    await run(program, ['user', 'add', '--data', dataDirectory, '--from-file', file])
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** What `crispin check` says of a store whose server has stopped. Throws when it finds a fault. */
export async function checkStore(dataDirectory: string): Promise<string> {
  return (await run(program, ['check', '--data', dataDirectory])).stdout
}

/** A directory that is removed after the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'crispin-test-'))
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 3 }))
  return path
}

/** Kibibytes of memory that the process holds, from Linux's /proc. */
export async function residentKiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])
}

/** The line of JSON that says that all listen. */
async function readyLine(child: ChildProcess, log: () => string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const guard = setTimeout(() => reject(new Error(`the server is not ready: ${log()}`)), startTimeoutMs)
  child.once('exit', () => reject(new Error(`the server has ended: ${log()}`)))
  child.once('error', reject)
  if (child.stdout) createInterface(child.stdout).once('line', resolve)
  try {
    return JSON.parse(await promise)
  } finally {
    clearTimeout(guard)
  }
}

function portOf(addresses: unknown, listener: string): number {
  const list: unknown =
    typeof addresses === 'object' && addresses !== null
      ? Object.entries(addresses).find(([key]) => key === listener)?.[1]
      : undefined
  const port = Array.isArray(list) ? /:(\d+)$/.exec(String(list[0]))?.[1] : undefined
  if (port === undefined) throw new Error(`the server named no port for ${listener}: ${JSON.stringify(addresses)}`)
  return Number(port)
}
