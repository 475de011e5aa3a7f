import { createInterface } from 'node:readline/promises'

/** Writes a line for people or programs. */
export function say(line: string): void {
  process.stdout.write(line + '\n')
}

/** Writes a line beside the output: progress, hints, warnings. */
export function hint(line: string): void {
  process.stderr.write(line + '\n')
}

/** A number and what it counts, as in `1 mailbox` and `2 mailboxes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : noun.endsWith('x') ? 'es' : 's'}`
}

/** Prints a result as one line of JSON, or by `lines` for people. */
export function report(asJson: boolean | undefined, value: unknown, lines: () => Iterable<string>): void {
  if (asJson) say(JSON.stringify(value))
  else for (const line of lines()) say(line)
}

/** All of standard input as text. */
export async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array)) // no encoding is set
  return Buffer.concat(chunks).toString('utf8')
}

/** Asks a question to be answered with yes; false also where nobody can answer. */
export async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  const dialogue = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(?:es)?$/i.test((await dialogue.question(`${question} [y/N] `)).trim())
  } finally {
    dialogue.close()
  }
}

/** Columns side by side, the first row as heading. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
