import { markerAtEnd } from '../../wire/marker.ts'
import { FetchedByKeys } from './imap3-fetched.ts'
import { criteriaToRev1, itemsToRev1 } from './imap3-names.ts'
import { answered, type Asked, commandOf, refused, type Request, toRev1 } from './requests.ts'
import { copies, continuedToOld, type Told, toOld, withoutCode } from './responses.ts'
import { traits } from './dialect.ts'

/** Octets of the criteria of one SEARCH, which are told again with what it found. */
export const maxCriteriaBytes: number = 8 * 1024

/** Whether a feature is selected as long as nobody says otherwise (RFC 1203, Appendix: Features). */
const features: ReadonlyMap<string, boolean> = new Map([
  ['ADD.MESSAGE', false],
  ['AUTO.SET.SEEN', false],
  ['EIGHT.BIT.TRANSPARENT', false], // octets pass as they are, whether it is selected or not
  ['INDEXABLE.FIELDS', false],
  ['TAGGED.SOLICITED', true],
])

/** What is remembered of a command of version 3.0. */
export interface AskedImap3 {
  /** What solicited data begins with: the tag, or a star. */
  readonly lead: string
  /** FETCH: what sections are to be called. */
  readonly names?: ReadonlyMap<string, readonly string[]>
  /** READONLY, READWRITE: whether the client wants no changes. */
  readonly wantsReadOnly?: boolean
  /** SEARCH: its criteria; those behind a literal are added. */
  criteria?: string
  /** COPY: its mailbox, if that is no literal, and whether what is copied becomes \Seen. */
  readonly copy?: { readonly line: string; readonly mailbox: string | undefined; readonly setsSeen: boolean }
  /** COPY: what was sent last. */
  stage?: Stage
}

type Stage = 'copy' | 'create' | 'copy again' | 'seen'

/** Data that is solicited by a command; the rest of it is made here. */
const solicited: Readonly<Record<string, ReadonlySet<string>>> = {
  SELECT: new Set(['FLAGS', 'EXISTS', 'RECENT']),
  EXPUNGE: new Set(['EXPUNGE']),
  FETCH: new Set(['FETCH']),
  STORE: new Set(['FETCH']),
}

/** What a server and a client of IMAP3 (RFC 1203) know of each other on one connection: versions, features, a mailbox. */
export class Imap3 {
  #version: 2 | 3 = 2
  #features: ReadonlyMap<string, boolean> = features
  /** SELECT commands without an answer. */
  #selecting = 0
  #isSelected = false
  /** Whether the client wants no changes, and whether it must not make any. */
  #wantsReadOnly = false
  #isReadOnly = false
  #exists = 0
  #flags = '()'
  #fetched: FetchedByKeys | undefined

