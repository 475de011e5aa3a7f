/** Threads of messages (RFC 5256 §3). Nothing here recurses: messages name each other in chains of any length. */
import type { OctetsTaker } from '../mime/keys.ts'
import type { ThreadAlgorithm } from '../wire/sort-grammar.ts'
import type { Breathe, SearchScope } from './context.ts'
import { keyColumns, type KeyColumns, readKeys } from './key-columns.ts'
import { inSlices } from './slices.ts'
import { sortRows } from './sort.ts'
import { byNewestMessage } from './thread-order.ts'
import { TextTable } from './text-table.ts'

/** Threads as a forest. Nodes are numbers; each list of siblings is in its order. */
export interface ThreadForest {
  /** By node, the row of its message; -1 for a parent that is not among the messages. */
  readonly rows: Int32Array
  /** By node, its first child; -1 for none. */
  readonly firstChild: Int32Array
  /** By node, its next sibling; -1 for none. */
  readonly nextSibling: Int32Array
  /** The first of the threads; -1 for none. */
  readonly first: number
}

/** The threads of these rows (ascending). */
export async function threadRows(
  rows: Uint32Array,
  algorithm: ThreadAlgorithm,
  scope: SearchScope,
): Promise<ThreadForest> {
  const { messages } = scope.snapshot
  const isWhole = rows.length === messages.length && !scope.collation
  const before = isWhole ? kept.get(messages)?.get(algorithm) : undefined
  if (before) return before
  const forest = await newForest(rows, algorithm, scope)
  if (isWhole && forest.rows.length <= maxKeptNodes) {
    const forests = kept.get(messages)
    if (forests) forests.set(algorithm, forest)
    else kept.set(messages, new Map([[algorithm, forest]]))
  }
  return forest
}

/** Nodes of a mailbox's threads that are kept beyond the command that found them. */
const maxKeptNodes = 1_000_000

/** The threads of whole mailboxes, by the column of messages: another one when any message comes or goes. */
const kept = new WeakMap<Uint32Array, Map<ThreadAlgorithm, ThreadForest>>()

async function newForest(rows: Uint32Array, algorithm: ThreadAlgorithm, scope: SearchScope): Promise<ThreadForest> {
  const byDate = await sortRows(rows, [{ key: 'DATE', reverse: false }], scope)
  const columns = await keyColumns(['dates', 'baseSubject'], rows, scope)
  if (algorithm === 'ORDEREDSUBJECT') return bySubject(byDate, columns, scope)
  const ancestors = await ancestry(rows, scope)
  if (algorithm === 'REFERENCES') return byReferences(byDate, columns, ancestors, scope)
  return byNewestMessage(await byReferences(byDate, undefined, ancestors, scope), scope)
}

/** Puts nodes under their parents, one after the other, so that siblings are in the order of the calls. */
class ForestBuilder {
  readonly #rows: Int32Array
  readonly #firstChild: Int32Array
  readonly #lastChild: Int32Array
  readonly #nextSibling: Int32Array
  #first = -1
  #last = -1

  constructor(nodes: number) {
    this.#rows = new Int32Array(nodes).fill(-1)
    this.#firstChild = new Int32Array(nodes).fill(-1)
    this.#lastChild = new Int32Array(nodes).fill(-1)
    this.#nextSibling = new Int32Array(nodes).fill(-1)
  }

  /** `parent` is -1 for a thread's first message, `row` -1 for a node without a message. */
  add(node: number, parent: number, row: number): void {
    this.#rows[node] = row
    const last = parent < 0 ? this.#last : this.#lastChild[parent]! // nodes are inside bounds by contract
    if (last >= 0) this.#nextSibling[last] = node
    else if (parent < 0) this.#first = node
    else this.#firstChild[parent] = node
    if (parent < 0) this.#last = node
    else this.#lastChild[parent] = node
  }

  get forest(): ThreadForest {
    return { rows: this.#rows, firstChild: this.#firstChild, nextSibling: this.#nextSibling, first: this.#first }
  }
}

/** THREAD=ORDEREDSUBJECT: the first message of each base subject, and all others with it as its children. */
async function bySubject(byDate: Uint32Array, columns: KeyColumns, { breathe }: SearchScope): Promise<ThreadForest> {
  const subjects = columns.textNumbers('baseSubject')
  /** By number of a subject, of which there are no more than rows, its first node; -1 for none yet. */
  const threads = new Int32Array(subjects.length + 1).fill(-1)
  const builder = new ForestBuilder(byDate.length)
  const place = (node: number): void => {
    const row = byDate[node]! // inside bounds
    const subject = subjects[row]!
    const parent = threads[subject]!
    if (parent < 0) threads[subject] = node
    builder.add(node, parent, row)
  }
  await inSlices(byDate.length, place, breathe)
  return builder.forest
}

/** Who answers whom: a node for each message and for each message-id that is only referred to. */
interface Ancestry {
  /** By row of the snapshot, the message's node. */
  readonly nodeOfRow: Int32Array
  /** By node, its row; -1 for a dummy. */
  readonly rows: readonly number[]
  /** By node, the node it answers; -1 for none. */
  readonly parents: readonly number[]
}

/** THREAD=REFERENCES, step 1. */
class References {
  readonly nodeOfRow: Int32Array
  readonly rows: number[] = []
  readonly parents: number[] = []
  readonly #childCounts: number[] = []
  readonly #ids = new TextTable()
  /** By number of a message-id; -1 for one that has no node yet. */
  readonly #nodeOfId: number[] = [-1]

