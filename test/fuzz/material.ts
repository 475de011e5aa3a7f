import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allDialogues } from '../all-dialogues.ts'
import type { Dialogue } from '../dialogue-file.ts'

/** What the client of a dialogue says, and where it begins. Octets, one a char. */
export interface Monologue {
  readonly from: string
  /** Signed in already, and with INBOX selected. */
  readonly start: 'greeted' | 'authenticated' | 'selected'
  /** Commands, or pieces of them. */
  readonly sends: readonly string[]
}

/** What a run of the fuzzer begins with. */
export interface Material {
  readonly monologues: readonly Monologue[]
  /** Messages, one char an octet. */
  readonly messages: readonly string[]
}

const corpus = join(import.meta.dirname, '../../../shared/corpus')
const messages = join(import.meta.dirname, '../dialogues/messages')

function filesIn(directory: string): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter((name) => name.endsWith('.eml'))
    .sort()
    .map((name) => readFileSync(join(directory, name), 'latin1'))
}

/** All sessions of a dialogue, each by itself; variables stand for 1. */
function monologuesOf({ path, starts, steps }: Dialogue): Monologue[] {
  const bySession = new Map<string, string[]>()
  for (const step of steps) {
    if (step.kind !== 'send') continue
    const sends = bySession.get(step.session) ?? []
    sends.push(step.octets.replaceAll(/\$[a-z]\w*/g, '1'))
    bySession.set(step.session, sends)
  }
  return [...bySession].map(([session, sends]) => {
    const { at } = starts.get(session) ?? { at: 'authenticated' }
    const start = at === 'connected' || at === 'greeted' ? 'greeted' : at === 'authenticated' ? at : 'selected'
    return { from: path, start, sends }
  })
}

/** Reads the dialogues, their messages, and the corpus of odd mail where it is there. */
export function loadMaterial(): Material {
  const odd = filesIn(corpus).filter((octets) => octets.length < 100_000)
  return {
    monologues: allDialogues().flatMap(monologuesOf),
    messages: [...filesIn(messages).map((text) => text.replaceAll(/\r?\n/g, '\r\n')), ...odd],
  }
}
