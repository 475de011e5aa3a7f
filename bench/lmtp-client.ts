/** Delivers mail by LMTP as Postfix does: the envelope pipelined (RFC 2920 §3.1), the message after the 354. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Server } from './servers/server.ts'

/** One connection on which message after message is delivered. */
export class LmtpClient {
  readonly #socket: Socket
  #text = ''
  #wanted = 0
  #wake: (() => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1')
      if (finalLines(this.#text).length >= this.#wanted) this.#wake?.()
    })
  }

  static async connect(server: Server): Promise<LmtpClient> {
    const socket = connect({ host: '127.0.0.1', port: server.lmtpPort, noDelay: true })
    const client = new LmtpClient(socket)
    await client.#replies(1)
    socket.write('LHLO bench.example.org\r\n')
    await client.#replies(1)
    return client
  }

  /** One message to one user. Throws unless it was taken. */
  async deliver(user: string, octets: Buffer): Promise<void> {
    this.#socket.write(`MAIL FROM:<sender@example.org>\r\nRCPT TO:<${user}>\r\nDATA\r\n`)
    const begun = await this.#replies(3)
    if (!begun[2]?.startsWith('354')) throw new Error(begun.join(' '))
    this.#socket.write(Buffer.concat([octets, end]))
    const [taken = ''] = await this.#replies(1)
    if (!taken.startsWith('250')) throw new Error(taken)
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Waits for that many whole replies and takes them. */
  async #replies(count: number): Promise<readonly string[]> {
    this.#wanted = count
    if (finalLines(this.#text).length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const lines = finalLines(this.#text)
    this.#text = ''
    return lines
  }
}

/** The mail of the benchmark has no line that begins with a dot, so none needs another. */
const end = Buffer.from('.\r\n')

/** The last lines of all whole replies: those with a space behind the code. */
const finalLines = (text: string): string[] => text.split('\r\n').filter((line) => /^\d{3} /.test(line))