  /** A command up to the end of its first line. */
  toRev1(line: string): Request {
    const { tag, command, rest } = commandOf(line) ?? {}
    if (tag === undefined || command === undefined || rest === undefined) return { line, asked: undefined }
    const lead = this.#version === 3 && this.#has('TAGGED.SOLICITED') ? tag : '*'
    switch (command) {
      case 'SUPPORTED.VERSIONS': {
        const known = `((2 0) (3 0 ${[...features.keys()].join(' ')}))`
        return answered(tag, command, 'OK These are the versions', `${lead} SUPPORTED.VERSIONS ${known}\r\n`)
      }
      case 'SELECT.VERSION':
        return answered(tag, command, this.#selectVersion(rest))
      case 'SELECT.FEATURES':
        return answered(tag, command, this.#selectFeatures(rest))
    }
    if (command === 'SELECT') {
      this.#selecting++
      this.#wantsReadOnly = false
    }
    if (this.#version === 2) return toRev1(line, 'imap2')
    if (!traits.imap3.commands.has(command)) return refused(tag)
    return this.#version3(line, tag, command, rest, lead)
  }

  #has(feature: string): boolean {
    return this.#features.get(feature) ?? false
  }

  /** RFC 1203, SELECT.VERSION: an error once a mailbox has been selected; NO for a version that there is not. */
  #selectVersion(rest: string): string {
    const [, major, minor] = /^ +\( *(\d+) +(\d+) *\) *$/.exec(rest) ?? []
    if (major === undefined || minor === undefined) return 'BAD A version is (major minor)'
    if (this.#selecting > 0 || this.#isSelected) return 'BAD The version is selected before a mailbox'
    if (Number(minor) !== 0 || (Number(major) !== 2 && Number(major) !== 3)) return 'NO There is no such version'
    this.#version = Number(major) === 3 ? 3 : 2
    this.#features = features
    return `OK Version ${this.#version}.0 selected`
  }

  /** RFC 1203, SELECT.FEATURES: what is not named is as it was in the beginning. */
  #selectFeatures(rest: string): string {
    const selected = new Map(features)
    const names = rest.trim().toUpperCase().split(/ +/)
    if (names[0] === '') return 'BAD Which features?'
    for (const name of names) {
      const feature = name.replace(/^~/, '')
      if (this.#version === 2 || !features.has(feature)) return 'NO There is no such feature in this version'
      selected.set(feature, feature === name)
    }
    this.#features = selected
    return 'OK Features selected'
  }

  #version3(line: string, tag: string, command: string, rest: string, lead: string): Request {
    const imap3: AskedImap3 = { lead }
    switch (command) {
      case 'READONLY':
      case 'READWRITE':
        this.#wantsReadOnly = command === 'READONLY' && (this.#isSelected || this.#selecting > 0)
        return { line: `${tag} NOOP`, asked: { tag, command, imap3: { lead, wantsReadOnly: this.#wantsReadOnly } } }
      case 'FLAGS':
      case 'SET.FLAGS':
        return { line: `${tag} NOOP`, asked: { tag, command, set: rest, imap3 } }
      case 'STORE':
      case 'EXPUNGE':
        if (this.#wantsReadOnly) {
          return answered(tag, command, 'NO The mailbox is read-only, as you wanted', `${lead} READONLY\r\n`)
        }
        // Messages never change: only their flags do.
        if (command === 'STORE' && !/^ +\S+ +[+-]?FLAGS /i.test(rest)) {
          return answered(tag, command, 'NO Only flags can be stored')
        }
        return { line, asked: { tag, command, imap3 } }
      case 'FETCH':
        return this.#fetch(tag, rest, lead)
      case 'SEARCH':
        return search(tag, rest, lead)
      case 'COPY': {
        const [, set = '', mailbox] = /^ +(\S+) +("[^"\\{]*"|[^\s"{]+) *$/.exec(rest) ?? []
        const numbers = set === '' ? (/^ +(\S+)/.exec(rest)?.[1] ?? '') : set
        const copy = { line, mailbox, setsSeen: this.#has('AUTO.SET.SEEN') && !this.#wantsReadOnly }
        return { line, asked: { tag, command, set: numbers, isAlone: true, imap3: { lead, copy, stage: 'copy' } } }
      }
      case 'ADD.MESSAGE': {
        const [, mailbox, marker] = /^ +(\S.*) RFC822 (\{\d+\})$/i.exec(rest) ?? []
        if (mailbox === undefined || !this.#has('ADD.MESSAGE')) return refused(tag)
        return { line: `${tag} APPEND ${mailbox} ${marker}`, asked: { tag, command, imap3 } }
      }
      default: {
        const { line: rev1, asked } = toRev1(line, 'imap3')
        return { line: rev1, asked: asked && { ...asked, imap3 } }
      }
    }
  }

  #fetch(tag: string, rest: string, lead: string): Request {
    const [, set = '', list = ''] = /^ +(\S+) +(\S.*)$/.exec(rest.trimEnd()) ?? []
    const items = itemsToRev1(list, {
      setsSeen: this.#has('AUTO.SET.SEEN') && !this.#wantsReadOnly,
      indexable: this.#has('INDEXABLE.FIELDS'),
    })
    if (items === undefined) return refused(tag)
    if (items === 'twice') return answered(tag, 'FETCH', 'NO One text by two names: ask for it once')
    return {
      line: `${tag} FETCH ${set} ${items.rev1}`,
      asked: { tag, command: 'FETCH', imap3: { lead, names: items.names } },
    }
  }

  /** A line of a command behind a literal. */
  continuedToRev1(line: string, asked: Asked | undefined): string | undefined {
    const imap3 = asked?.imap3
    if (imap3?.criteria === undefined) return undefined
    const more = isTooLong(imap3.criteria, line) ? undefined : criteriaToRev1(line)
    imap3.criteria += toTellAgain(line)
    // What is no criterion of either is refused by the server; a literal that was announced with it is not asked for.
    return more === undefined || more === 'unknown' ? ' ()' : more.rev1
  }

  /** Octets of a literal that the client sends with a command. */
  seeLiteral(octets: Buffer, asked: Asked | undefined): void {
    const imap3 = asked?.imap3
    if (imap3?.criteria !== undefined) imap3.criteria += octets.toString('latin1')
  }

  /** Octets of a literal that the server sends; `false` when they are to be passed on. */
  hold(octets: Buffer): boolean {
    return this.#fetched?.hold(octets) ?? false
  }

  /** A line of the server that begins a response, as {@link toOld}. */
  toOld(line: string, asked: Asked | undefined): Told {
    const { imap3, tag, command = '' } = asked ?? {}
    this.#fetched = undefined
    const isLast = tag !== undefined && line.startsWith(tag + ' ')
    if (isLast && command === 'SELECT') this.#selected(line.slice(tag.length + 1))
    const [, number, kind = ''] = /^\* (?:(\d+) )?([A-Z]+)/.exec(line) ?? []
    if (kind === 'EXISTS') this.#exists = Number(number)
    if (kind === 'EXPUNGE') this.#exists--
    if (kind === 'FLAGS') this.#flags = line.slice('* FLAGS '.length)
    if (this.#version === 2 || (asked && !imap3)) return toOld(line, asked, this.#version === 2 ? 'imap2' : 'imap3')
    if (isLast && asked && imap3) return this.#tagged(line, asked, imap3)
    const lead = imap3?.lead ?? '*'
    switch (kind) {
      case 'FETCH':
        return { text: this.#told(line, command, imap3), isLast: false }
      case 'SEARCH': {
        const numbers = line.slice('* SEARCH '.length).trim()
        const text = numbers === '' ? '' : `${lead} SEARCH (${numbers}) (${imap3?.criteria ?? ''})\r\n`
        return { text, isLast: false }
      }
      default: {
        const { text } = toOld(line, asked, 'imap3')
        const isSolicited =
          solicited[command]?.has(kind) || (command === 'LOGOUT' && kind === 'BYE') || text.startsWith('* MAILBOX ')
        return { text: isSolicited ? text.replace(/^\*/, () => lead) : text, isLast: false }
      }
    }
  }

  /** What follows a literal in a response. */
  continuedToOld(line: string, asked: Asked | undefined): string {
    return this.#fetched?.tell(line) ?? continuedToOld(line, asked, this.#version === 2 ? 'imap2' : 'imap3') + '\r\n'
  }

  #told(line: string, command: string, imap3: AskedImap3 | undefined): string {
    this.#fetched = new FetchedByKeys(imap3?.names ?? new Map())
    const lead = solicited[command]?.has('FETCH') ? (imap3?.lead ?? '*') : '*'
    // Flags that nobody asked for are those that a STORE has changed.
    const kind = command === 'FETCH' ? 'FETCH' : 'STORE'
    return this.#fetched.tell(line).replace(/^\* (\d+) FETCH/, (_, number: string) => `${lead} ${number} ${kind}`)
  }

  #selected(answer: string): void {
    this.#selecting--
    if (answer.startsWith('BAD')) return // which changes nothing
    this.#isSelected = answer.startsWith('OK')
    this.#isReadOnly = answer.startsWith('OK [READ-ONLY]')
  }

  #tagged(line: string, asked: Asked, imap3: AskedImap3): Told {
    const { tag, command, answer, before = '', set = '' } = asked
    const { lead } = imap3
    const isOk = line.startsWith(tag + ' OK')
    const end = withoutCode(line, 'imap3') + '\r\n'
    const last = (text: string): Told => ({ text, isLast: true })
    if (answer !== undefined) return last(`${before}${tag} ${answer}\r\n`)
    switch (command) {
      case 'READONLY':
      case 'READWRITE': {
        if (!this.#isSelected) return last(`${tag} BAD No mailbox is selected\r\n`)
        const access = imap3.wantsReadOnly || this.#isReadOnly ? 'READONLY' : 'READWRITE'
        return last(`${lead} ${access}\r\n${tag} OK ${command} completed\r\n`)
      }
      case 'FLAGS':
        if (!this.#isSelected) return last(`${tag} BAD No mailbox is selected\r\n`)
        return last(`${lead} FLAGS ${this.#flags}\r\n${tag} OK FLAGS completed\r\n`)
      case 'SET.FLAGS': {
        if (!this.#isSelected) return last(`${tag} BAD No mailbox is selected\r\n`)
        // Deviates: RFC 1203 has keywords come and go by SET.FLAGS. Here messages have them, and nothing else.
        const isSame = keywords(set) === keywords(this.#flags)
        const status = isSame ? 'OK SET.FLAGS completed' : 'NO Keywords come with the first STORE of them, and stay'
        return last(`${lead} FLAGS ${this.#flags}\r\n${tag} ${status}\r\n`)
      }
      case 'SELECT':
        return last((isOk && this.#isReadOnly ? '* READONLY\r\n' : '') + end)
      case 'CHECK':
        return last((isOk ? `${lead} ${this.#exists} EXISTS\r\n` : '') + end)
      case 'STORE':
      case 'EXPUNGE':
        return last((!isOk && this.#isReadOnly ? `${lead} READONLY\r\n` : '') + end)
      case 'FIND':
      case 'ADD.MESSAGE':
        return last(isOk ? `${tag} OK ${command} completed\r\n` : end)
      case 'COPY':
        return this.#copied(line, asked, imap3, end)
      default:
        return last(end)
    }
  }

  /**
   * RFC 1203, COPY: a mailbox that there is not should be created. With AUTO.SET.SEEN what was copied becomes \Seen.
   *
   * Deviates: a mailbox whose name comes as a literal is not created.
   */
  #copied(line: string, { tag, set = '' }: Asked, imap3: AskedImap3, end: string): Told {
    const { copy, stage, lead } = imap3
    const isOk = line.startsWith(tag + ' OK')
    const next = (to: Stage, followUp: string, text = ''): Told => {
      imap3.stage = to
      return { text, isLast: false, followUp }
    }
    if (stage === 'seen') return { text: `${tag} OK COPY completed\r\n`, isLast: true }
    if (stage === 'create' && isOk) return next('copy again', copy?.line ?? '')
    if (stage === 'copy' && copy?.mailbox !== undefined && line.startsWith(tag + ' NO [TRYCREATE]')) {
      return next('create', `${tag} CREATE ${copy.mailbox}`)
    }
    if (!isOk) return { text: end, isLast: true }
    const told = copies(set, lead)
    if (copy?.setsSeen && !this.#isReadOnly) return next('seen', `${tag} STORE ${set} +FLAGS (\\Seen)`, told)
    return { text: told + end, isLast: true }
  }
}

function search(tag: string, rest: string, lead: string): Request {
  const criteria = criteriaToRev1(rest)
  if (criteria === 'unknown') return answered(tag, 'SEARCH', 'NO This cannot be searched for')
  if (criteria === undefined) return refused(tag)
  if (isTooLong('', rest)) return answered(tag, 'SEARCH', 'NO These are too many criteria')
  return {
    line: `${tag} SEARCH${criteria.rev1}`,
    asked: { tag, command: 'SEARCH', imap3: { lead, criteria: toTellAgain(rest.trimStart()) } },
  }
}

function isTooLong(before: string, line: string): boolean {
  return before.length + line.length + (markerAtEnd(line)?.size ?? 0) > maxCriteriaBytes
}

/** A line of criteria, with its end where a literal follows. */
function toTellAgain(line: string): string {
  return markerAtEnd(line) ? line + '\r\n' : line.trimEnd()
}

/** The keywords among flags, in an order of their own; flags of the system have a backslash. */
function keywords(flags: string): string {
  const names = flags.toUpperCase().split(/[\s()]+/)
  return [...new Set(names)]
    .filter((name) => name !== '' && !name.startsWith('\\'))
    .sort()
    .join(' ')
}
