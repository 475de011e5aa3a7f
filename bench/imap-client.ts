/**
 * A client that costs little: commands go out as they are, answers are counted in octets, and only the end of what
 * came is looked at for the tagged line. Answers are kept where somebody wants to compare them.
 */
import { connect as connectPlain } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Server } from './servers/server.ts'

/** Octets from the end of the answers in which the tagged line is looked for. */
const tailBytes = 2000
/** How long one answer may take, in milliseconds. */
const patienceMs = 600_000

interface Waiting {
  readonly tag: string
  readonly done: (line: string) => void
  readonly failed: (error: Error) => void
}

/** One connection, which may be in one exchange at a time. */
export class ImapClient {
  readonly #socket: Socket
  #tail = ''
  #received = 0
  #lastTag = 0
  #kept: Buffer[] | undefined
  #waiting: Waiting | undefined
  /** Called for every piece that arrives outside of an exchange, while the server may speak unasked. */
  onUnasked: ((text: string) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (error) => this.#waiting?.failed(error))
    socket.on('close', () => this.#waiting?.failed(new Error('the server closed the connection')))
  }

  /** Connects, from that address, and reads the greeting. */
  static async connect(server: Server, tls = false, localAddress = '127.0.0.1'): Promise<ImapClient> {
    const plain = connectPlain({
      host: '127.0.0.1',
      port: tls ? server.imapsPort : server.imapPort,
      localAddress,
      noDelay: true,
    })
    const socket = tls ? connectTls({ socket: plain, rejectUnauthorized: false }) : plain
    await new Promise((resolve, reject) => {
      socket.once(tls ? 'secureConnect' : 'connect', resolve)
      socket.once('error', reject)
    })
    const client = new ImapClient(socket)
    await client.#until('* ')
    return client
  }

  /** Connects and signs in; the user's name is also the password. */
  static async login(server: Server, user: string, tls = false, localAddress?: string): Promise<ImapClient> {
    const client = await ImapClient.connect(server, tls, localAddress)
    await client.command(`LOGIN ${user} ${user}`)
    return client
  }

  /** Octets of the answers of the last exchange. */
  get received(): number {
    return this.#received
  }

  /** One command without its tag and CRLF; resolves to its tagged line. Throws unless that says OK. */
  async command(text: string): Promise<string> {
    return await this.send([text])
  }

  /** Commands one behind the other without waiting; resolves to the last one's tagged line. */
  async send(commands: readonly (string | Buffer)[]): Promise<string> {
    const octets: Buffer[] = []
    let tag = ''
    for (const command of commands) {
      tag = `t${++this.#lastTag}`
      octets.push(Buffer.from(`${tag} `), typeof command === 'string' ? Buffer.from(command) : command, crlf)
    }
    const answered = this.#until(tag)
    this.#socket.write(Buffer.concat(octets))
    const line = await answered
    if (!line.startsWith(`${tag} OK`)) throw new Error(`${String(commands.at(-1)).slice(0, 80)}: ${line}`)
    return line
  }

  /** As `send`, but resolves to all that was answered, each octet a char. */
  async ask(...commands: readonly string[]): Promise<string> {
    this.#kept = []
    await this.send(commands)
    const text = Buffer.concat(this.#kept).toString('latin1')
    this.#kept = undefined
    return text
  }

  /** Enters IDLE; `onUnasked` hears what comes then. */
  async idle(): Promise<void> {
    const begun = this.#until('+ ')
    this.#socket.write(`t${++this.#lastTag} IDLE\r\n`)
    await begun
  }

  async logout(): Promise<void> {
    await this.command('LOGOUT')
    this.#socket.destroy()
  }

  /** Goes without a word. */
  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #until(tag: string): Promise<string> {
    this.#received = 0
    this.#tail = ''
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => failed(new Error(`no answer ${tag} after ${this.#tail.slice(-200)}`)), patienceMs)
      const failed = (error: Error): void => {
        clearTimeout(timer)
        this.#waiting = undefined
        reject(error)
      }
      const done = (line: string): void => {
        clearTimeout(timer)
        this.#waiting = undefined
        resolve(line)
      }
      this.#waiting = { tag, done, failed }
    })
  }

  #receive(chunk: Buffer): void {
    if (!this.#waiting) {
      this.onUnasked?.(chunk.toString('latin1'))
      return
    }
    this.#received += chunk.length
    this.#kept?.push(chunk)
    this.#tail = (this.#tail + chunk.toString('latin1', Math.max(0, chunk.length - tailBytes))).slice(-tailBytes)
    if (!this.#tail.endsWith('\r\n')) return
    const line = this.#tail.slice(this.#tail.lastIndexOf('\r\n', this.#tail.length - 3) + 1).trim()
    const { tag, done } = this.#waiting
    if (line.startsWith(tag.endsWith(' ') ? tag : `${tag} `)) done(line)
  }
}

const crlf = Buffer.from('\r\n')
