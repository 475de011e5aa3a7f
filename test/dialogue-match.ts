/**
 * Compares a response with the one a dialogue wants. What the RFCs leave open is left open here: the case of atoms,
 * text for humans, quoted string or literal, and the order of flags, attributes, capabilities and FETCH items.
 */
import type { Octets } from './dialogue-file.ts'

/** What a response consists of. `gap` is the number of spaces before it. */
export type Node =
  | { readonly kind: 'atom' | 'string'; readonly text: Octets; readonly gap: number }
  | { readonly kind: 'list'; readonly open: '(' | '['; readonly items: readonly Node[]; readonly gap: number }

/** What the variables of a dialogue stand for, as canonical text. */
export type Bindings = Map<string, string>

/** Takes a response (or the part of it that has grammar) apart; throws a SyntaxError when it has none. */
export function parseNodes(octets: Octets): Node[] {
  let at = 0

  function nodes(close: string): Node[] {
    const found: Node[] = []
    for (;;) {
      const start = at
      while (octets[at] === ' ') at++
      const gap = at - start
      const char = octets[at]
      if (char === undefined || char === ')' || char === ']') {
        if (close !== (char ?? '')) throw new SyntaxError(`expected ${close || 'the end'} at octet ${at}`)
        if (gap > 0) throw new SyntaxError(`a space too many at octet ${start}`)
        at++
        return found
      }
      if (char === '(' || char === '[') {
        at++
        found.push({ kind: 'list', open: char, items: nodes(char === '(' ? ')' : ']'), gap })
      } else if (char === '"') found.push({ kind: 'string', text: quoted(), gap })
      else found.push(literalOrAtom(gap))
    }
  }

  function quoted(): Octets {
    let text = ''
    for (at++; octets[at] !== '"'; at++) {
      if (octets[at] === '\\') at++
      if (at >= octets.length) throw new SyntaxError('a quoted string has no end')
      text += octets[at]
    }
    at++
    return text
  }

  function literalOrAtom(gap: number): Node {
    const [head, size] = /^~?\{(\d+)\+?\}\r\n/.exec(octets.slice(at, at + 20)) ?? []
    if (head !== undefined) {
      const start = at + head.length
      at = start + Number(size)
      return { kind: 'string', text: octets.slice(start, at), gap }
    }
    const start = at
    while (at < octets.length && !' ()[]"'.includes(octets[at] ?? '')) at++
    return { kind: 'atom', text: octets.slice(start, at), gap }
  }

  return nodes('')
}

/** Whether `got` (a response without its last CRLF) is what `expected` says; binds variables if so. */
export function matches(expected: Octets, got: Octets, bindings: Bindings): boolean {
  const trial = new Map(bindings)
  let same: boolean
  try {
    same = new Matcher(trial).response(expected, got)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    same = false
  }
  if (same) for (const [name, value] of trial) bindings.set(name, value)
  return same
}

/** `* OK [CODE] text` and `a1 NO text`: the part with grammar, and whether a code is in it. */
function statusOf(octets: Octets): { head: string; code: Node | undefined } | undefined {
  const [head, tag, status] = /^([^ ]+) (OK|NO|BAD|BYE|PREAUTH)(?= |$)/i.exec(octets) ?? []
  if (head === undefined || tag === undefined || status === undefined) return undefined
  const rest = octets.slice(head.length + 1)
  if (!rest.startsWith('[')) return { head: `${tag} ${status.toUpperCase()}`, code: undefined }
  return { head: `${tag} ${status.toUpperCase()}`, code: parseNodes(codeIn(rest))[0] }
}

/** `[...]` at the start of `text`, its closing bracket found with strings passed over. */
function codeIn(text: Octets): Octets {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '"') inString = !inString
    else if (!inString && char === '[') depth++
    else if (!inString && char === ']' && --depth === 0) return text.slice(0, at + 1)
  }
  throw new SyntaxError('a response code has no end')
}

