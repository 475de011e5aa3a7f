/** All dialogues of the repository. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Dialogue } from './dialogue-file.ts'
import { parseDialogue } from './dialogue-file.ts'

const directory = join(import.meta.dirname, 'dialogues')

/** Reads every dialogue, or those whose path contains `filter`, by path. */
export function allDialogues(filter = ''): Dialogue[] {
  return globSync('**/*.txt', { cwd: directory })
    .filter((path) => path.includes(filter))
    .sort()
    .map((path) => parseDialogue(directory, path, readFileSync(join(directory, path), 'utf8')))
}
