import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ThreadAlgorithm } from '../wire/sort-grammar.ts'
import { mailboxOf } from './mailbox.test-support.ts'
import { type ThreadForest, threadRows } from './thread.ts'

/** A message of a test: its references, then options. */
interface Threaded {
  readonly id?: string
  readonly refs?: string
  readonly inReplyTo?: string
  readonly subject?: string
  /** Seconds; by default the message's number. */
  readonly date?: number
}

const octetsOf = ({ id, refs, inReplyTo, subject }: Threaded): string =>
  (id === undefined ? '' : `Message-ID: <${id}>\n`) +
  (refs === undefined ? '' : `References: ${refs.replace(/\S+/g, '<$&>')}\n`) +
  (inReplyTo === undefined ? '' : `In-Reply-To: ${inReplyTo}\n`) +
  `Subject: ${subject ?? ''}\n\n`

/** Each node as its number and, in brackets, its children; `*` where there is no message. Not for deep threads. */
function shape({ rows, firstChild, nextSibling, first }: ThreadForest): string {
  const siblings = (from: number): string[] => {
    const shapes: string[] = []
    for (let node = from; node >= 0; node = nextSibling[node] ?? -1) {
      const row = rows[node] ?? -1
      const children = siblings(firstChild[node] ?? -1)
      shapes.push((row < 0 ? '*' : String(row + 1)) + (children.length > 0 ? `[${children.join(' ')}]` : ''))
    }
    return shapes
  }
  return siblings(first).join(' ')
}

async function threads(
  mails: readonly Threaded[],
  algorithm: ThreadAlgorithm = 'REFERENCES',
  some?: readonly number[],
): Promise<ThreadForest> {
  const context = await mailboxOf(
    mails.map((mail, n) => ({ octets: octetsOf(mail), internalDate: mail.date ?? 1000 + n })),
  )
  const rows = some ? Uint32Array.from(some, (number) => number - 1) : Uint32Array.from(mails, (_, row) => row)
  return threadRows(rows, algorithm, context)
}

/** What a case is about, its messages, and the threads of all or some of them. */
const byReferences: readonly (readonly [what: string, mails: readonly Threaded[], shape: string, some?: number[]])[] = [
  ['nothing', [], ''],
  ['no references', [{ id: 'a' }, { id: 'b' }], '1 2'],
  ['a reply', [{ id: 'a' }, { id: 'b', refs: 'a' }], '1[2]'],
  [
    'a reply that came first',
    [
      { id: 'b', refs: 'a', date: 5 },
      { id: 'a', date: 9 },
    ],
    '2[1]',
  ],
  ['a chain', [{ id: 'a' }, { id: 'b', refs: 'a' }, { id: 'c', refs: 'a b' }], '1[2[3]]'],
  ['siblings by date', [{ id: 'a' }, { refs: 'a', date: 9000 }, { refs: 'a', date: 8000 }], '1[3 2]'],
  ['siblings of one date by number', [{ id: 'a' }, { refs: 'a', date: 8 }, { refs: 'a', date: 8 }], '1[2 3]'],
  ['In-Reply-To', [{ id: 'a' }, { id: 'b', inReplyTo: '<a> from <x@y>' }], '1[2]'],
  ['References before In-Reply-To', [{ id: 'a' }, { id: 'b' }, { refs: 'b', inReplyTo: '<a>' }], '1 2[3]'],
  ['quoted ids', [{ id: '"a"@x' }, { refs: 'a@x' }], '1[2]'],
  ['ids differ by case', [{ id: 'a' }, { refs: 'A' }], '1 2'],
  // Step 3: dummies.
  ['a missing parent of one', [{ id: 'b', refs: 'a' }], '1'],
  ['a missing parent of two', [{ refs: 'a' }, { refs: 'a' }], '*[1 2]'],
  ['missing ancestors of two', [{ refs: 'x y a' }, { refs: 'x y z a' }], '*[1 2]'],
  ['a missing link', [{ id: 'a' }, { refs: 'a b' }, { refs: 'a b' }], '1[2 3]'],
  ['a missing message between', [{ id: 'a' }, { id: 'c', refs: 'a b' }, { refs: 'a b c' }], '1[2[3]]'],
  ['not searched for', [{ id: 'a' }, { id: 'b', refs: 'a' }, { refs: 'a b' }, { refs: 'a' }], '*[3 4]', [3, 4]],
  // Step 1.A.
  ['two with one id', [{ id: 'a' }, { id: 'a' }, { refs: 'a' }], '1[3] 2'],
  ['a link stays', [{ id: 'c', refs: 'a b' }, { id: 'a' }, { id: 'b' }, { refs: 'b c' }], '2 3[1[4]]'],
  [
    'loops of two',
    [
      { id: 'a', refs: 'b' },
      { id: 'b', refs: 'a' },
    ],
    '2[1]',
  ],
  ['a loop with itself', [{ id: 'a', refs: 'a' }, { refs: 'a a' }], '1[2]'],
  [
    'a loop of three',
    [
      { id: 'a', refs: 'c' },
      { id: 'b', refs: 'a' },
      { id: 'c', refs: 'b' },
    ],
    '3[1[2]]',
  ],
  // Step 1.B: what a message says of its own parent counts more than what others say.
  ['its own parent', [{ id: 'c', refs: 'a b' }, { id: 'b', refs: 'x' }, { id: 'x' }, { id: 'a' }], '3[2[1]] 4'],
  ['no parent of its own', [{ refs: 'a b' }, { id: 'b' }, { id: 'a' }], '2[1] 3'],
  // Step 5.
  ['one subject', [{ subject: 'x' }, { subject: 'X' }], '*[1 2]'],
  ['no subject', [{}, { subject: 'Re:' }, {}], '1 2 3'],
  ['a reply by subject', [{ subject: 'x' }, { subject: 'Re: x' }], '1[2]'],
  ['a reply by subject that came first', [{ subject: 'Re: x' }, { subject: 'x' }], '2[1]'],
  ['two replies by subject', [{ subject: 'Re: x' }, { subject: 'Re: x' }], '*[1 2]'],
  ['three of one subject', [{ subject: 'x' }, { subject: 'x' }, { subject: 'x' }], '*[1 2 3]'],
  ['a reply to one of two', [{ subject: 'x' }, { subject: 'x' }, { subject: 'Re: x' }], '*[1 2 3]'],
  ['a reply before one of two', [{ subject: 'x' }, { subject: 'Re: x' }, { subject: 'x' }], '*[1[2] 3]'],
  ['a dummy and a message', [{ refs: 'a', subject: 'x' }, { refs: 'a' }, { subject: 'x' }], '*[1 2 3]'],
  ['a message and a dummy', [{ subject: 'x' }, { refs: 'a', subject: 'x' }, { refs: 'a' }], '*[1 2 3]'],
  [
    'two dummies',
    [{ refs: 'a', subject: 'x' }, { refs: 'b', subject: 'x' }, { refs: 'b' }, { refs: 'a' }],
    '*[1 2 3 4]',
  ],
  ['subjects below the first do not count', [{ id: 'a' }, { refs: 'a', subject: 'x' }, { subject: 'x' }], '1[2] 3'],
  // Step 6.
  ['a dummy by its first child', [{ date: 5 }, { refs: 'a', date: 9 }, { refs: 'a', date: 2 }], '*[3 2] 1'],
  ['a thread by its first message', [{ id: 'a', date: 7 }, { date: 5 }, { refs: 'a', date: 2 }], '2 1[3]'],
]