/** Any LIST may have them or not (RFC 9051 §7.3.1); `\Noselect` is in `\NonExistent`. */
const freeAttributes = new Set(['\\marked', '\\unmarked', '\\haschildren', '\\hasnochildren', '\\noselect'])

/** The name in `[!NAME]`: any code but this one, or none. */
function unwantedCode(code: Node): string | undefined {
  const [name] = code.kind === 'list' ? code.items : []
  return name?.kind === 'atom' && name.text.startsWith('!') ? name.text.slice(1) : undefined
}

const isVariable = (text: string): boolean => /^\$[a-z]\w*$/.test(text)

/** A value as it is bound to a variable and put into commands: strings keep their quotes only inside lists. */
function canonical(node: Node, inList = false): string {
  if (node.kind === 'list') {
    const inner = node.items.map((item) => canonical(item, true)).join(' ')
    return node.open === '(' ? `(${inner})` : `[${inner}]`
  }
  return node.kind === 'string' && inList ? `"${node.text}"` : node.text
}

class Matcher {
  readonly #bindings: Bindings
  /** Whether strings compare without regard to case, too (media types and parameters). */
  #ignoreCase = false

  constructor(bindings: Bindings) {
    this.#bindings = bindings
  }

  response(expected: Octets, got: Octets): boolean {
    if (expected === '+' || expected === '+ ') return got.startsWith('+')
    if (expected.startsWith('+')) return this.#sequence(parseNodes(expected), parseNodes(got))
    const wanted = statusOf(expected)
    if (wanted) {
      const status = statusOf(got)
      if (status?.head.toUpperCase() !== wanted.head.toUpperCase()) return false
      if (!wanted.code) return true
      const unwanted = unwantedCode(wanted.code)
      if (unwanted !== undefined)
        return status.code?.kind !== 'list' || canonical(status.code).split(/[ \]]/)[0] !== `[${unwanted}`
      return status.code !== undefined && this.#code(wanted.code, status.code)
    }
    return this.#untagged(parseNodes(expected), parseNodes(got))
  }

  #code(expected: Node, got: Node): boolean {
    if (expected.kind !== 'list' || got.kind !== 'list') return false
    const [name, ...rest] = expected.items
    const [gotName, ...gotRest] = got.items
    if (!name || !gotName || !this.#node(name, gotName)) return false
    const word = name.kind === 'atom' ? name.text.toUpperCase() : ''
    if (word === 'CAPABILITY') return this.#contains(rest, gotRest)
    if (word === 'BADCHARSET' && rest.length === 0) return true
    if (word === 'PERMANENTFLAGS') return this.#sets(rest, gotRest)
    return this.#sequence(rest, gotRest)
  }

  #untagged(expected: readonly Node[], got: readonly Node[]): boolean {
    const first = expected[1]
    const numbered = first?.kind === 'atom' && (/^\d+$/.test(first.text) || isVariable(first.text))
    const at = numbered ? 2 : 1
    const word = expected[at]?.kind === 'atom' ? expected[at].text.toUpperCase() : ''
    if (!this.#sequence(expected.slice(0, at + 1), got.slice(0, at + 1))) return false
    const wanted = expected.slice(at + 1)
    const found = got.slice(at + 1)
    switch (word) {
      case 'CAPABILITY':
        return this.#contains(wanted, found)
      case 'ENABLED':
      case 'SEARCH':
      case 'FLAGS':
        return word === 'FLAGS' ? this.#sets(wanted, found) : this.#set(wanted, found)
      case 'FETCH':
        return this.#attributes(wanted[0], found[0]) && wanted.length === 1 && found.length === 1
      case 'STATUS':
        return this.#sequence(wanted.slice(0, 1), found.slice(0, 1)) && this.#attributes(wanted[1], found[1])
      case 'LIST':
      case 'LSUB':
        return (
          this.#mailboxAttributes(wanted[0], found[0]) &&
          this.#sequence(wanted.slice(1, 3), found.slice(1, 3)) &&
          this.#pairSets(wanted[3], found[3])
        )
      case 'METADATA': // entries with their values, or names alone
        return (
          this.#sequence(wanted.slice(0, 1), found.slice(0, 1)) &&
          (wanted[1]?.kind === 'list'
            ? this.#attributes(wanted[1], found[1]) && wanted.length === found.length
            : this.#set(wanted.slice(1), found.slice(1)))
        )
      case 'ESEARCH':
        return this.#searchResult(wanted, found)
      default:
        return this.#sequence(wanted, found)
    }
  }

  #sequence(expected: readonly Node[], got: readonly Node[]): boolean {
    return (
      expected.length === got.length &&
      expected.every((node, index) => {
        const other = got[index]
        return other !== undefined && node.gap === other.gap && this.#node(node, other)
      })
    )
  }

  #node(expected: Node, got: Node): boolean {
    if (expected.kind === 'atom' && isVariable(expected.text)) return this.#bind(expected.text, canonical(got))
    if (expected.kind === 'list') {
      return got.kind === 'list' && got.open === expected.open && this.#sequence(expected.items, got.items)
    }
    if (got.kind === 'list') return false
    if (expected.kind === 'atom' && got.kind === 'atom') return sameAtom(expected.text, got.text)
    if (expected.kind !== got.kind && !mayBeEither(expected.kind === 'atom' ? expected.text : got.text)) return false
    return this.#ignoreCase || expected.kind !== got.kind
      ? expected.text.toLowerCase() === got.text.toLowerCase()
      : expected.text === got.text
  }

  #bind(name: string, value: string): boolean {
    const known = this.#bindings.get(name)
    if (known === undefined) this.#bindings.set(name, value)
    return known === undefined || known === value
  }

  /** Every expected atom is there; those with `!` before them are not. */
  #contains(expected: readonly Node[], got: readonly Node[]): boolean {
    const names = new Set(got.map((node) => canonical(node).toUpperCase()))
    return expected.every((node) => {
      const name = canonical(node).toUpperCase()
      return name.startsWith('!') ? !names.has(name.slice(1)) : names.has(name)
    })
  }

  /** The same nodes in any order. */
  #set(expected: readonly Node[], got: readonly Node[]): boolean {
    const left = [...got]
    return (
      expected.length === got.length &&
      expected.every((node) => {
        const found = left.findIndex((other) => this.#node(node, other))
        if (found !== -1) left.splice(found, 1)
        return found !== -1
      })
    )
  }

  /** Lists whose items are sets. */
  #sets(expected: readonly Node[], got: readonly Node[]): boolean {
    const [wanted, found] = [expected[0], got[0]]
    if (wanted?.kind === 'atom') return found !== undefined && this.#node(wanted, found)
    if (expected.length !== 1 || got.length !== 1 || wanted?.kind !== 'list' || found?.kind !== 'list') return false
    return this.#set(wanted.items, found.items)
  }

  /** Attributes that a server may send or not count only where they are written. */
  #mailboxAttributes(expected: Node | undefined, got: Node | undefined): boolean {
    if (expected?.kind !== 'list' || got?.kind !== 'list')
      return expected?.kind === 'atom' && this.#sets([expected], got ? [got] : [])
    const written = new Set(expected.items.map((node) => canonical(node).toLowerCase()))
    const relevant = got.items.filter((node) => {
      const name = canonical(node).toLowerCase()
      return !freeAttributes.has(name) || written.has(name)
    })
    return this.#set(expected.items, relevant)
  }

  /** `(NAME value NAME value)` in any order of the names. */
  #attributes(expected: Node | undefined, got: Node | undefined): boolean {
    if (expected?.kind !== 'list' || got?.kind !== 'list') return expected === got
    return this.#pairs(expected.items, got.items)
  }

  #pairs(expected: readonly Node[], got: readonly Node[]): boolean {
    const wanted = pairsOf(expected)
    const found = pairsOf(got)
    if (wanted.length !== found.length || new Set(found.map(([name]) => name)).size !== found.length) return false
    return wanted.every(([name, value]) => {
      const other = found.find(([otherName]) => otherName === name)
      return other !== undefined && this.#value(name, value, other[1])
    })
  }

  #value(name: string, expected: Node, got: Node): boolean {
    if (name === 'FLAGS') return this.#sets([expected], [got])
    if ((name === 'INTERNALDATE' || name === 'SAVEDATE') && expected.kind === 'string' && got.kind === 'string') {
      return expected.text === got.text || Date.parse(expected.text) === Date.parse(got.text)
    }
    this.#ignoreCase = name === 'BODY' || name === 'BODYSTRUCTURE'
    const same = this.#node(expected, got)
    this.#ignoreCase = false
    return same
  }

  /** LIST's extended data: `("CHILDINFO" ("SUBSCRIBED") "OLDNAME" ("x"))`. */
  #pairSets(expected: Node | undefined, got: Node | undefined): boolean {
    if (expected?.kind !== 'list' || got?.kind !== 'list') return expected === got
    const wanted = pairsOf(expected.items)
    const found = pairsOf(got.items)
    return (
      wanted.length === found.length &&
      wanted.every(([name, value]) => {
        const other = found.find(([otherName]) => otherName === name)
        return other !== undefined && this.#sets([value], [other[1]])
      })
    )
  }

  #searchResult(expected: readonly Node[], got: readonly Node[]): boolean {
    const bare = (nodes: readonly Node[]): number =>
      nodes.findIndex((node) => node.kind === 'atom' && node.text.toUpperCase() !== 'UID')
    const split = (nodes: readonly Node[]): number => (bare(nodes) === -1 ? nodes.length : bare(nodes))
    return (
      this.#sequence(expected.slice(0, split(expected)), got.slice(0, split(got))) &&
      this.#pairs(expected.slice(split(expected)), got.slice(split(got)))
    )
  }
}

