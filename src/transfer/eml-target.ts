import { createWriteStream } from 'node:fs'
import { mkdir, open, utimes } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { emlFactsName } from './eml-source.ts'
import type { EmlFacts } from './eml-source.ts'
import { FileNames } from './file-names.ts'
import type { MailboxWriter, MailTarget, OutgoingMessage } from './target.ts'

/** A folder for each mailbox, with a file for each message, octet by octet as it is stored, named after its UID. */
export function emlTarget(root: string): MailTarget {
  const names = new FileNames()
  return {
    async openMailbox({ name }) {
      const path = names.nested(name)
      const folder = join(root, path)
      await mkdir(folder, { recursive: true })
      return new EmlWriter(path, folder, await open(join(folder, emlFactsName), 'wx', 0o600))
    },
  }
}

class EmlWriter implements MailboxWriter {
  readonly path: string
  readonly #folder: string
  readonly #facts: FileHandle

  constructor(path: string, folder: string, facts: FileHandle) {
    this.path = path
    this.#folder = folder
    this.#facts = facts
  }

  async write(message: OutgoingMessage): Promise<void> {
    const { uid, flags, internalDate } = message
    const file = `${uid}.eml`
    const path = join(this.#folder, file)
    await pipeline(copied(message.octets()), createWriteStream(path, { flags: 'wx', mode: 0o600 }))
    await utimes(path, internalDate, internalDate)
    const facts: EmlFacts = { file, uid, flags: flags.text === '' ? [] : flags.text.split(' '), date: internalDate }
    await this.#facts.writeFile(JSON.stringify(facts) + '\n')
  }

  async finish(): Promise<void> {
    await this.#facts.close()
  }
}

/** A stream may hold several pieces, and each is good only until the next is asked for. */
async function* copied(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) yield Buffer.from(piece)
}
