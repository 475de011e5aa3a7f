import { type FetchData, parseResponse, type Response, type ResponseCode, uidsOf } from '../fuzz/response-grammar.ts'
import { WireClient } from '../fuzz/wire-client.ts'
import type { InProcessServer } from '../fuzz/in-process-server.ts'
import type { Journal } from './journal.ts'
import { type NotifyWish, ToldOthers } from './told-others.ts'
import { type FlagChange, type ToldMessage, ToldView } from './told-view.ts'

/** A command, with what a client must know to understand its answer. */
export interface ClientCommand {
  /** Without its tag; pieces after the first wait for a continuation request. */
  readonly pieces: readonly string[]
  readonly name: string
  /** Numbers in it are sequence numbers: no EXPUNGE may come (RFC 9051 §7.5.1), and they may be too high. */
  readonly bySeqNum?: boolean
  /** SELECT and EXAMINE. */
  readonly selects?: { readonly mailbox: string; readonly readOnly: boolean; readonly kept?: KeptMailbox }
  /** STORE with `.SILENT`. */
  readonly silent?: FlagChange & { readonly numbers: readonly number[] }
  /** The messages of APPEND and REPLACE. */
  readonly messages?: readonly string[]
  readonly enables?: readonly string[]
  /** NOTIFY: what it asks for. */
  readonly notify?: NotifyWish
  /** A mailbox that it changes, as the client calls it, or any: the client is not notified of what it did itself. */
  readonly changes?: { readonly name?: string }
  /** DELETE: if it is of the selected mailbox, none is selected any more. */
  readonly deletes?: boolean
  /** It needs a selected mailbox. */
  readonly selected?: boolean
}

/** What a client keeps of a mailbox it has left, to come back to with QRESYNC. */
export interface KeptMailbox {
  /** Its name when it was selected. */
  readonly mailbox: string
  readonly uidValidity: number
  readonly modSeq: number
  readonly messages: ReadonlyMap<number, ToldMessage>
}

interface Pending {
  readonly tag: string
  readonly command: ClientCommand
  readonly done: () => void
  /** Messages whose flags were told while it ran. */
  readonly touched: Set<ToldMessage>
  /** UIDs from VANISHED (EARLIER). */
  readonly earlier: Set<number>
  /** COPYUID or APPENDUID that came ahead of the tagged answer. */
  code: ResponseCode | undefined
}

/**
 * A client that believes what it is told and nothing else, and complains to the journal about whatever a server must
 * not say.
 */
export class ToldClient {
  readonly name: string
  readonly #journal: Journal
  readonly #wire: WireClient
  readonly enabled: Set<string> = new Set()
  readonly others: ToldOthers = new ToldOthers()
  view: ToldView | undefined
  /** By UIDVALIDITY; only complete ones. */
  readonly kept: Map<number, KeptMailbox>
  readonly #waiting: Pending[] = []
  /** What to send, and the tag of the command it belongs to. */
  #outbox: { readonly tag: string; readonly octets: string }[] = []
  /** The tag of the command whose next piece needs a continuation request. */
  #gate: string | undefined
  #nextTag = 0
  #idling = false
  #compressed = false
  #greeted = false
  #saidBye = false
  #history: string[] = []

  /** Whether it is not the owner of the mailboxes. */
  readonly isGuest: boolean