test('THREAD=REFERENCES', async () => {
  for (const [what, mails, expected, some] of byReferences) {
    assert.equal(shape(await threads(mails, 'REFERENCES', some)), expected, what)
  }
})

const bySubject: readonly (readonly [what: string, mails: readonly Threaded[], shape: string])[] = [
  ['nothing', [], ''],
  ['subjects apart', [{ subject: 'a' }, { subject: 'b' }], '1 2'],
  ['no grandchildren', [{ subject: 'a' }, { subject: 'Re: a' }, { subject: 'Re: A (fwd)' }], '1[2 3]'],
  [
    'by date',
    [
      { subject: 'a', date: 9 },
      { subject: 'b', date: 5 },
      { subject: 'a', date: 3 },
    ],
    '3[1] 2',
  ],
  [
    'by number',
    [
      { subject: 'a', date: 1 },
      { subject: 'b', date: 1 },
      { subject: 'a', date: 1 },
    ],
    '1[3] 2',
  ],
  [
    'references do not matter',
    [
      { id: 'a', subject: 'a' },
      { refs: 'a', subject: 'b' },
    ],
    '1 2',
  ],
  ['no subject is one', [{}, { subject: 'a' }, { subject: 'Re:' }], '1[3] 2'],
]

test('THREAD=ORDEREDSUBJECT', async () => {
  for (const [what, mails, expected] of bySubject) {
    assert.equal(shape(await threads(mails, 'ORDEREDSUBJECT')), expected, what)
  }
})

/** A message, or a dummy, as RFC 5256 §3 speaks of them. */
interface Container {
  message: { readonly number: number; readonly mail: Threaded } | undefined
  parent: Container | undefined
  children: Container[]
}