/** Names with their values; a name goes as far as no space parts it (`BODY[1]<0>`). */
function pairsOf(nodes: readonly Node[]): [name: string, value: Node][] {
  const pairs: [string, Node][] = []
  for (let at = 0; at < nodes.length;) {
    let name = ''
    do {
      const node = nodes[at++]
      if (!node) throw new SyntaxError('a name without value')
      name += plainName(node)
    } while (nodes[at]?.gap === 0)
    const value = nodes[at++]
    if (value?.gap !== 1) throw new SyntaxError(`${name}: one space and a value expected`)
    pairs.push([name, value])
  }
  return pairs
}

/** A name in capitals, header names without their quotes. */
function plainName(node: Node): string {
  if (node.kind !== 'list') return node.text.toUpperCase()
  const inner = node.items.map((item) => plainName(item)).join(' ')
  return node.open === '(' ? `(${inner})` : `[${inner}]`
}

/** Atoms are equal without regard to case; sets of numbers when they name the same numbers in the same order. */
function sameAtom(a: string, b: string): boolean {
  return a.toUpperCase() === b.toUpperCase() || (numbersOf(a) !== undefined && numbersOf(a) === numbersOf(b))
}

/** Whether an atom's text may stand as a string as well: mailbox names do, NIL and numbers do not. */
const mayBeEither = (text: string): boolean => text.toUpperCase() !== 'NIL' && !/^\d+$/.test(text)

/** `1:3,7` as `1,2,3,7`; nothing for what is no such set or a huge one. */
function numbersOf(text: string): string | undefined {
  if (!/^\d+([:,]\d+)+$/.test(text)) return undefined
  const numbers: number[] = []
  for (const range of text.split(',')) {
    const [first = 0, last = first] = range.split(':').map(Number)
    const [low, high] = first < last ? [first, last] : [last, first]
    if (high - low > 1000) return undefined
    for (let n = low; n <= high; n++) numbers.push(n)
  }
  return numbers.join(',')
}
