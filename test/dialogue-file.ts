/** Reads the golden transcripts of `test/dialogues`; the format is described in `test/dialogues/README.md`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Octets as text, one char for one octet: what goes over the wire and what is compared. */
export type Octets = string

/** One thing to do or to see, with its line in the file (from 1) and the session it belongs to. */
export type Step = { readonly line: number; readonly session: string } & (
  | { readonly kind: 'send'; readonly octets: Octets }
  /** One response; a block of them in any order has several `required` or `optional` ones. */
  | { readonly kind: 'expect'; readonly required: readonly Expected[]; readonly optional: readonly Expected[] }
  /** Untagged responses that nobody looks at, up to the one that the next step wants. */
  | { readonly kind: 'skip' }
  | { readonly kind: 'event'; readonly event: Event }
  /** EXPUNGE responses that take out just these messages, whatever their order; numbers as before the first. */
  | { readonly kind: 'expunged'; readonly seqNums: readonly number[] }
  | { readonly kind: 'compare'; readonly lower: string; readonly higher: string }
)

/** What happens to a connection besides octets. */
export type Event = 'close' | 'closed' | 'start TLS' | 'start DEFLATE'

/** A response as written in the file, its literals in it. */
export interface Expected {
  readonly line: number
  readonly octets: Octets
}

/** A message that is in a mailbox before the dialogue begins. */
export interface GivenMessage {
  readonly mailbox: string
  readonly count: number
  readonly message: string
  /** `(\Seen)`, or empty. */
  readonly flags: string
  /** `"01-Jan-2020 00:00:00 +0000"` with its quotes, or empty. */
  readonly date: string
}

/** How far a session is when the dialogue begins. */
export type Start =
  | { readonly at: 'connected' | 'greeted' | 'authenticated' }
  | { readonly at: 'selected' | 'examined'; readonly mailbox: string }

/** A transcript, parsed. */
export interface Dialogue {
  readonly path: string
  readonly title: string
  readonly lines: readonly string[]
  /** Why only Crispin can be asked this; empty if any server can. */
  readonly onlyCrispin: string
  /** Capabilities without which the dialogue has no meaning. */
  readonly needs: readonly string[]
  readonly mailboxes: readonly string[]
  readonly subscribed: readonly string[]
  readonly holds: readonly GivenMessage[]
  readonly messages: ReadonlyMap<string, Octets>
  /** Whether messages are left `\Recent` for the first session to find. */
  readonly recent: boolean
  /** Whether connections are unprotected, offer STARTTLS and take no passwords before it. */
  readonly startTls: boolean
  /** Settings of the server by table, as in docs/configuration.md. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly rev2: boolean
  /** Extensions that every session enables before the dialogue begins. */
  readonly enabled: readonly string[]
  readonly starts: ReadonlyMap<string, Start>
  /** Who is signed in, by session, where it is not `alice`; their password is `secret` too. */
  readonly users: ReadonlyMap<string, string>
  /** Names of users by that of their group. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** Owners by the name of a shared account. */
  readonly sharedAccounts: ReadonlyMap<string, readonly string[]>
  /** What alice grants: a mailbox, an identifier and rights, a space between. */
  readonly grants: readonly string[]
  readonly steps: readonly Step[]
}

/** A transcript that breaks the rules of its format. */
export class DialogueSyntaxError extends Error {
  constructor(path: string, line: number, message: string) {
    super(`${path}:${line}: ${message}`)
    this.name = 'DialogueSyntaxError'
  }
}

/** Turns text into octets: UTF-8, with `«00 FF»` for octets written in hexadecimal. */
export function octetsOf(text: string): Octets {
  return text
    .split(/«([0-9A-Fa-f ]*)»/)
    .map((part, index) => Buffer.from(index % 2 ? part.replaceAll(' ', '') : part, index % 2 ? 'hex' : 'utf8'))
    .map((octets) => octets.toString('latin1'))
    .join('')
}

/** A file of `messages/`, its lines ended by CRLF as on the wire. */
function sharedMessage(directory: string, name: string): Octets {
  const text = readFileSync(join(directory, 'messages', `${name}.eml`), 'latin1')
  return text.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n')
}

