import { mkdir, open, rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileNames } from './file-names.ts'
import { lettersOfFlags, maildirKeywords } from './flags-in-files.ts'
import { exactMark, moreKeywordsName } from './maildir-source.ts'
import { folderOfMailbox, writeKeywords, writeUidList } from './maildir-names.ts'
import type { MailboxWriter, MailTarget, OutgoingMailbox, OutgoingMessage } from './target.ts'
import { FileForm, FileFormCheck } from './wire-form.ts'

/**
 * Maildir++, with Dovecot's lists of UIDs and keywords. Lines end in LF, as is usual there, where the CRLF can be put back
 * exactly; else the octets are the message's.
 */
export function maildirTarget(root: string): MailTarget {
  const names = new FileNames()
  return {
    async openMailbox(mailbox) {
      const isInbox = mailbox.name === 'INBOX'
      const path = isInbox ? '' : names.flat(folderOfMailbox(mailbox.name), mailbox.name)
      const folder = join(root, path)
      for (const part of ['cur', 'new', 'tmp']) await mkdir(join(folder, part), { recursive: true })
      // The mark of Maildir++ that a folder is not a Maildir of its own.
      if (!isInbox) await writeFile(join(folder, 'maildirfolder'), '')
      return new MaildirWriter(path, folder, mailbox)
    },
  }
}

class MaildirWriter implements MailboxWriter {
  readonly path: string
  readonly #folder: string
  readonly #mailbox: OutgoingMailbox
  /** Those with letters. */
  readonly #keywords: readonly string[]
  readonly #uids: [number, string][] = []
  #moreKeywords = ''

  constructor(path: string, folder: string, mailbox: OutgoingMailbox) {
    this.path = path
    this.#folder = folder
    this.#mailbox = mailbox
    this.#keywords = mailbox.keywords.slice(0, maildirKeywords)
  }

  async write(message: OutgoingMessage): Promise<void> {
    const check = new FileFormCheck()
    for await (const piece of message.octets()) check.push(piece)
    const { uid, internalDate, size, flags } = message
    const start = `${internalDate}.M0P0U${uid}.crispin`
    const unfinished = join(this.#folder, 'tmp', start)
    const written = await writeMessage(unfinished, message, check.safe)
    await utimes(unfinished, internalDate, internalDate)
    const unique = `${start},S=${written}` + (check.safe ? `,W=${size}` : exactMark)
    const { letters, without } = lettersOfFlags(flags, this.#keywords)
    await rename(unfinished, join(this.#folder, 'cur', `${unique}:2,${letters}`))
    this.#uids.push([uid, unique])
    if (without.length > 0) this.#moreKeywords += `${unique} ${without.join(' ')}\n`
  }

  async finish(): Promise<void> {
    const { uidValidity, uidNext } = this.#mailbox
    await writeFile(join(this.#folder, 'dovecot-uidlist'), writeUidList(uidValidity, uidNext, this.#uids))
    if (this.#keywords.length > 0) {
      await writeFile(join(this.#folder, 'dovecot-keywords'), writeKeywords(this.#keywords))
    }
    if (this.#moreKeywords !== '') await writeFile(join(this.#folder, moreKeywordsName), this.#moreKeywords)
  }
}

/** The number of octets written. */
async function writeMessage(path: string, message: OutgoingMessage, lineFeeds: boolean): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  try {
    const form = new FileForm()
    let written = 0
    const put = async (octets: Buffer): Promise<void> => {
      if (octets.length > 0) await file.writeFile(octets)
      written += octets.length
    }
    for await (const piece of message.octets()) await put(lineFeeds ? form.push(piece) : piece)
    if (lineFeeds) await put(form.finish())
    return written
  } finally {
    await file.close()
  }
}
