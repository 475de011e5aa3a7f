/**
 * Crispin beside Debian's Dovecot on loopback: the same mail, the same commands, in turn, and a table of ratios.
 * `npm run bench -- --help` lists what can be chosen; docs/benchmarks.md says what is measured and how to read it.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { freshMail } from './build-mailbox.ts'
import { build, contendersFor, runDirectory, say, startFresh } from './contenders.ts'
import type { Contender } from './contenders.ts'
import { growthOf, growthTable } from './growth.ts'
import type { SizeResult } from './growth.ts'
import { Measure } from './measure.ts'
import type { Sample } from './measure.ts'
import { readOptions, helpText } from './options.ts'
import type { Options } from './options.ts'
import { pictureOf } from './picture.ts'
import { atRest, peakMemoryKibOf } from './process-usage.ts'
import { complaintsOf, rowsOf, summaryOf, tableOf } from './report.ts'
import { haveDovecot } from './servers/dovecot.ts'
import type { Server, ServerName } from './servers/server.ts'
import { chosenWorkloads, workloadNames } from './workloads/index.ts'
import type { Workload } from './workloads/workload.ts'

const freshMessages = 600

/** What one size of the mailbox gave. */
interface Result extends SizeResult {
  /** What each server was told and makes durable. */
  readonly settings: Readonly<Partial<Record<ServerName, string>>>
}

async function measureSize(messages: number, chosen: readonly Workload[], options: Options): Promise<Result> {
  const contenders = contendersFor(messages, options)
  const built = new Map<Contender, string>()
  for (const contender of contenders) built.set(contender, await build(contender, messages, options))
  const samples: Sample[] = []
  const peakMemoryKib: Partial<Record<ServerName, number>> = {}
  const settings: Partial<Record<ServerName, string>> = {}
  const mail = freshMail(freshMessages)
  for (let round = 1; round <= options.rounds; round++) {
    const running = new Map<Contender, Server>()
    const inTurn = round % 2 === 1 ? contenders : contenders.toReversed()
    try {
      for (const [contender, directory] of built)
        running.set(contender, await startFresh(contender, directory, options))
      for (const { name, settings: own } of running.values()) settings[name] = own
      for (const workload of chosen) {
        say(`${messages} messages, round ${round}: ${workload.name}`)
        for (const contender of inTurn) {
          const directory = runDirectory(contender, options)
          if (workload.freshServer === true) {
            await running.get(contender)?.stop()
            workload.prepare?.(directory)
            const { profile } = options
            running.set(
              contender,
              await contender.start(directory, profile === undefined ? {} : { profileTo: profile }),
            )
          }
          const server = running.get(contender)
          if (!server) throw new Error(`${contender.name} does not run`)
          await atRest(server.pid)
          const measure = new Measure(server)
          await workload.run({ server, directory, messages, mail, options }, measure)
          samples.push(...measure.samples)
          peakMemoryKib[contender.name] = Math.max(peakMemoryKib[contender.name] ?? 0, peakMemoryKibOf(server.pid))
        }
      }
    } finally {
      for (const server of running.values()) await server.stop()
    }
  }
  for (const contender of contenders) rmSync(runDirectory(contender, options), { recursive: true, force: true })
  return { messages, rows: rowsOf(samples), peakMemoryKib, settings }
}

/** The tables of all sizes, as people read them. */
function reportOf(results: readonly Result[], { rounds, isGrowth }: Options): string {
  const machine = `${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
  const texts = results.map(
    ({ messages, rows }) =>
      `${messages} messages, medians of ${rounds}, ${machine}\n\n${tableOf(rows)}\n\n${summaryOf(rows)}`,
  )
  const settings = Object.entries(results[0]?.settings ?? {}).map(([name, text]) => `${name}: ${text}`)
  return [...texts, ...(isGrowth ? [growthTable(results)] : []), ...settings].join('\n\n') + '\n'
}

async function main(options: Options): Promise<void> {
  if (!haveDovecot) say('Dovecot is not installed: Crispin is measured alone')
  const chosen = chosenWorkloads(options)
  const results: Result[] = []
  const write = (): void => {
    const { json, markdown, picture, rounds } = options
    const growth = options.isGrowth ? { growth: growthOf(results) } : {}
    if (json !== undefined) writeFileSync(json, JSON.stringify({ rounds, results, ...growth }, undefined, 2))
    if (markdown !== undefined) writeFileSync(markdown, reportOf(results, options))
    const last = results.findLast(({ messages }) => messages <= options.dovecotUpTo)
    if (picture !== undefined && last) writeFileSync(picture, pictureOf(last.rows, last.messages))
  }
  for (const messages of options.sizes) {
    results.push(await measureSize(messages, chosen, options))
    // A larger mailbox may take an hour: what is known already is not lost with it.
    write()
  }
  console.log(reportOf(results, options))
  const complaints = results.flatMap(({ rows }) => complaintsOf(rows))
  for (const complaint of complaints) console.log(complaint)
  if (complaints.length > 0) process.exitCode = 1
}

const options = readOptions(process.argv.slice(2))
if (options) await main(options)
else console.log(helpText(workloadNames))
