/** What each workload costs in mailboxes of different sizes, by message where a command concerns all of them. */
import type { Figures } from './measure.ts'
import { figure, markdownTable } from './report.ts'
import type { Row } from './report.ts'
import type { ServerName } from './servers/server.ts'

/** The rows that were measured with a mailbox of that many messages. */
export interface SizeResult {
  readonly messages: number
  readonly rows: readonly Row[]
  /** The most memory that a server's processes had after any of the workloads, in KiB. */
  readonly peakMemoryKib: Readonly<Partial<Record<ServerName, number>>>
}

/** One workload at all sizes. */
export interface GrowthRow {
  readonly name: string
  /** What the costs are of. */
  readonly per: 'message' | 'time'
  /** By size and server, microseconds of processor time, or of elapsed time for what has no other. */
  readonly costsUs: readonly Readonly<Partial<Record<ServerName, number>>>[]
  /** The power of the number of messages with which the whole cost grew between the two largest sizes, by server. */
  readonly powers: Readonly<Partial<Record<ServerName, number>>>
}

const servers: readonly ServerName[] = ['crispin', 'dovecot']
/** Work on part of a mailbox, with how many messages; the number depends on the size. */
const countedName = /^(COPY|MOVE|EXPUNGE|FETCH) (\d+)(?= |$)/
const wholeName = /^(?:FETCH 1:|SEARCH|SORT|THREAD|STORE 1:)/
/** A hundredth of the mailbox has changed for these. */
const hundredthName = /^(?:QRESYNC|FETCH CHANGEDSINCE)/

/** The messages that a row is about; 1 for what concerns one, or none. */
function unitsOf(name: string, messages: number): number {
  const [, , count] = countedName.exec(name) ?? []
  if (count !== undefined) return Number(count)
  if (hundredthName.test(name)) return Math.ceil(messages / 100)
  return wholeName.test(name) ? messages : 1
}

const costUs = ({ cpuMs, wallMs }: Figures): number | undefined => {
  const ms = cpuMs ?? wallMs
  return ms === undefined ? undefined : ms * 1000
}

/** The rows of all sizes side by side. */
export function growthOf(results: readonly SizeResult[]): readonly GrowthRow[] {
  const keyOf = (name: string): string => name.replace(countedName, '$1 many')
  const names = [...new Set(results.flatMap(({ rows }) => rows.map(({ name }) => keyOf(name))))]
  return names.flatMap((name) => {
    const at = results.map(({ rows, messages }) => {
      const row = rows.find((one) => keyOf(one.name) === name)
      const units = row ? unitsOf(row.name, messages) : 1
      const costs: Partial<Record<ServerName, number>> = {}
      for (const server of servers) {
        const cost = row && costUs(row[server])
        if (cost !== undefined) costs[server] = cost / units
      }
      return { messages, units, costs }
    })
    if (at.every(({ costs }) => Object.keys(costs).length === 0)) return []
    const powers: Partial<Record<ServerName, number>> = {}
    for (const server of servers) {
      const [before, after] = at.filter(({ costs }) => (costs[server] ?? 0) > 0).slice(-2)
      if (!before || !after) continue
      const times = ((after.costs[server] ?? 0) * after.units) / ((before.costs[server] ?? 0) * before.units)
      powers[server] = Math.log(times) / Math.log(after.messages / before.messages)
    }
    const isPerMessage = at.some(({ units }) => units > 1)
    return [{ name, per: isPerMessage ? 'message' : 'time', costsUs: at.map(({ costs }) => costs), powers }]
  })
}

/** A Markdown table of growth: Crispin's cost at each size, with Dovecot's behind a stroke where it was measured. */
export function growthTable(results: readonly SizeResult[]): string {
  const head = ['CPU, µs', 'for each', ...results.map(({ messages }) => messages.toLocaleString('en')), 'grows as']
  const pair = (own: number | undefined, theirs: number | undefined, write = figure): string =>
    theirs === undefined ? write(own) : `${write(own)} / ${write(theirs)}`
  const power = (value: number | undefined): string =>
    value === undefined ? '' : Math.abs(value) < 0.05 ? '1' : `n^${value.toFixed(2)}`
  const lines = growthOf(results).map(({ name, per, costsUs, powers }) => [
    name,
    per,
    ...costsUs.map(({ crispin, dovecot }) => pair(crispin, dovecot)),
    pair(powers.crispin, powers.dovecot, power),
  ])
  const memory = [
    'most memory, MiB',
    'server',
    ...results.map(({ peakMemoryKib: { crispin = 0, dovecot } }) =>
      pair(crispin / 1024, dovecot === undefined ? undefined : dovecot / 1024),
    ),
    '',
  ]
  return markdownTable(head, [...lines, memory])
}
