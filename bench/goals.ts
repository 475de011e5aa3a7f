/** How many times better than Dovecot a row has to be, and in what: elapsed time, processor time or memory. */
export interface Goal {
  readonly by: 'wallMs' | 'cpuMs' | 'memoryKib'
  readonly factor: number
}

const wall = (factor: number): Goal => ({ by: 'wallMs', factor })
const cpu = (factor: number): Goal => ({ by: 'cpuMs', factor })
const memory = (factor: number): Goal => ({ by: 'memoryKib', factor })

/** By the beginning of a row's name; the first that fits holds. */
const goals: readonly (readonly [beginning: string, goal: Goal])[] = [
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
  ['SORT (DATE), first', cpu(10)],
  ['SORT (SUBJECT), first', cpu(10)],
  ['SORT', cpu(2)],
  ['THREAD REFERENCES, first', cpu(5)],
  ['THREAD', cpu(3)],
  ['mixed load', wall(2)],
  ['QRESYNC', wall(2)],
  ['FETCH CHANGEDSINCE', wall(2)],
  ['FETCH', wall(4)],
  ['an idle connection, plain', memory(50)],
  ['an idle connection, TLS', memory(8)],
  ['APPEND to EXISTS', wall(25)],
  ['STATUS', wall(2)],
  ['LIST-STATUS', wall(2)],
]

export const goalOf = (row: string): Goal | undefined => goals.find(([beginning]) => row.startsWith(beginning))?.[1]
