import { mkdir, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FileNames } from './file-names.ts'
import { fieldsOfFlags } from './flags-in-files.ts'
import { FromLines } from './from-lines.ts'
import type { FromQuoting } from './from-lines.ts'
import { writeMarker } from './mbox-marker.ts'
import type { MboxMarker } from './mbox-marker.ts'
import type { MboxKind } from './source.ts'
import type { MailboxWriter, MailTarget, OutgoingMailbox, OutgoingMessage } from './target.ts'
import { FileForm, FileFormCheck } from './wire-form.ts'

/**
 * One mbox file for each mailbox (RFC 4155 §A). In front of each message stand a line of ours ({@link MboxMarker}) and the fields in
 * which mail programs keep flags and UIDs. Lines end in LF where the CRLF can be put back exactly; else the octets are
 * the message's.
 */
export function mboxTarget(root: string, kind: MboxKind): MailTarget {
  const names = new FileNames()
  return {
    async openMailbox(mailbox) {
      const path = names.nested(mailbox.name) + '.mbox'
      const whole = join(root, path)
      await mkdir(dirname(whole), { recursive: true })
      return new MboxWriter(path, await open(whole, 'wx', 0o600), kind, mailbox)
    },
  }
}

/** What has to be known of a message before its first octet is written. */
interface Layout {
  readonly lineEnds: MboxMarker['lineEnds']
  readonly quoting: FromQuoting
  /** Octets in the file: of all, and of what is behind the header. */
  readonly length: number
  readonly bodyLength: number
  readonly endsLine: boolean
  readonly sender: string
}

class MboxWriter implements MailboxWriter {
  readonly path: string
  readonly #file: FileHandle
  readonly #kind: MboxKind
  readonly #mailbox: OutgoingMailbox
  #isFirst = true

  constructor(path: string, file: FileHandle, kind: MboxKind, mailbox: OutgoingMailbox) {
    this.path = path
    this.#file = file
    this.#kind = kind
    this.#mailbox = mailbox
  }

  async write(message: OutgoingMessage): Promise<void> {
    const layout = await layoutOf(message, this.#kind)
    const added = [...fieldsOfFlags(message.flags), `X-UID: ${message.uid}`]
    if (this.#isFirst) added.unshift(this.#base())
    if (this.#kind === 'mboxcl' || this.#kind === 'mboxcl2') added.push(`Content-Length: ${layout.bodyLength}`)
    this.#isFirst = false
    const marker = writeMarker({ ...layout, lines: added.length, date: message.internalDate })
    const head = [`From ${layout.sender} ${timeOf(message.internalDate)}`, marker, ...added, ''].join('\n')
    await this.#file.writeFile(Buffer.from(head, 'latin1'))
    for await (const piece of inFile(message, layout.lineEnds, layout.quoting)) await this.#file.writeFile(piece)
    await this.#file.writeFile(layout.endsLine ? '\n' : '\n\n')
  }

  async finish(): Promise<void> {
    await this.#file.close()
  }

  #base(): string {
    const { uidValidity, uidNext, keywords } = this.#mailbox
    return ['X-IMAPbase:', uidValidity, uidNext - 1, ...keywords].join(' ')
  }
}

async function layoutOf(message: OutgoingMessage, kind: MboxKind): Promise<Layout> {
  const check = new FileFormCheck()
  const quoted = new LineSearch(/\n>From /)
  let start = ''
  for await (const piece of message.octets()) {
    check.push(piece)
    quoted.push(piece)
    if (start.length < maxSenderLine) start += piece.toString('latin1', 0, maxSenderLine)
  }
  // Lines that are quoted already would be unquoted on the way back where only `From ` is; such a message is quoted as mboxrd
  // does, and the marker says so.
  const plain: FromQuoting = kind === 'mboxcl2' ? 'none' : kind === 'mboxrd' ? 'rd' : 'o'
  const quoting = plain === 'o' && quoted.found ? 'rd' : plain
  const lineEnds = check.safe ? 'lf' : 'exact'

  let length = 0
  let last = 0x0a
  const body = new LineSearch(/\n\r?\n/)
  for await (const piece of inFile(message, lineEnds, quoting)) {
    length += piece.length
    last = piece.at(-1) ?? last
    body.push(piece)
  }
  const bodyLength = body.found ? length - body.foundEnd : 0
  return { lineEnds, quoting, length, bodyLength, endsLine: last === 0x0a, sender: senderOf(start) }
}

async function* inFile(
  message: OutgoingMessage,
  lineEnds: MboxMarker['lineEnds'],
  quoting: FromQuoting,
): AsyncGenerator<Buffer> {
  const form = new FileForm()
  const lines = new FromLines('quote', quoting)
  for await (const piece of message.octets()) yield lines.push(lineEnds === 'lf' ? form.push(piece) : piece)
  if (lineEnds === 'lf') yield lines.push(form.finish())
  yield lines.finish()
}

/** Looks for the first match of a short pattern that starts with a line end, in text whose start counts as one. */
class LineSearch {
  readonly #pattern: RegExp
  #tail = '\n'
  /** Octets of the text before `#tail`; the line end that stands for the start is not one of them. */
  #before = -1
  found = false
  /** Octets up to the end of the match. */
  foundEnd = 0

  constructor(pattern: RegExp) {
    this.#pattern = pattern
  }

  push(piece: Buffer): void {
    if (this.found) return
    const text = this.#tail + piece.toString('latin1')
    const match = this.#pattern.exec(text)
    if (match) {
      this.found = true
      this.foundEnd = this.#before + match.index + match[0].length
      return
    }
    this.#tail = text.slice(-8)
    this.#before += text.length - this.#tail.length
  }
}

/** Octets of a message that are searched for its Return-Path. */
const maxSenderLine = 512

/** Who sent it, where the message starts with its Return-Path. */
function senderOf(start: string): string {
  const [, sender = ''] = /^Return-Path:[ \t]*<([\x21-\x3b\x3d\x3f-\x7e]+)>/i.exec(start) ?? []
  return sender === '' ? 'MAILER-DAEMON' : sender
}

/** `Thu Nov 24 18:22:48 1986`, in UTC. */
function timeOf(seconds: number): string {
  const [, day = '', date = '', month = '', year = '', time = ''] =
    /^(\w+), (\d+) (\w+) (\d+) (\S+)/.exec(new Date(seconds * 1000).toUTCString()) ?? []
  return `${day} ${month} ${date.replace(/^0/, ' ')} ${time} ${year}`
}