  constructor(
    name: string,
    server: InProcessServer,
    journal: Journal,
    { isGuest, kept = new Map() }: { readonly isGuest: boolean; readonly kept?: Map<number, KeptMailbox> | undefined },
  ) {
    this.name = name
    this.isGuest = isGuest
    this.#journal = journal
    this.kept = kept
    this.#wire = new WireClient(server.connectImap(), {
      onResponse: (text) => this.#hear(text),
      onEnd: (rest) => this.#end(rest),
    })
  }

  get over(): boolean {
    return this.#wire.ended || this.#saidBye
  }

  /** Commands without an answer yet. */
  get unanswered(): number {
    return this.#waiting.length
  }

  get idling(): boolean {
    return this.#idling
  }

  /** Sends a command as soon as the commands before it allow. Resolves when it is answered, or never will be. */
  send(command: ClientCommand): Promise<void> {
    if (this.over) return Promise.resolve()
    if (this.#idling) this.done()
    const tag = `${this.name}${this.#nextTag++}`
    return new Promise((resolve) => {
      this.#waiting.push({
        tag,
        command,
        done: resolve,
        touched: new Set(),
        earlier: new Set(),
        code: undefined,
      })
      if (this.#waiting.length === 1) this.#begin(command)
      command.pieces.forEach((piece, n) => this.#outbox.push({ tag, octets: n === 0 ? `${tag} ${piece}` : piece }))
      if (command.name === 'IDLE') this.#idling = true
      this.#pump()
    })
  }

  /** Complains that there is no answer. */
  reportStall(): void {
    this.complain(`no answer to ${this.#waiting.map(({ tag }) => tag).join(' ')}`)
  }

  /** Ends IDLE. */
  done(): void {
    if (!this.#idling) return
    this.#idling = false
    this.#outbox.push({ tag: `${this.name}${this.#nextTag - 1}`, octets: 'DONE\r\n' })
    this.#pump()
  }

  /** Goes away without a word. */
  vanish(): void {
    this.#keep()
    this.#wire.destroy()
  }

  #pump(): void {
    while (this.#gate === undefined) {
      const piece = this.#outbox.shift()
      if (!piece) return
      this.#history.push('C: ' + piece.octets.trimEnd())
      const more = this.#outbox[0]?.tag === piece.tag
      const waits = more || / (?:IDLE|COMPRESS DEFLATE)\r\n$/.test(piece.octets)
      // First this, since the answer may come while the octets are being written.
      if (waits) this.#gate = piece.tag
      this.#wire.send(piece.octets)
    }
  }

  /** Tells the journal, with what was said before. */
  complain(text: string): void {
    this.#journal.fault(`${this.name}: ${text}\n    ${this.#history.slice(-40).join('\n    ')}`)
  }

  #end(rest: string): void {
    if (rest !== '') this.complain(`the connection ended inside ${JSON.stringify(rest)}`)
    this.#keep()
    for (const { done } of this.#waiting.splice(0)) done()
  }

  /** A mailbox that is just selected. */
  #newView(mailbox: string, readOnly: boolean): ToldView {
    const view = new ToldView(mailbox, readOnly, this.enabled.has('UIDONLY'))
    view.isDeaf = this.isDeaf
    return view
  }

  /** Whether it does not hear of all that happens in the selected mailbox, and wants it so. */
  get isDeaf(): boolean {
    const { wish } = this.others
    return wish !== undefined && (wish.selected === 'hidden' || !wish.selectedFlags)
  }

  /** Remembers the mailbox for QRESYNC. */
  #keep(): void {
    const { view } = this
    // From here on STATUS tells of it, but only of what others will change.
    if (view) this.others.doubtSelected(view.uidValidity)
    if (!view?.complete || !this.enabled.has('QRESYNC')) return
    const messages = new Map(view.messages.map((message) => [message.uid ?? 0, { ...message }]))
    const { uidValidity, mailbox, safeModSeq: modSeq } = view
    this.kept.set(uidValidity, { uidValidity, mailbox, modSeq, messages })
  }

  #hear(text: string): void {
    this.#history.push('S: ' + text)
    try {
      this.#understand(parseResponse(text, { utf8: false }))
    } catch (error) {
      this.complain(error instanceof Error ? error.message : String(error))
    }
  }

  #understand(response: Response): void {
    const head = this.#waiting[0]
    const { view } = this
    switch (response.kind) {
      case 'continuation':
        if (this.#gate === undefined || this.#gate !== head?.tag)
          return this.complain('a continuation nobody waits for')
        this.#gate = undefined
        return this.#pump()
      case 'condition':
        return this.#condition(response, head)
      case 'exists':
        return this.#told(view ? view.exists(response.number) : 'EXISTS with no mailbox selected')
      case 'recent':
        if (this.enabled.has('IMAP4rev2')) return this.complain('RECENT in IMAP4rev2')
        return this.#told(response.number > (view?.messages.length ?? 0) ? 'more RECENT than EXISTS' : undefined)
      case 'expunge':
        this.#checkExpunge(head, 'EXPUNGE')
        if (this.#hearsVanished) this.complain('EXPUNGE where VANISHED is enabled')
        return this.#told(view?.expunge(response.number))
      case 'vanished':
        if (!this.#hearsVanished) this.complain('VANISHED although not enabled')
        if (response.earlier) {
          const allowed = head?.command.selects?.kept ?? head?.command.name === 'UID FETCH'
          if (!allowed) this.complain('VANISHED (EARLIER) unasked')
          for (const [a, b] of response.uids) for (let uid = a; uid <= b; uid++) head?.earlier.add(uid)
          return
        }
        this.#checkExpunge(head, 'VANISHED')
        return this.#told(view?.vanished(response.uids))
      case 'fetch':
        if (this.enabled.has('UIDONLY')) return this.complain('FETCH in UIDONLY')
        return this.#fetched(response.data, head)
      case 'uidfetch':
        if (!this.enabled.has('UIDONLY')) return this.complain('UIDFETCH although not enabled')
        return this.#fetched(response.data, head)
      case 'search': {
        const beyond = response.numbers.some((number) => number > (view?.messages.length ?? 0))
        if (beyond && head?.command.name === 'SEARCH') this.complain('SEARCH found what does not exist')
        return
      }
      case 'esearch':
        if (response.tag !== head?.tag) this.complain('ESEARCH for another command')
        return
      case 'enabled':
        for (const extension of response.names) this.enabled.add(extension)
        if (response.names.includes('UIDONLY')) view?.forgetNumbers()
        return
      case 'status': {
        const isAnswer = head?.command.name === 'STATUS' && response.items.has('SIZE')
        const { others } = this
        if (isAnswer) return this.#told(others.answered(response.name, response.items))
        if (!others.wish && !head?.command.notify) this.complain('STATUS unasked')
        // With a new wish on its way it may be of the old one or of the new one.
        const mayBeAny = head?.command.notify !== undefined
        return this.#told(others.notified(response.name, response.items, mayBeAny))
      }
      case 'flags':
      case 'list':
      case 'lsub':
      case 'sort':
      case 'other':
        return
    }
  }

  #told(problem: string | undefined): void {
    if (problem !== undefined) this.complain(problem)
  }

  get #hearsVanished(): boolean {
    return this.enabled.has('QRESYNC') || this.enabled.has('UIDONLY')
  }

  #checkExpunge(head: Pending | undefined, what: string): void {
    if (this.others.wish?.selected === 'at once') return
    if (!head) this.complain(`${what} with no command in progress`)
    else if (head.command.bySeqNum && /^(?:FETCH|STORE|SEARCH)$/.test(head.command.name)) {
      this.complain(`${what} during ${head.command.name} by sequence number`)
    }
  }

  #fetched(data: FetchData, head: Pending | undefined): void {
    const { view } = this
    if (!view) return this.complain('FETCH with no mailbox selected')
    const { uidOnly } = view
    const message = uidOnly ? view.uidFetch(data) : view.fetch(data)
    if (typeof message === 'string') return this.complain(message)
    const { flags } = data
    const fetching = head?.command.name.endsWith('FETCH') === true
    if (flags) {
      head?.touched.add(message)
      const condstore = this.enabled.has('CONDSTORE') || this.enabled.has('QRESYNC')
      if (condstore && data.modSeq === undefined && !fetching) this.complain('flags without MODSEQ')
      if (this.enabled.has('QRESYNC') && !uidOnly && data.uid === undefined && !fetching)
        this.complain('flags without UID')
      if (flags.some((flag) => flag.toLowerCase() === '\\recent')) {
        if (this.enabled.has('IMAP4rev2')) this.complain('\\Recent in IMAP4rev2')
        // What a guest sees as recent, the owner will, too.
        if (message.uid !== undefined && !view.readOnly && !this.isGuest)
          this.#journal.recent(view.uidValidity, message.uid, view)
      }
    }
    const octets = data.items.get('BODY[]')
    if (octets !== undefined && message.uid !== undefined) this.#journal.fetched(view.uidValidity, message.uid, octets)
  }

  #condition(response: Extract<Response, { kind: 'condition' }>, head: Pending | undefined): void {
    const { tag, status, code } = response
    if (tag === undefined) {
      if (!this.#greeted) this.#greeted = true
      else if (status === 'BYE') this.#bye()
      else if (code?.name === 'CLOSED') {
        this.#keep()
        this.view = this.#newView(head?.command.selects?.mailbox ?? '', head?.command.selects?.readOnly ?? true)
      } else if (code?.name === 'UIDVALIDITY' && this.view) this.view.uidValidity = Number(code.rest)
      else if (code?.name === 'HIGHESTMODSEQ' && this.view) this.view.safeModSeq = Number(code.rest)
      else if ((code?.name === 'COPYUID' || code?.name === 'APPENDUID') && head) head.code = code
      return
    }
    if (tag !== head?.tag) return this.complain(`an answer to ${tag}, where ${head?.tag ?? 'nothing'} is asked`)
    if (status !== 'OK' && status !== 'NO' && status !== 'BAD') return this.complain(`${status} cannot be tagged`)
    if (this.#gate === tag) {
      this.#gate = undefined
      this.#outbox = this.#outbox.filter((piece) => piece.tag !== tag)
    }
    this.#complete(head, status, code)
    this.#waiting.shift()
    if (this.#waiting[0]) this.#begin(this.#waiting[0].command)
    head.done()
    this.#pump()
  }

  /** From here on, what comes is about `command`. */
  #begin({ selects, notify }: ClientCommand): void {
    if (selects && (!this.view || this.view.mayBeDeleted)) this.view = this.#newView(selects.mailbox, selects.readOnly)
    if (notify) this.others.doubt()
  }

  #bye(): void {
    this.#saidBye = true
    this.#keep()
    this.view = undefined
  }

  #complete(head: Pending, status: 'OK' | 'NO' | 'BAD', code: ResponseCode | undefined): void {
    const { command } = head
    if (status === 'BAD' && command.selected && !command.bySeqNum && this.view?.mayBeDeleted) this.view = undefined
    const badState = command.selected === true && !this.view
    if (status === 'BAD' && !command.bySeqNum && !badState) this.complain(`BAD to ${command.name}`)
    const isRefused = status === 'BAD' && (code?.name === 'UIDREQUIRED' || badState)
    if (command.bySeqNum && this.enabled.has('UIDONLY') && !isRefused) {
      this.complain(`${command.name} by number in UIDONLY`)
    }
    if (code?.name === 'SERVERBUG' || code?.name === 'UNAVAILABLE') this.complain(`NO [${code.name}]`)
    if (command.changes) this.others.doubt(command.changes.name)
    if (command.selects) return this.#selected(head, command.selects, status)
    if (command.silent) this.#storedSilently(head, command.silent, status, code)
    const uids = code?.name === 'COPYUID' || code?.name === 'APPENDUID' ? code : head.code
    if (status === 'OK' && uids) this.#uidsTold(command, uids)
    if (status !== 'OK') return
    for (const extension of command.enables ?? []) this.enabled.add(extension)
    if (command.notify) this.#notified(command.notify)
    if (/^(?:UID .*|NOOP|IDLE|EXPUNGE|CHECK)$/.test(command.name)) this.view?.caughtUp()
    if (command.deletes && this.view) this.view.mayBeDeleted = true
    switch (command.name) {
      case 'CLOSE':
      case 'UNSELECT':
        this.#keep()
        this.view = undefined
        break
      case 'COMPRESS':
        if (!this.#compressed) this.#wire.deflate()
        this.#compressed = true
        break
    }
  }

  #notified(wish: NotifyWish): void {
    const wasDeaf = this.isDeaf
    this.others.wish = wish
    // Without STATUS, what was told before may be from before what is told from now on.
    if (!wish.status) this.others.doubt()
    if (!this.view) return
    this.view.isDeaf = this.isDeaf
    if (wasDeaf) this.view.forgetFlags()
  }

  #selected(head: Pending, { kept }: NonNullable<ClientCommand['selects']>, status: 'OK' | 'NO' | 'BAD'): void {
    if (status !== 'OK') {
      // Nothing was told of a mailbox: none is selected, or, with BAD, the one before.
      if (this.view?.uidValidity === 0) this.view = undefined
      return
    }
    const { view } = this
    if (!view || view.uidValidity === 0) return this.complain('SELECT told no UIDVALIDITY')
    if (kept?.uidValidity !== view.uidValidity) return
    const left = new Map([...kept.messages].filter(([uid]) => !head.earlier.has(uid)))
    this.#told(view.resynchronise(left))
  }

  #storedSilently(
    { touched }: Pending,
    change: NonNullable<ClientCommand['silent']>,
    status: 'OK' | 'NO' | 'BAD',
    code: ResponseCode | undefined,
  ): void {
    if (!this.view || !(status === 'OK' || (status === 'NO' && code?.name === 'EXPUNGEISSUED'))) return
    const modified = new Set(code?.name === 'MODIFIED' ? uidsOf(code.rest) : [])
    const { bySeqNum } = this.#waiting[0]?.command ?? {}
    const numbers = change.numbers.filter((number) => !modified.has(number))
    this.view.stored(this.view.ofSet(numbers, !bySeqNum), change, touched)
    if (!bySeqNum) this.view.forgetFlagsWithoutUid()
  }

  #uidsTold({ messages = [] }: ClientCommand, code: ResponseCode): void {
    const [validity = '', first = '', second = ''] = code.rest.split(' ')
    for (const uid of uidsOf(code.name === 'APPENDUID' ? first : second)) this.others.knows(Number(validity), uid)
    if (code.name === 'APPENDUID') this.#journal.appended(Number(validity), uidsOf(first), messages)
    else this.#journal.copied(this.view?.uidValidity ?? 0, uidsOf(first), Number(validity), uidsOf(second))
  }
}