/** Whether a line on the wire goes on with a literal: `{5}`, `{5+}`, `{#}`. */
const announcesLiteral = (octets: Octets): boolean => /\{(?:\d+|#)\+?\}\r\n$/.test(octets)

/** Reads a transcript; `directory` holds the shared messages in `messages/`. */
export function parseDialogue(directory: string, path: string, text: string): Dialogue {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return new Parser(directory, path, lines).parse()
}

interface Piece {
  line: number
  octets: Octets
}

class Parser {
  readonly #directory: string
  readonly #path: string
  readonly #lines: readonly string[]
  #lineNumber = 0

  #title = ''
  #onlyCrispin = ''
  #recent = false
  #startTls = false
  #rev2 = false
  readonly #settings: Record<string, Record<string, unknown>> = {}
  readonly #needs: string[] = []
  readonly #mailboxes: string[] = []
  readonly #subscribed: string[] = []
  readonly #enabled: string[] = []
  readonly #holds: GivenMessage[] = []
  readonly #messages = new Map<string, Octets>()
  readonly #starts = new Map<string, Start>()
  readonly #users = new Map<string, string>()
  readonly #groups: Record<string, readonly string[]> = {}
  readonly #sharedAccounts = new Map<string, readonly string[]>()
  readonly #grants: string[] = []
  readonly #steps: Step[] = []
  /** Per session, the command or response that literal lines belong to. */
  readonly #open = new Map<string, Piece>()

  constructor(directory: string, path: string, lines: readonly string[]) {
    this.#directory = directory
    this.#path = path
    this.#lines = lines
  }

  parse(): Dialogue {
    for (; this.#lineNumber < this.#lines.length; this.#lineNumber++) this.#line(this.#lines[this.#lineNumber] ?? '')
    for (const piece of this.#open.values()) {
      if (piece.octets.includes('{#')) this.#fail('a {#} has no literal behind it', piece.line)
    }
    if (this.#title === '') this.#fail('the first line must be a comment that says the rule', 1)
    return {
      path: this.#path,
      title: this.#title,
      lines: this.#lines,
      onlyCrispin: this.#onlyCrispin,
      needs: this.#rev2 ? ['IMAP4rev2', ...this.#needs] : this.#needs,
      mailboxes: this.#mailboxes,
      subscribed: this.#subscribed,
      holds: this.#holds,
      messages: this.#messages,
      recent: this.#recent,
      startTls: this.#startTls,
      settings: this.#settings,
      rev2: this.#rev2,
      enabled: this.#enabled,
      starts: this.#starts,
      users: this.#users,
      groups: this.#groups,
      sharedAccounts: this.#sharedAccounts,
      grants: this.#grants,
      steps: this.#steps,
    }
  }

  #fail(message: string, line: number = this.#lineNumber + 1): never {
    throw new DialogueSyntaxError(this.#path, line, message)
  }

  #line(line: string): void {
    if (line.startsWith('#')) this.#title ||= line.slice(1).trim()
    else if (line.startsWith('Given: ')) this.#given(line.slice(7).trim())
    else if (line.startsWith('Needs: ')) this.#needs.push(...line.slice(7).trim().split(' '))
    else if (line.startsWith('Only: crispin (')) this.#onlyCrispin = line.slice(15).replace(/\)\s*$/, '')
    else if (/^Message [\w-]+:$/.test(line)) this.#inlineMessage(line.slice(8, -1))
    else if (line.startsWith('Check: ')) this.#check(line.slice(7))
    else if (line.trim() !== '') this.#step(line)
  }

  #inlineMessage(name: string): void {
    let octets = ''
    while (this.#lines[this.#lineNumber + 1]?.startsWith('  ')) {
      octets += octetsOf((this.#lines[++this.#lineNumber] ?? '').slice(2)) + '\r\n'
    }
    this.#messages.set(name, octets)
  }

  #check(text: string): void {
    const [, lower, higher] = /^(\$\w+) < (\$\w+)$/.exec(text.trim()) ?? []
    if (!lower || !higher) this.#fail('a check is `$a < $b`')
    this.#steps.push({ kind: 'compare', line: this.#lineNumber + 1, session: '', lower, higher })
  }

  #given(text: string): void {
    const [words = '', sessions = ''] = text.split(/ by (?=[A-Z](?: [A-Z])*$)/)
    const names = sessions === '' ? [''] : sessions.split(' ')
    const [word = '', ...rest] = words.split(' ')
    const [mailbox = ''] = rest
    switch (word) {
      case 'connected':
      case 'greeted':
      case 'authenticated':
        for (const name of names) this.#starts.set(name, { at: word })
        break
      case 'selected':
      case 'examined':
        for (const name of names) this.#starts.set(name, { at: word, mailbox })
        break
      case 'recent':
        this.#recent = true
        break
      case 'starttls':
        this.#startTls = true
        break
      case 'setting':
        this.#setting(rest)
        break
      case 'rev2':
        this.#rev2 = true
        break
      case 'enabled':
        this.#enabled.push(...rest)
        this.#needs.push(...rest)
        break
      case 'mailbox':
        this.#mailboxes.push(rest.join(' '))
        break
      case 'subscribed':
        this.#subscribed.push(rest.join(' '))
        break
      case 'user':
        for (const name of names) this.#users.set(name, rest.join(' '))
        this.#onlyCrispin ||= 'several users'
        break
      case 'shared':
        this.#grants.push(rest.join(' ').replace(' with ', ' '))
        break
      case 'group':
        this.#groups[mailbox] = rest.slice(2)
        break
      case 'account':
        this.#sharedAccounts.set(mailbox, rest.slice(2))
        break
      default:
        this.#holdsMessage(text)
    }
  }

  /** `imap.messageLimit 3`, the value as in JSON; other servers do not have it. */
  #setting([name = '', ...words]: readonly string[]): void {
    const value = words.join(' ')
    const [, table, key] = /^(\w+)\.(\w+)$/.exec(name) ?? []
    if (!table || !key || value === '') this.#fail('a setting is `table.name value`')
    this.#settings[table] = { ...this.#settings[table], [key]: JSON.parse(value) }
    this.#onlyCrispin ||= 'a setting of its own'
  }

  /** `INBOX holds hello (\Seen) "01-Jan-2020 00:00:00 +0000"`, `Work holds 3 hello`. */
  #holdsMessage(text: string): void {
    const found = /^(\S+) holds (?:(\d+) )?([\w-]+)(?: (\([^)]*\)))?(?: ("[^"]*"))?$/.exec(text)
    if (!found) this.#fail(`not understood: Given: ${text}`)
    const [, mailbox = '', count = '1', message = '', flags = '', date = ''] = found
    this.#holds.push({ mailbox, count: Number(count), message, flags, date })
    this.#message(message)
  }

  #message(name: string): Octets {
    let octets = this.#messages.get(name)
    if (octets === undefined) this.#messages.set(name, (octets = sharedMessage(this.#directory, name)))
    return octets
  }

  #step(line: string): void {
    const [, session = '', side = '', mark = '', rest = ''] =
      /^(?:([A-Z]): )?([CS])([:|=@>]|\*:|~:)(?: (.*))?$/.exec(line) ?? []
    if (side === '') this.#fail(`not understood: ${line}`)
    const text = octetsOf(rest)
    if (mark === '|') this.#literal(session, side, text + '\r\n')
    else if (mark === '=') this.#literal(session, side, text)
    else if (mark === '@') this.#literal(session, side, this.#message(rest))
    else if (mark === '>') this.#goOn(session, side, text)
    else if (side === 'C') this.#client(session, rest, text)
    else this.#server(session, mark, text)
  }

  #client(session: string, rest: string, text: Octets): void {
    const [, event] = /^<(close|start TLS|start DEFLATE)>$/.exec(rest) ?? []
    // The pattern lets only names of events through.
    if (event) this.#steps.push({ kind: 'event', line: this.#lineNumber + 1, session, event: event as Event })
    else this.#send(session, text + '\r\n')
  }

  #send(session: string, octets: Octets): void {
    const step = { kind: 'send' as const, line: this.#lineNumber + 1, session, octets }
    this.#steps.push(step)
    this.#open.set('C' + session, step)
  }

  #server(session: string, mark: string, text: Octets): void {
    const line = this.#lineNumber + 1
    if (text === '...') this.#steps.push({ kind: 'skip', line, session })
    else if (/^expunged [\d ]+$/.test(text)) {
      this.#steps.push({ kind: 'expunged', line, session, seqNums: text.slice(9).split(' ').map(Number) })
    } else if (text === '<closed>') this.#steps.push({ kind: 'event', line, session, event: 'closed' })
    else {
      const expected = { line, octets: text }
      this.#open.set('S' + session, expected)
      const last = this.#steps.at(-1)
      const joins = mark !== ':' && last?.kind === 'expect' && last.session === session && this.#inBlock
      const step = joins ? last : { kind: 'expect' as const, line, session, required: [], optional: [] }
      // The lists are ours until the parser is done.
      ;((mark === '~:' ? step.optional : step.required) as Expected[]).push(expected)
      if (!joins) this.#steps.push(step)
    }
  }

  /** Whether the line before (literal lines aside) was of a block in any order. */
  get #inBlock(): boolean {
    let at = this.#lineNumber - 1
    while (/^(?:[A-Z]: )?S[|=@>]/.test(this.#lines[at] ?? '')) at--
    return /^(?:[A-Z]: )?S[*~]:/.test(this.#lines[at] ?? '')
  }

  /** Octets behind a line that announced them; without such a line, octets sent as they are. */
  #literal(session: string, side: string, octets: Octets): void {
    const next = this.#lines[this.#lineNumber + 1] ?? ''
    const prefix = session === '' ? '' : `${session}: `
    const isLast = !['|', '=', '@'].some((mark) => next.startsWith(prefix + side + mark))
    const open = this.#open.get(side + session)
    const already = this.#gathered.get(side + session) ?? ''
    const all = already + octets
    this.#gathered.set(side + session, isLast ? '' : all)
    if (!isLast) return
    const goesOn = next.startsWith(`${prefix}${side}>`)
    if (side === 'S') {
      if (!open) this.#fail('a literal before any response')
      open.octets = open.octets.replace(/\{#\}$/, `{${all.length}}`)
      if (!open.octets.endsWith(`{${all.length}}`)) this.#fail(`the literal has ${all.length} octets`)
      open.octets += '\r\n' + all
      return
    }
    const announced = open !== undefined && announcesLiteral(open.octets)
    if (open) open.octets = open.octets.replace(/\{#(\+?)\}\r\n$/, `{${all.length}$1}\r\n`)
    this.#send(session, all + (announced && !goesOn ? '\r\n' : ''))
  }

  readonly #gathered = new Map<string, Octets>()

  #goOn(session: string, side: string, text: Octets): void {
    if (side === 'C') return this.#send(session, text + '\r\n')
    const open = this.#open.get('S' + session)
    if (!open) this.#fail('nothing to go on with')
    open.octets += text
  }
}