/** The steps of THREAD=REFERENCES (RFC 5256 §3) word by word, on plain objects. */
function threadsByTheBook(mails: readonly Threaded[]): string {
  const byId = new Map<string, Container>()
  const all: Container[] = []
  const create = (): Container => {
    const container: Container = { message: undefined, parent: undefined, children: [] }
    all.push(container)
    return container
  }
  const withId = (id: string): Container => {
    const found = byId.get(id) ?? create()
    byId.set(id, found)
    return found
  }
  const isAbove = (one: Container, other: Container | undefined): boolean =>
    other !== undefined && (one === other || isAbove(one, other.parent))
  const link = (parent: Container, child: Container): void => {
    if (isAbove(child, parent)) return
    child.parent = parent
    parent.children.push(child)
  }
  mails.forEach((mail, n) => {
    let last: Container | undefined
    for (const id of (mail.refs ?? '').split(' ').filter((word) => word !== '')) {
      const container = withId(id)
      if (last && !container.parent) link(last, container)
      last = container
    }
    let own = mail.id === undefined ? create() : withId(mail.id)
    if (own.message) own = create()
    own.message = { number: n + 1, mail }
    const { parent } = own
    if (parent) parent.children = parent.children.filter((child) => child !== own)
    own.parent = undefined
    if (last) link(last, own)
  })

  const prune = (children: readonly Container[], isTop: boolean): Container[] =>
    children.flatMap((child) => {
      child.children = prune(child.children, false)
      if (child.message || (isTop && child.children.length > 1)) return [child]
      return child.children
    })
  let root = prune(
    all.filter((container) => !container.parent),
    true,
  )
  const shown = (container: Container): { number: number; mail: Threaded } => {
    const message = container.message ?? container.children[0]?.message
    if (!message) throw new Error('a dummy without messages')
    return message
  }
  const dateOf = (container: Container): number => {
    const { number, mail } = shown(container)
    return (mail.date ?? 0) * 1000 + number
  }
  const sortAll = (children: Container[]): void => {
    for (const child of children) sortAll(child.children)
    children.sort((a, b) => dateOf(a) - dateOf(b))
  }
  sortAll(root)

  const subjectOf = (container: Container): string => (shown(container).mail.subject ?? '').replace('Re: ', '')
  const isReply = ({ message }: Container): boolean => message?.mail.subject?.startsWith('Re: ') === true
  const table = new Map<string, Container>()
  for (const thread of root) {
    const before = table.get(subjectOf(thread))
    if (subjectOf(thread) === '') continue
    if (!before || (before.message && (!thread.message || (isReply(before) && !isReply(thread))))) {
      table.set(subjectOf(thread), thread)
    }
  }
  for (const thread of root) {
    const first = table.get(subjectOf(thread))
    if (!first || first === thread) continue
    if (!first.message && !thread.message) first.children.push(...thread.children)
    else if (!first.message || (isReply(thread) && !isReply(first))) first.children.push(thread)
    else {
      const dummy: Container = { message: undefined, parent: undefined, children: [first, thread] }
      table.set(subjectOf(thread), dummy)
      root = root.map((other) => (other === first ? dummy : other))
    }
    root = root.filter((other) => other !== thread)
  }
  sortAll(root)
  const print = (container: Container): string => {
    const children = container.children.map(print).join(' ')
    return (container.message ? String(container.message.number) : '*') + (children === '' ? '' : `[${children}]`)
  }
  return root.map(print).join(' ')
}

test('THREAD=REFERENCES is what its steps say', async () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const mail: fc.Arbitrary<Threaded> = fc
    .record({
      id: fc.option(id, { nil: undefined, freq: 8 }),
      refs: fc.array(id, { maxLength: 4 }).map((ids) => ids.join(' ')),
      subject: fc.constantFrom('', '', '', 'x', 'Re: x', 'y', 'Re: y'),
      date: fc.nat(5),
    })
    .map(({ id: own, ...rest }) => (own === undefined ? rest : { ...rest, id: own }))
  await fc.assert(
    fc.asyncProperty(fc.array(mail, { maxLength: 9 }), async (mails) => {
      assert.equal(shape(await threads(mails)), threadsByTheBook(mails))
    }),
    { numRuns: 100 },
  )
})

/** The depth of the deepest thread, and how many messages there are. */
function measure({ rows, firstChild, nextSibling, first }: ThreadForest): { depth: number; messages: number } {
  let deepest = 0
  let messages = 0
  const waiting: [node: number, depth: number][] = first < 0 ? [] : [[first, 1]]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [node, depth] = next
    deepest = Math.max(deepest, depth)
    if ((rows[node] ?? -1) >= 0) messages++
    const [child = -1, sibling = -1] = [firstChild[node], nextSibling[node]]
    if (sibling >= 0) waiting.push([sibling, depth])
    if (child >= 0) waiting.push([child, depth + 1])
  }
  return { depth: deepest, messages }
}

test('long chains, from either end and in a circle', async () => {
  const length = 10_000
  const chain = Array.from({ length }, (_, n) => ({ id: `m${n}`, refs: `m${n - 1}` }))
  assert.deepEqual(measure(await threads(chain)), { depth: length, messages: length })
  assert.deepEqual(measure(await threads(chain.toReversed())), { depth: length, messages: length })
  const circle = chain.map((mail, n) => (n === 0 ? { id: 'm0', refs: `m${length - 1}` } : mail))
  assert.deepEqual(measure(await threads(circle)), { depth: length, messages: length })
  const long = Array.from({ length: 2_000 }, (_, n) => `r${n}`).join(' ')
  assert.deepEqual(measure(await threads([{ refs: long }, { refs: long + ' x' }])), { depth: 2, messages: 2 })
})
