/** What the shell is told; the same for every command, and part of what scripts may rely on. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** The command did its work, and what it looked at is not in order. */
  problems: 3,
} as const

/** A command cannot be done; the message is the one sentence to show. */
export class CommandFailure extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message)
    this.name = 'CommandFailure'
    this.exitCode = exitCode
  }
}

/** Failures whose message is a sentence for people; any other, like a TypeError, is a fault of the program. */
const explained: ReadonlySet<string> = new Set([
  'BadAddress',
  'CertificateFailure',
  'CommandFailure',
  'ConfigFailure',
  'DirectoryFailure',
  'Error',
  'ListenFailure',
  'Refusal',
  'StoreFailure',
])

/** What to show of a failure, without its stack. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOSPC') return 'the disk is full'
  if (typeof code === 'string' && 'path' in error)
    return `${String(error.path)}: ${systemReasons[code] ?? error.message}`
  if (explained.has(error.name)) return error.message
  return `unexpected failure, please report it: ${error.message} (--verbose shows where)`
}

const systemReasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read or write it',
  EEXIST: 'it exists already',
  ELOOP: 'its symbolic links lead in a circle',
  EISDIR: 'it is a directory',
  ENOENT: 'there is no such file or directory',
  ENOTDIR: 'it is not a directory',
  EPERM: 'this user may not read or write it',
  EROFS: 'the file system is read-only',
}

/** The exit code for a failure. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailure) return error.exitCode
  return error instanceof Error && (error.name === 'ConfigFailure' || error.name === 'BadAddress')
    ? exitCodes.usage
    : exitCodes.failed
}
