/** The servers, the mailboxes that are built in them once, and the copies that each round works on. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildMailbox } from './build-mailbox.ts'
import { mailEdition } from './mail.ts'
import type { Options } from './options.ts'
import { atRest, cpuMsOf } from './process-usage.ts'
import { startCrispin } from './servers/crispin.ts'
import { haveDovecot, startDovecot } from './servers/dovecot.ts'
import type { Server, ServerName, StartServer } from './servers/server.ts'

/** A server under test and where what it keeps lies. */
export interface Contender {
  readonly name: ServerName
  readonly start: StartServer
  /** Whether what was built for an earlier run may be used: another program's format does not change. */
  readonly keepBuilt: boolean
  /** Files that it only ever makes and deletes: the copy of a mailbox has the same ones, as links. */
  readonly unchanging?: string
}

/** Work in the background begins this long after the last message at the latest, in milliseconds. */
const backgroundDelayMs = 5000

/** Who is measured with a mailbox of that size. */
export function contendersFor(size: number, options: Options): readonly Contender[] {
  const crispin: Contender = { name: 'crispin', start: startCrispin, keepBuilt: options.keep }
  const withDovecot = haveDovecot && !options.crispinOnly && size <= options.dovecotUpTo
  // A message of sdbox is a file of its own.
  return withDovecot
    ? [crispin, { name: 'dovecot', start: startDovecot, keepBuilt: true, unchanging: 'u.*' }]
    : [crispin]
}

/** The directory with the mail of the benchmark, made now or before. */
export async function build(
  { name, start, keepBuilt }: Contender,
  messages: number,
  options: Options,
): Promise<string> {
  const directory = join(options.directory, `${name}-${messages}-${mailEdition}`)
  const mark = join(directory, 'complete')
  if (keepBuilt && existsSync(mark)) return directory
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const server = await start(directory, { building: true })
  const begun = performance.now()
  try {
    await buildMailbox(server, messages, say)
    const cpuMs = cpuMsOf(server.pid)
    await new Promise((resolve) => setTimeout(resolve, backgroundDelayMs))
    await atRest(server.pid)
    const allMs = cpuMsOf(server.pid)
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
    say(
      `built ${messages} messages in ${name}: ${seconds(performance.now() - begun)}, ${seconds(allMs)} CPU, of these ` +
        `${seconds(allMs - cpuMs)} in the background after the last message`,
    )
  } finally {
    await server.stop()
  }
  writeFileSync(mark, '')
  return directory
}

/** Where a contender works in a round. */
export const runDirectory = ({ name }: Contender, options: Options): string => join(options.directory, `run-${name}`)

/** Every server starts from a copy of what was built, so that each round finds the same. */
export async function startFresh(contender: Contender, built: string, options: Options): Promise<Server> {
  const { start, unchanging } = contender
  const directory = runDirectory(contender, options)
  rmSync(directory, { recursive: true, force: true })
  // With owners, which Dovecot asks for and Node's own copying does not keep.
  if (unchanging === undefined) execFileSync('cp', ['-a', built, directory])
  else {
    execFileSync('cp', ['-al', built, directory])
    const changing = ['-type', 'f', '!', '-name', unchanging]
    execFileSync('find', [
      directory,
      ...changing,
      '-exec',
      'cp',
      '-a',
      '{}',
      '{}~',
      ';',
      '-exec',
      'mv',
      '{}~',
      '{}',
      ';',
    ])
  }
  // What the copying left to be written must not be waited for by whoever syncs a message.
  execFileSync('sync')
  return await start(directory, options.profile === undefined ? {} : { profileTo: options.profile })
}

/** To whoever waits; the tables alone go to the standard output. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`)
