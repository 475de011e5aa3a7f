/** Crispin as it is started by anybody: `bin/crispin serve` with its defaults, but for the limits that a crowd meets. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from './ports.ts'
import { users } from './server.ts'
import type { Server, StartOptions } from './server.ts'

const program = join(import.meta.dirname, '../../bin/crispin')
/** How long it may take to start, in milliseconds. */
const startPatienceMs = 60_000

const settings =
  'embedded engine, one process; an APPEND, COPY or delivery is answered after fdatasync of the redo log, flag changes ' +
  'are synced within a second; passwords argon2id, remembered for 5 minutes after the first sign-in'

export async function startCrispin(directory: string, { profileTo }: StartOptions): Promise<Server> {
  const data = join(directory, 'data')
  if (!existsSync(data)) {
    mkdirSync(directory, { recursive: true })
    for (const user of users) {
      execFileSync(program, ['user', 'add', user, '--data', data, '--password-stdin'], { input: user })
    }
  }
  const [imapPort = 0, imapsPort = 0, lmtpPort = 0] = await freePorts(3)
  const at = (port: number): string => `127.0.0.1:${port}`
  const listeners = ['--imap', at(imapPort), '--imaps', at(imapsPort), '--lmtp', at(lmtpPort)]
  const log = openSync(join(directory, 'log'), 'a')
  const ready = join(directory, 'ready')
  const child = spawn(program, ['serve', '--data', data, ...listeners, '--allow-plaintext-login'], {
    stdio: ['ignore', openSync(ready, 'w'), log],
    env: {
      ...process.env,
      ...(profileTo !== undefined && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileTo}` }),
      CRISPIN_LIMITS_CONNECTIONS_PER_ACCOUNT: '20000',
      CRISPIN_LIMITS_CONNECTIONS_PER_ADDRESS: '20000',
      CRISPIN_LIMITS_CONNECTIONS_BEFORE_LOGIN: '20000',
    },
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = Date.now() + startPatienceMs
  while (!readFileSync(ready, 'utf8').includes('ready')) {
    if (Date.now() > end || child.exitCode !== null) throw new Error(`Crispin does not start: see ${directory}/log`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    name: 'crispin',
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
}
