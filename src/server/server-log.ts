import { pino } from 'pino'
import type { Log } from '../model/log.ts'
import type { Config } from './config-type.ts'
import { exitCodes } from './failures.ts'

/** The log of a server, whose level may change. */
export interface ServerLog extends Log {
  level: string
}

/** The log on standard error, a line of JSON for each entry, each with `fields`. */
export function newLog({ log }: Config, fields: object | null = null): ServerLog {
  return pino({ level: log.level, base: fields, redact: ['password'] }, pino.destination({ fd: 2, sync: true }))
}

/** A fault that nobody caught leaves the process in a state nobody planned: it says so and ends. */
export function endOnFaults(log: Log): void {
  const end = (error: unknown): void => {
    log.error({ err: error }, 'unexpected failure: the process ends')
    process.exit(exitCodes.failed)
  }
  process.once('uncaughtException', end)
  process.once('unhandledRejection', end)
}
