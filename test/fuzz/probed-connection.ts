import type { Duplex } from 'node:stream'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { NotGrammar, parseResponse, type Response } from './response-grammar.ts'
import { WireClient } from './wire-client.ts'

/** Something that a server must not do. */
export class Fault extends Error {}

/** How long a server may think before it counts as stalled, in milliseconds. Nothing ever waits for so long. */
const patienceMs = 15_000
/** Octets of literals that the prober makes up for, so as to get back to where commands are read. */
const maxOwedBytes = 256 * 1024

/**
 * A connection that can be sent anything: it reads every answer by the grammar, and finds out whether the server still
 * listens and still knows where commands begin.
 */
export class ProbedConnection {
  readonly #wire: WireClient
  #utf8 = false
  #probes = 0
  #sent = ''
  #fault: Fault | undefined
  readonly #transcript: string[] = []
  #responses: Response[] = []
  #saidBye = false

  constructor(stream: Duplex) {
    this.#wire = new WireClient(stream, {
      onResponse: (text) => this.#hear(text),
      onEnd: (rest) => {
        if (rest !== '') this.#fault ??= new Fault(`the connection ended inside ${JSON.stringify(rest.slice(0, 300))}`)
      },
    })
  }

  get ended(): boolean {
    return this.#wire.ended
  }

  /** All that was said, one line a piece. */
  get transcript(): string {
    return this.#transcript.join('\n')
  }

  #hear(text: string): void {
    this.#transcript.push('S: ' + JSON.stringify(text.slice(0, 2_000)))
    try {
      const response = parseResponse(text, { utf8: this.#utf8 })
      if (response.kind === 'enabled') {
        this.#utf8 ||= response.names.some((name) => name === 'IMAP4rev2' || name === 'UTF8=ACCEPT')
      }
      if (response.kind === 'condition') {
        if (response.status === 'BYE') this.#saidBye = true
        if (response.code?.name === 'SERVERBUG') this.#fault ??= new Fault('NO [SERVERBUG]')
      }
      this.#responses.push(response)
    } catch (error) {
      if (!(error instanceof NotGrammar) && !(error instanceof Error)) throw error
      this.#fault ??= new Fault(error.message)
    }
  }

  /** Sends octets of any kind, in as many pieces as `pieceBytes` makes of them. */
  send(octets: string, pieceBytes: number = Infinity): void {
    this.#transcript.push('C: ' + JSON.stringify(octets.slice(0, 20_000)))
    this.#sent = (this.#sent + octets).slice(-400_000)
    const bytes = Buffer.from(octets, 'latin1')
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      this.#wire.send(bytes.subarray(at, Math.min(bytes.length, at + pieceBytes)))
    }
  }

  /** A command that must be answered; its responses, the tagged one at the end. */
  async command(text: string): Promise<readonly Response[]> {
    const tag = `zz${this.#probes++}`
    this.#responses = []
    this.send(`${tag} ${text}\r\n`)
    if (!(await this.#answered(tag, patienceMs))) throw new Fault(`no answer to ${text.slice(0, 200)}`)
    return this.#responses
  }

  /** As {@link command}, and the answer must be OK. */
  async mustDo(text: string): Promise<readonly Response[]> {
    const responses = await this.command(text)
    const last = responses.at(-1)
    if (last?.kind !== 'condition' || last.status !== 'OK') {
      throw new Fault(`no OK to ${text.slice(0, 200)}: ${last?.kind === 'condition' ? last.text : 'the end'}`)
    }
    return responses
  }

  /**
   * Ends whatever was begun and sees that a NOOP is answered, or that the server has said BYE. Throws {@link Fault}
   * otherwise, and for anything wrong that was heard before.
   */
  async probe(): Promise<void> {
    if (/compress/i.test(this.#sent)) return this.#wire.destroy() // what comes now may be compressed
    // A line may be wanted by IDLE or AUTHENTICATE, the rest of a command may be, and octets of a literal.
    for (const ending of ['\r\n', '\r\n', '*\r\n', '\r\n']) {
      if (await this.#noop(ending, 60)) return
    }
    const owed = Math.max(0, ...[...this.#sent.matchAll(/\{(\d+)\+?\}/g)].map(([, size]) => Number(size)))
    if (owed > maxOwedBytes) return this.#wire.destroy() // nobody has so much to say
    for (let sent = 0; sent <= owed; sent += 1_000) this.send('x'.repeat(1_000))
    for (let tries = 0; tries < 3; tries++) if (await this.#noop('\r\n', 200)) return
    if (!(await this.#noop('\r\n', patienceMs))) throw new Fault('NOOP is not answered any more')
  }

  async #noop(ending: string, ms: number): Promise<boolean> {
    const tag = `zz${this.#probes++}`
    this.send(`${ending}${tag} NOOP\r\n`)
    return this.#answered(tag, ms)
  }

  /** Waits for the answer to `tag`, or the end; false if neither comes. */
  async #answered(tag: string, ms: number): Promise<boolean> {
    const until = performance.now() + ms
    for (let turns = 0; ; turns++) {
      if (this.#fault) throw this.#fault
      if (this.#responses.some((response) => response.kind === 'condition' && response.tag === tag)) return true
      if (this.#wire.ended) {
        if (!this.#saidBye) throw new Fault('the connection was closed without BYE')
        return true
      }
      if (performance.now() > until) return false
      await (turns < 50 ? turn() : wait(1))
    }
  }

  destroy(): void {
    this.#wire.destroy()
  }
}
