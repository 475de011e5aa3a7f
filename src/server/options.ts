/** Options that several commands have, and what they come to. */
import { Option } from 'commander'
import { loadConfig } from './config.ts'
import type { RawConfig } from './config.ts'
import type { Config } from './config-type.ts'

/** `--data DIR` */
export const dataOption = (): Option => new Option('--data <dir>', 'the data directory (default: ./data)')
/** `--config FILE` */
export const configOption = (): Option =>
  new Option('--config <file>', 'the configuration (default: the file that CRISPIN_CONFIG names, if any)')
/** `--json` */
export const jsonOption = (): Option => new Option('--json', 'print one line of JSON')

/** What {@link dataOption} and {@link configOption} give. */
export interface DataOptions {
  readonly data?: string
  readonly config?: string
}

/** The configuration of a command: file, environment, then `overrides` from its options. Throws `ConfigFailure`. */
export async function configFor({ data, config }: DataOptions, overrides: RawConfig = {}): Promise<Config> {
  const server = data === undefined ? {} : { dataDirectory: data }
  return await loadConfig({
    file: config ?? process.env['CRISPIN_CONFIG'],
    environment: process.env,
    overrides: { ...overrides, server: { ...overrides['server'], ...server } },
  })
}
