/** Programs of the system that tests run. */
import { execFile, execFileSync } from 'node:child_process'
import type { ExecFileOptions } from 'node:child_process'

/** Why a test of these programs is skipped; false where all are installed. */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.filter((program) => {
    try {
      execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' })
      return false
    } catch {
      return true // not found
    }
  })
  return absent.length > 0 && `not installed: ${absent.join(', ')}`
}

/** What came of a program. Octets as latin1. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Milliseconds that a program may take. A guard only. */
const patienceMs = 20_000

/** What a program is given. */
export interface RunOptions extends ExecFileOptions {
  readonly input?: string | Uint8Array
  /** Its standard input has no end. */
  readonly holdInput?: boolean
}

/** Runs a program to its end, whatever its exit code. */
export function run(
  program: string,
  args: readonly string[],
  { input, holdInput = false, ...options }: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { timeout: patienceMs, maxBuffer: 256 * 1024 * 1024, ...options, encoding: 'latin1' },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') {
          reject(new Error(`${program}: ${error.signal ?? error.code}\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`))
        } else resolve({ code: Number(error?.code ?? 0), stdout, stderr })
      },
    )
    child.stdin?.on('error', () => {}) // a program may end before it has read everything
    if (!holdInput) child.stdin?.end(input)
  })
}

/** As {@link run}; its standard output. Throws unless the program succeeds. */
export async function output(...call: Parameters<typeof run>): Promise<string> {
  const { code, stdout, stderr } = await run(...call)
  if (code !== 0)
    throw new Error(
      `${call[0]} ${call[1].join(' ')}: exit code ${code}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`,
    )
  return stdout
}
