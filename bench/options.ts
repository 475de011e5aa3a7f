/** What the benchmark can be asked for. */
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** How the benchmark is run. */
export interface Options {
  /** Sizes of the mailbox, one run for each; more than one makes a table of growth. */
  readonly sizes: readonly number[]
  readonly isGrowth: boolean
  readonly rounds: number
  /** Names of workloads, or what they begin with; undefined for all. */
  readonly only: readonly string[] | undefined
  /** Numbers of idle connections. */
  readonly idle: readonly number[]
  /** Of these, how many Dovecot gets at most. */
  readonly idleDovecot: number
  readonly mixedSeconds: number
  /** The largest mailbox that Dovecot is measured with. */
  readonly dovecotUpTo: number
  readonly crispinOnly: boolean
  readonly keep: boolean
  readonly directory: string
  readonly json: string | undefined
  readonly markdown: string | undefined
  readonly picture: string | undefined
  readonly profile: string | undefined
}

/** By name: how the value is called, for options that have one, what it is by default, and what it is about. */
const table: Readonly<
  Record<string, readonly [value: string | undefined, byDefault: string | undefined, about: string]>
> = {
  messages: ['N', '20000', 'messages in the mailbox'],
  rounds: ['N', undefined, 'how often everything is run, medians are shown; 3, or 1 with --growth'],
  only: ['NAME,NAME', undefined, 'these workloads only, by their names or how these begin'],
  idle: ['N,N', '300', 'numbers of idle connections, a row for each; Dovecot takes about a megabyte for one'],
  'idle-dovecot': ['N', '500', 'idle connections of Dovecot at most'],
  'mixed-seconds': ['N', '8', 'how long each mixed load lasts'],
  growth: ['N,N,N', undefined, 'mailboxes of these sizes, and what each cost grows by'],
  'dovecot-up-to': ['N', '100000', 'messages of the largest mailbox that Dovecot is measured with'],
  directory: ['DIR', join(tmpdir(), 'crispin-bench'), 'where the mail lies; the figures are those of its disk'],
  keep: [undefined, undefined, 'use the mailboxes that an earlier run built in Crispin; those in Dovecot always are'],
  'crispin-only': [undefined, undefined, 'without Dovecot'],
  json: ['FILE', undefined, 'the rows for programs'],
  markdown: ['FILE', undefined, 'the tables with all settings, for people'],
  picture: ['FILE', undefined, 'the ratios as an SVG'],
  profile: ['DIR', undefined, 'Crispin writes a CPU profile; node bench/profile.ts FILE sums it'],
  help: [undefined, undefined, 'this text'],
}

/** What `--help` prints. */
export function helpText(workloads: readonly string[]): string {
  const rows = Object.entries(table).map(([name, [value, byDefault, about]]) => {
    const left = `--${name}${value === undefined ? '' : ` ${value}`}`
    return `  ${left.padEnd(22)} ${about}${byDefault === undefined ? '' : ` (${byDefault})`}`
  })
  return [
    'Crispin beside Dovecot: the same mail, the same work, in turn, and a table of ratios.',
    '',
    'npm run bench -- [options]',
    '',
    ...rows,
    '',
    `Workloads: ${workloads.join(', ')}`,
  ].join('\n')
}

/** What the command line asks for; undefined for help. Throws for what it does not know. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(table).map(([name, [value]]) => [name, { type: value === undefined ? 'boolean' : 'string' }]),
    ),
  })
  if (values['help'] === true) return undefined
  const text = (name: string): string | undefined => {
    const value = values[name] ?? table[name]?.[1]
    return typeof value === 'string' ? value : undefined
  }
  const numbers = (name: string): number[] => (text(name) ?? '').split(',').map((part) => wholeNumber(name, part))
  const number = (name: string): number => wholeNumber(name, text(name) ?? '')
  const isGrowth = text('growth') !== undefined
  return {
    sizes: isGrowth ? numbers('growth') : [number('messages')],
    isGrowth,
    rounds: text('rounds') === undefined ? (isGrowth ? 1 : 3) : number('rounds'),
    only: text('only')?.split(','),
    idle: numbers('idle'),
    idleDovecot: number('idle-dovecot'),
    mixedSeconds: number('mixed-seconds'),
    dovecotUpTo: number('dovecot-up-to'),
    crispinOnly: values['crispin-only'] === true,
    keep: values['keep'] === true,
    directory: text('directory') ?? '',
    json: text('json'),
    markdown: text('markdown'),
    picture: text('picture'),
    profile: text('profile') === undefined ? undefined : resolve(text('profile') ?? ''),
  }
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${option} takes whole numbers from 1, not ${text}`)
  return Number(text)
}
