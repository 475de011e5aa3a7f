import { readFile } from 'node:fs/promises'
import { parse, TomlError } from 'smol-toml'
import type { z } from 'zod'
import { checkConfig, settingTables } from './config-schema.ts'
import type { Config } from './config-type.ts'

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** `limits.lineBytes`; empty for a fault of the file's form. */
  readonly setting: string
  /** `crispin.toml line 3` or `environment variable CRISPIN_LIMITS_LINE_BYTES`. */
  readonly where: string
  readonly message: string
}

/** A configuration that cannot be used; the message names each setting and where it stands. */
export class ConfigFailure extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(writeProblem).join('\n'), options)
    this.name = 'ConfigFailure'
    this.problems = problems
  }
}

function writeProblem({ setting, where, message }: ConfigProblem): string {
  return setting === '' ? `${where}: ${message}` : `${where}: ${setting} ${message}`
}

/** Settings by table and name, as a TOML file gives them. */
export type RawConfig = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Where a configuration comes from; what stands later here wins. */
export interface ConfigSources {
  readonly file?: string | undefined
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** From the command line. */
  readonly overrides?: RawConfig
}

/** Reads, overlays and checks. Throws {@link ConfigFailure}. */
export async function loadConfig({ file, environment = {}, overrides = {} }: ConfigSources): Promise<Config> {
  const text = file === undefined ? '' : await readConfigFile(file)
  const raw = parseToml(text, file ?? '')
  const origins = new Map<string, string>()
  for (const { path, variable, value } of environmentSettings(environment)) {
    const [tableName, name] = path
    raw[tableName] = { ...tableOf(raw, tableName), [name]: value }
    origins.set(path.join('.'), `environment variable ${variable}`)
  }
  for (const [tableName, values] of Object.entries(overrides)) {
    raw[tableName] = { ...tableOf(raw, tableName), ...values }
    for (const name of Object.keys(values)) origins.set(`${tableName}.${name}`, 'command line')
  }
  const checked = checkConfig(raw)
  if (checked.success) return checked.data
  throw new ConfigFailure(
    checked.error.issues.flatMap((issue) =>
      settingsOf(issue).map((path) => {
        const setting = path.join('.')
        const origin = origins.get(path.slice(0, 2).join('.')) ?? `${file ?? 'configuration'}${lineText(text, path)}`
        return { setting, where: origin, message: messageOf(issue) }
      }),
    ),
  )
}

async function readConfigFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    const message = missing ? 'there is no such file' : `cannot be read: ${String(cause)}`
    throw new ConfigFailure([{ setting: '', where: file, message }], { cause })
  }
}

function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return { ...parse(text) }
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const [message = ''] = cause.message.split('\n')
    throw new ConfigFailure([{ setting: '', where: `${file} line ${cause.line}`, message }], { cause })
  }
}

function tableOf(raw: Record<string, unknown>, name: string): Record<string, unknown> {
  const table = raw[name]
  return typeof table === 'object' && table !== null ? { ...table } : {}
}

/** The settings an issue is about: the one it names, or those it says are unknown. */
function settingsOf(issue: z.core.$ZodIssue): string[][] {
  const path = issue.path.map(String)
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path]
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'is no setting'
  if (issue.code === 'invalid_type') return `must be ${article(issue.expected)}`
  if (issue.code === 'too_small') {
    return issue.origin === 'string' ? 'must not be empty' : `must be ${issue.minimum} or more`
  }
  if (issue.code === 'too_big') return `must be ${issue.maximum} or less`
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`
  return issue.message
}

function article(expected: string): string {
  const words: Record<string, string> = { int: 'a whole number', number: 'a number', boolean: 'true or false' }
  return words[expected] ?? (/^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`)
}

/** The environment variable that sets a setting: `CRISPIN_LIMITS_LINE_BYTES` for `limits.lineBytes`. */
export function variableOf(path: readonly string[]): string {
  return ['crispin', ...path].map((part) => part.replaceAll(/[A-Z]/g, '_$&').toUpperCase()).join('_')
}

function* environmentSettings(environment: Readonly<Record<string, string | undefined>>): Generator<{
  readonly path: readonly [table: string, name: string]
  readonly variable: string
  readonly value: unknown
}> {
  for (const { path, schema } of settingTables.flatMap((table) => table.settings)) {
    const variable = variableOf(path)
    const text = environment[variable]
    if (text !== undefined) yield { path, variable, value: readValue(text, schema) }
  }
}

/** A text as what the setting takes: a number, true or false, a list between commas, or the text itself. */
function readValue(text: string, schema: z.ZodType): unknown {
  const list = text === '' ? [] : text.split(',').map((item) => item.trim())
  const readings = [/^-?\d+$/.test(text) ? Number(text) : text, { true: true, false: false }[text], text, list]
  return readings.find((reading) => reading !== undefined && schema.safeParse(reading).success) ?? readings[0]
}

/** ` line 3`, when the file has the setting. */
function lineText(text: string, path: readonly string[]): string {
  const line = lineOf(text, path)
  return line === undefined ? '' : ` line ${line}`
}

/** The line, from 1, that gives the setting, or else its table. */
export function lineOf(text: string, path: readonly string[]): number | undefined {
  const [table = '', name] = path
  let current = ''
  let tableLine: number | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const heading = /^\s*\[+\s*([\w.-]+)\s*\]+/.exec(line)?.[1]
    const key = /^\s*([\w.-]+)\s*=/.exec(line)?.[1]
    if (heading !== undefined) {
      current = heading
      if (heading === table || heading === path.slice(0, 2).join('.')) tableLine ??= index + 1
      if (heading === path.slice(0, 2).join('.')) return index + 1
    } else if (key !== undefined) {
      const whole = current === '' ? key : `${current}.${key}`
      if (whole === table || (name !== undefined && whole === `${table}.${name}`)) return index + 1
    }
  }
  return tableLine
}
