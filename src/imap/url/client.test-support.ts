import type { Duplex } from 'node:stream'
import type { CrispinServer } from '../../index.ts'

/** A client that says whole commands and hears whole answers. */
export interface Client {
  /** Sends a command under the next tag, literals as they stand in it, and resolves with the answer up to that tag's line. */
  say(command: string): Promise<string>
  readonly stream: Duplex
}

/** Connects and, given a name, signs in with the password `secret`. */
export async function connectClient(server: CrispinServer, name?: string): Promise<Client> {
  const stream = server.connect()
  let heard = ''
  let check = (): void => {}
  stream.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1')
    check()
  })
  let fail = (): void => {}
  stream.once('close', () => fail())
  stream.once('end', () => stream.end())
  const hear = (end: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      fail = () => reject(new Error(`the connection ended: ${heard}`))
      check = () => {
        const found = end.exec(heard)
        if (!found) return
        const answer = heard.slice(0, found.index + found[0].length)
        heard = heard.slice(answer.length)
        resolve(answer)
      }
      check()
    })
  let count = 0
  await hear(/^\* OK .*\r\n/)
  const client: Client = {
    stream,
    async say(command) {
      const tag = `t${++count}`
      stream.write(Buffer.from(`${tag} ${command}\r\n`, 'latin1'))
      return hear(new RegExp(`^${tag} .*\\r\\n`, 'm'))
    },
  }
  if (name !== undefined) await client.say(`LOGIN ${name} secret`)
  return client
}
