/** From samples to rows, and from rows to a table. */
import { goalsOf, isReached } from './goals.ts'
import type { Goal } from './goals.ts'
import { kinds } from './measure.ts'
import type { Figures, Kind, Sample } from './measure.ts'
import type { ServerName } from './servers/server.ts'

/** One row: the medians of all rounds, and how many times better than Dovecot Crispin is. */
export interface Row {
  readonly name: string
  readonly crispin: Figures
  readonly dovecot: Figures
  readonly ratios: Figures
  readonly goals: readonly Goal[]
  /** Each server's answer, where they are not one. */
  readonly unequal?: string
}

type Found = { -readonly [K in Kind]?: number }

/** In the order in which the rows were first measured. */
export function rowsOf(samples: readonly Sample[]): readonly Row[] {
  const names = [...new Set(samples.map(({ row }) => row))]
  return names.map((name) => {
    const own = samples.filter(({ row }) => row === name)
    const crispin = medians(own, 'crispin')
    const dovecot = medians(own, 'dovecot')
    const unequal = differing(own)
    return {
      name,
      crispin,
      dovecot,
      ratios: ratiosOf(dovecot, crispin),
      goals: goalsOf(name),
      ...(unequal !== undefined && { unequal }),
    }
  })
}

function medians(samples: readonly Sample[], server: ServerName): Figures {
  const own = samples.filter((sample) => sample.server === server)
  const found: Found = {}
  for (const kind of kinds) {
    const values = own.flatMap(({ figures }) => figures[kind] ?? []).sort((a, b) => a - b)
    const middle = values[values.length >> 1]
    if (middle !== undefined) found[kind] = middle
  }
  return found
}

function ratiosOf(theirs: Figures, ours: Figures): Figures {
  const found: Found = {}
  for (const kind of kinds) {
    const [a, b] = kind === 'perSecond' ? [ours[kind], theirs[kind]] : [theirs[kind], ours[kind]]
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

const isMeasured = ({ crispin, dovecot }: Row): boolean => Object.keys({ ...crispin, ...dovecot }).length > 0

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
    .filter(isMeasured)
    .map((row) => [
      row.name + besidesOf(row),
      figure(row.dovecot.wallMs),
      figure(row.crispin.wallMs),
      figure(row.ratios.wallMs),
      figure(row.dovecot.cpuMs),
      figure(row.crispin.cpuMs),
      figure(row.ratios.cpuMs),
      row.goals.map((goal) => goalText(goal, row)).join('; '),
    ])
  return markdownTable(head, lines)
}

/** A table whose columns but the first are aligned to the right. */
export function markdownTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)))
  const print = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [print(head), rule, ...lines.map(print)].join('\n')
}

/** Rows in which the servers did not answer the same. */
export const complaintsOf = (rows: readonly Row[]): readonly string[] =>
  rows.flatMap(({ name, unequal }) => (unequal === undefined ? [] : [`${name}: answers differ: ${unequal}`]))

/** How many rows reach all that they are to reach, how many of the others are ahead, and which are not. */
export function summaryOf(rows: readonly Row[]): string {
  const judged = rows.filter((row) => row.goals.some((goal) => isReached(goal, row.crispin, row.ratios) !== undefined))
  const reached = judged.filter((row) => row.goals.every((goal) => isReached(goal, row.crispin, row.ratios) !== false))
  const behind = judged.filter((row) =>
    row.goals.some(({ by, factor }) => factor !== undefined && (row.ratios[by] ?? 1) < 1),
  )
  const names = behind.map(({ name }) => name)
  return `${reached.length} of ${judged.length} rows reach their goal; ${behind.length} are behind Dovecot${names.length > 0 ? `: ${names.join('; ')}` : ''}.`
}

/** What the columns of the table have no room for. */
function besidesOf({ crispin, dovecot }: Row): string {
  const besides = (kind: Kind, unit: string, scale = 1): string => {
    const [own, theirs] = [crispin[kind], dovecot[kind]]
    const texts = [theirs, own].flatMap((value) => (value === undefined ? [] : [figure(value * scale)]))
    return texts.length === 0 ? '' : `: ${texts.join(' / ')} ${unit}`
  }
  return besides('memoryKib', 'KiB') + besides('perSecond', 'a second') + besides('diskShare', '% of the mail', 100)
}

const kindNames: Readonly<Record<Kind, string>> = {
  wallMs: 'time',
  cpuMs: 'CPU',
  memoryKib: 'memory',
  perSecond: 'rate',
  diskShare: 'share',
}

function goalText(goal: Goal, { crispin, ratios }: Row): string {
  const reached = isReached(goal, crispin, ratios)
  const kind = kindNames[goal.by]
  if (goal.factor !== undefined) {
    const ratio = ratios[goal.by]
    const verdict = reached === true ? 'reached' : (ratio ?? 1) >= 1 ? 'ahead' : 'BEHIND'
    return reached === undefined ? `${kind} ${goal.factor}x` : `${kind} ${goal.factor}x: ${figure(ratio)} ${verdict}`
  }
  const most = `${kind} ${goal.by === 'diskShare' ? `${goal.atMost * 100}%` : goal.atMost}`
  return reached === undefined ? most : `${most}: ${reached ? 'reached' : 'MISSED'}`
}

/** Three digits are all that a shared machine gives. */
export function figure(value: number | undefined): string {
  if (value === undefined) return ''
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 0.1
        ? value.toFixed(2)
        : value.toFixed(3)
}
