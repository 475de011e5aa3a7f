/** From samples to rows, and from rows to a table. */
import { goalOf } from './goals.ts'
import type { Goal } from './goals.ts'
import type { Figures, Sample } from './measure.ts'
import type { ServerName } from './servers/server.ts'

/** One row: the medians of all rounds, and how many times better than Dovecot Crispin is. */
export interface Row {
  readonly name: string
  readonly crispin: Figures
  readonly dovecot: Figures
  readonly ratios: Figures
  readonly goal?: Goal
  /** Each server's answer, where they are not one. */
  readonly unequal?: string
}

const kinds = ['wallMs', 'cpuMs', 'memoryKib'] as const

/** In the order in which the rows were first measured. */
export function rowsOf(samples: readonly Sample[]): readonly Row[] {
  const names = [...new Set(samples.map(({ row }) => row))]
  return names.map((name) => {
    const own = samples.filter(({ row }) => row === name)
    const crispin = medians(own, 'crispin')
    const dovecot = medians(own, 'dovecot')
    const goal = goalOf(name)
    const unequal = differing(own)
    return {
      name,
      crispin,
      dovecot,
      ratios: ratiosOf(dovecot, crispin),
      ...(goal && { goal }),
      ...(unequal !== undefined && { unequal }),
    }
  })
}

function medians(samples: readonly Sample[], server: ServerName): Figures {
  const own = samples.filter((sample) => sample.server === server)
  const found: { wallMs?: number; cpuMs?: number; memoryKib?: number } = {}
  for (const kind of kinds) {
    const values = own.flatMap(({ figures }) => figures[kind] ?? []).sort((a, b) => a - b)
    const middle = values[values.length >> 1]
    if (middle !== undefined) found[kind] = middle
  }
  return found
}

function ratiosOf(theirs: Figures, ours: Figures): Figures {
  const found: { wallMs?: number; cpuMs?: number; memoryKib?: number } = {}
  for (const kind of kinds) {
    const [a, b] = [theirs[kind], ours[kind]]
    // A row in which the kernel's counter did not move on one side has no ratio.
    if (a !== undefined && b !== undefined && a > 0 && b > 0) found[kind] = a / b
  }
  return found
}

function differing(samples: readonly Sample[]): string | undefined {
  const answers = new Map(samples.map(({ server, answer }) => [server, answer]))
  const all = samples.map(({ answer }) => answer)
  if (all.every((answer) => answer === all[0])) return undefined
  return [...answers].map(([server, answer]) => `${server}: ${answer}`).join(', ')
}

/** A Markdown table; times in milliseconds, memory in KiB, and ratios above 1 where Crispin is better. */
export function tableOf(rows: readonly Row[]): string {
  const head = [
    'workload',
    'Dovecot ms',
    'Crispin ms',
    'times faster',
    'Dovecot CPU',
    'Crispin CPU',
    'times less',
    'goal',
  ]
  const lines = rows
    .filter(({ crispin, dovecot }) => Object.keys({ ...crispin, ...dovecot }).length > 0)
    .map(({ name, crispin, dovecot, ratios, goal }) => [
      name + memoryText(dovecot, crispin),
      figure(dovecot.wallMs),
      figure(crispin.wallMs),
      figure(ratios.wallMs),
      figure(dovecot.cpuMs),
      figure(crispin.cpuMs),
      figure(ratios.cpuMs),
      goal ? goalText(goal, ratios) : '',
    ])
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)))
  const print = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [print(head), rule, ...lines.map(print)].join('\n')
}

/** Rows in which the servers did not answer the same. */
export const complaintsOf = (rows: readonly Row[]): readonly string[] =>
  rows.flatMap(({ name, unequal }) => (unequal === undefined ? [] : [`${name}: answers differ: ${unequal}`]))

function memoryText(dovecot: Figures, crispin: Figures): string {
  if (dovecot.memoryKib === undefined || crispin.memoryKib === undefined) return ''
  return `: ${figure(dovecot.memoryKib)} / ${figure(crispin.memoryKib)} KiB`
}

function goalText({ by, factor }: Goal, ratios: Figures): string {
  const reached = ratios[by]
  const kind = { wallMs: 'time', cpuMs: 'CPU', memoryKib: 'memory' }[by]
  if (reached === undefined) return `${kind} ${factor}x`
  const verdict = reached >= factor ? 'reached' : reached >= 1 ? 'ahead' : 'BEHIND'
  return `${kind} ${factor}x: ${figure(reached)} ${verdict}`
}

/** Three digits are all that a shared machine gives. */
function figure(value: number | undefined): string {
  if (value === undefined) return ''
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 0.1
        ? value.toFixed(2)
        : value.toFixed(3)
}