  constructor(rows: number) {
    this.nodeOfRow = new Int32Array(rows)
  }

  /** A number for a message-id. */
  readonly numberOf: OctetsTaker = (octets, view, start, end) => {
    const number = this.#ids.numberOf(octets, view, start, end)
    if (number === this.#nodeOfId.length) this.#nodeOfId.push(-1)
    return number
  }

  /**
   * To be called in the order of sequence numbers. `ids` are numbers of message-ids: those that the message refers to,
   * behind its own if it has one.
   */
  add(row: number, hasId: boolean, ids: readonly number[]): void {
    // Step 1.A.
    let previous = -1
    for (let n = hasId ? 1 : 0; n < ids.length; n++) {
      const node = this.#nodeOf(ids[n]!) // inside bounds, as all nodes and numbers here
      if (previous >= 0 && this.parents[node] === -1) this.#link(previous, node)
      previous = node
    }
    // Step 1.B.
    const node = this.#nodeOfMessage(row, hasId ? ids[0] : undefined)
    this.#unlink(node)
    if (previous >= 0) this.#link(previous, node)
  }

  #newNode(row: number): number {
    this.parents.push(-1)
    this.#childCounts.push(0)
    return this.rows.push(row) - 1
  }

  #nodeOf(id: number): number {
    const node = this.#nodeOfId[id]!
    return node >= 0 ? node : (this.#nodeOfId[id] = this.#newNode(-1))
  }

  /** A message without an id, or with that of an earlier one, has a node that nobody can refer to. */
  #nodeOfMessage(row: number, id: number | undefined): number {
    let node = id === undefined ? -1 : this.#nodeOf(id)
    if (node < 0 || this.rows[node] !== -1) node = this.#newNode(row)
    else this.rows[node] = row
    this.nodeOfRow[row] = node
    return node
  }

  #unlink(node: number): void {
    const parent = this.parents[node]!
    if (parent < 0) return
    this.#childCounts[parent]!--
    this.parents[node] = -1
  }

  /** Makes a link unless it would close a loop. A node without children is nobody's ancestor, so few need a look. */
  #link(parent: number, child: number): void {
    if (parent === child) return
    if (this.#childCounts[child]! > 0) {
      for (let above = parent; above >= 0; above = this.parents[above]!) if (above === child) return
    }
    this.parents[child] = parent
    this.#childCounts[parent]!++
  }
}

async function ancestry(rows: Uint32Array, scope: SearchScope): Promise<Ancestry> {
  const references = new References(scope.snapshot.messages.length)
  const ids: number[] = []
  const take: OctetsTaker = (octets, view, start, end) => ids.push(references.numberOf(octets, view, start, end))
  await readKeys(rows, scope, (row, keys) => {
    ids.length = 0
    keys.eachId(take)
    references.add(row, keys.hasId, ids)
  })
  return references
}

