/** Real mail, where it is at hand. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const directory = join(import.meta.dirname, '../../../shared/corpus')

/** Why tests that need the corpus are skipped; false where it is there. */
export const noCorpus: string | false = !existsSync(directory) && 'there is no corpus of mail beside the repository'

/** One message of the corpus with CR LF at its line ends, as latin1. */
export interface CorpusMessage {
  readonly name: string
  readonly octets: string
}

/** Messages that a client may send as a literal: those without NUL. Every `step`-th of them. */
export function corpusMessages(step: number = 1): CorpusMessage[] {
  return globSync('*.eml', { cwd: directory })
    .sort()
    .filter((_, index) => index % step === 0)
    .map((name) => ({ name, octets: readFileSync(join(directory, name), 'latin1').replace(/\r?\n|\r/g, '\r\n') }))
    .filter(({ octets }) => octets !== '' && !octets.includes('\0'))
}
