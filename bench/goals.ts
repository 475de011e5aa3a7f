/** What a row is to reach: so many times better than Dovecot, or no more than a figure of its own. */
import type { Figures, Kind } from './measure.ts'

/** One condition on a row. */
export type Goal =
  | { readonly by: Kind; readonly factor: number; readonly atMost?: never }
  | { readonly by: Kind; readonly atMost: number; readonly factor?: never }

const wall = (factor: number): Goal => ({ by: 'wallMs', factor })
const cpu = (factor: number): Goal => ({ by: 'cpuMs', factor })
const atMost = (by: Kind, most: number): Goal => ({ by, atMost: most })

/** By the beginning of a row's name; the first that fits holds. */
const goals: readonly (readonly [beginning: string, ...goals: Goal[]])[] = [
  ['sign in and out', cpu(2)],
  ['APPEND, one by one', wall(3)],
  ['APPEND, 20 connections', wall(8)],
  ['MULTIAPPEND', wall(8)],
  ['LMTP, one', wall(5)],
  ['LMTP, 20', wall(8)],
  ['SELECT', wall(1)],
  ['FETCH 1:* FLAGS', cpu(3)],
  ['FETCH 1:* ENVELOPE etc., first', cpu(50)],
  ['FETCH 1:* ENVELOPE etc., again', cpu(10)],
  ['FETCH 1:* BODYSTRUCTURE, first', cpu(40)],
  ['FETCH 1:* BODYSTRUCTURE, again', cpu(2)],
  ['FETCH 1:* eight header fields, first', cpu(15)],
  ['FETCH 1:* eight header fields, again', cpu(2)],
  ['single parts, pipelined', cpu(2)],
  ['single parts, lock step', cpu(1.2)],
  ['STORE', cpu(1.5)],
  ['single STOREs', cpu(1)],
  ['COPY', cpu(10)],
  ['MOVE', cpu(10)],
  ['EXPUNGE', cpu(2)],
  ['SEARCH UNSEEN', cpu(3)],
  ['SEARCH KEYWORD', cpu(3)],
  ['SEARCH SINCE', cpu(20)],
  ['SEARCH SENTSINCE', cpu(20)],
  ['SEARCH LARGER', cpu(20)],
  ['SEARCH TEXT', cpu(100)],
  ['SEARCH BODY', cpu(100)],
  ['SEARCH', cpu(10)],
  ['text index', atMost('cpuMs', 0.3), atMost('diskShare', 0.15)],
  ['SORT (DATE), first', cpu(10)],
  ['SORT (SUBJECT), first', cpu(10)],
  ['SORT', cpu(2)],
  ['THREAD REFERENCES, first', cpu(5)],
  ['THREAD', cpu(3)],
  ['mixed load, p99', wall(2)],
  ['mixed load', cpu(2), wall(2)],
  ['QRESYNC', wall(2)],
  ['FETCH CHANGEDSINCE', wall(2)],
  ['FETCH', wall(4)],
  ['idle, plain', atMost('memoryKib', 10), atMost('cpuMs', 2)],
  ['idle, TLS', atMost('memoryKib', 65), atMost('cpuMs', 2)],
  ['APPEND to EXISTS, p50', atMost('wallMs', 5)],
  ['APPEND to EXISTS, p99', atMost('wallMs', 20)],
  ['STATUS', wall(2)],
  ['LIST-STATUS', wall(2)],
]

/** What a row is to reach; nothing for rows that are there for the answers or for orientation. */
export function goalsOf(row: string): readonly Goal[] {
  const [, ...own] = goals.find(([beginning]) => row.startsWith(beginning)) ?? ['']
  return own
}

/** Whether a goal is reached; undefined where it was not measured. */
export function isReached(goal: Goal, crispin: Figures, ratios: Figures): boolean | undefined {
  if (goal.factor !== undefined) {
    const ratio = ratios[goal.by]
    return ratio === undefined ? undefined : ratio >= goal.factor
  }
  const own = crispin[goal.by]
  return own === undefined ? undefined : own <= goal.atMost
}