/** THREAD=REFERENCES, steps 2 to 6, with messages by date; without `columns`, subjects make no difference. */
async function byReferences(
  byDate: Uint32Array,
  columns: KeyColumns | undefined,
  { nodeOfRow, rows, parents }: Ancestry,
  { breathe }: SearchScope,
): Promise<ThreadForest> {
  /** Also of those that step 5 adds behind all others. */
  const isDummy = (node: number): boolean => (rows[node] ?? -1) < 0
  const nodes = Uint32Array.from(byDate, (row) => nodeOfRow[row]!) // each row was given a node
  const parent = await nearestMessages(parents, isDummy, breathe)

  // Steps 2 and 3: a dummy stays where it is the first of a thread and more than one message hangs on it.
  const childCounts = new Uint32Array(rows.length)
  for (const node of nodes) if (parent[node]! >= 0) childCounts[parent[node]!]!++ // nodes, all inside bounds
  for (const node of nodes) {
    const above = parent[node]!
    if (above >= 0 && isDummy(above) && childCounts[above] === 1) parent[node] = -1
  }

  // Step 4: in the order of the messages by date a dummy comes where its first child does.
  const top: number[] = []
  /** By thread, the row of its first message; -1 for what is no thread. */
  const firstMessage = new Int32Array(rows.length).fill(-1)
  const addTop = (place: number): void => {
    const node = nodes[place]!
    const above = parent[node]!
    const thread = above < 0 ? node : isDummy(above) ? above : -1
    if (thread < 0 || firstMessage[thread]! >= 0) return
    firstMessage[thread] = byDate[place]!
    top.push(thread)
  }
  await inSlices(nodes.length, addTop, breathe)

  // Step 5.
  const merged = columns
    ? await mergeSubjects(top, { rows: rows.length, parent, isDummy, firstMessage, columns, breathe })
    : { dummies: 0, parentOf: (node: number) => parent[node]! }

  // Step 6: by date, so that all siblings are; a dummy comes with its first child.
  const builder = new ForestBuilder(rows.length + merged.dummies)
  const placed = new Uint8Array(rows.length + merged.dummies)
  const add = (place: number): void => {
    const node = nodes[place]!
    const above = merged.parentOf(node)
    if (above >= 0 && isDummy(above)) {
      if (!placed[above]) builder.add(above, -1, -1)
      placed[above] = 1
    }
    builder.add(node, above, byDate[place]!)
  }
  await inSlices(nodes.length, add, breathe)
  return builder.forest
}

/** By node, the nearest ancestor with a message; else the first dummy of its thread; -1 where there is neither. */
async function nearestMessages(
  parents: readonly number[],
  isDummy: (node: number) => boolean,
  breathe: Breathe,
): Promise<Int32Array> {
  const nearest = new Int32Array(parents.length)
  const known = new Uint8Array(parents.length)
  const path: number[] = []
  const find = (start: number): void => {
    for (let node = start; !known[node]; node = parents[node]!) {
      path.push(node)
      known[node] = 1
      nearest[node] = parents[node]! // inside bounds, as all nodes are
      if (nearest[node]! < 0 || !isDummy(nearest[node]!)) break
    }
    // From the top down: below a dummy, what is nearest to the dummy, or the dummy itself.
    for (let below = path.pop(); below !== undefined; below = path.pop()) {
      const parent = parents[below]!
      if (parent >= 0 && isDummy(parent)) nearest[below] = nearest[parent]! >= 0 ? nearest[parent]! : parent
    }
  }
  await inSlices(parents.length, find, breathe)
  return nearest
}

interface Threads {
  /** Nodes so far. */
  readonly rows: number
  readonly parent: Int32Array
  readonly isDummy: (node: number) => boolean
  readonly firstMessage: Int32Array
  readonly columns: KeyColumns
  readonly breathe: Breathe
}

/** Step 5: merges threads with the same subject. `top`: the threads by date. */
async function mergeSubjects(
  top: readonly number[],
  { rows, parent, isDummy, firstMessage, columns, breathe }: Threads,
): Promise<{ readonly dummies: number; readonly parentOf: (node: number) => number }> {
  const rowOf = (thread: number): number => firstMessage[thread]! // every thread has one
  const subjects = columns.textNumbers('baseSubject')
  const subjectOf = (thread: number): number => subjects[rowOf(thread)]! // rows of the snapshot
  const isReply = (thread: number): boolean => !isDummy(thread) && columns.isReplyOrForward[rowOf(thread)] === 1

  // Step 5.B. The empty subject has the number 0.
  const table = new Map<number, number>()
  const enter = (place: number): void => {
    const thread = top[place]! // inside bounds, also below
    const subject = subjectOf(thread)
    if (subject === 0) return
    const before = table.get(subject)
    const replaces =
      before === undefined || (!isDummy(before) && (isDummy(thread) || (isReply(before) && !isReply(thread))))
    if (replaces) table.set(subject, thread)
  }
  await inSlices(top.length, enter, breathe)

  // Step 5.C.
  let nodes = rows
  /** Threads that came under another, and where. */
  const moved = new Int32Array(rows).fill(-1)
  const merge = (place: number): void => {
    const thread = top[place]!
    const subject = subjectOf(thread)
    const first = subject === 0 ? thread : (table.get(subject) ?? thread)
    if (first === thread) return
    if (isDummy(first) || (isReply(thread) && !isReply(first))) {
      moved[thread] = first
      return
    }
    const dummy = nodes++
    moved[first] = dummy
    moved[thread] = dummy
    table.set(subject, dummy)
  }
  await inSlices(top.length, merge, breathe)
  return {
    dummies: nodes - rows,
    parentOf: (node) => {
      const above = parent[node]! // inside bounds
      if (above < 0) return moved[node]!
      // A dummy that was merged with another is gone, and its children are the other's.
      return isDummy(above) && moved[above]! >= 0 ? moved[above]! : above
    },
  }
}
