import { createHash } from 'node:crypto'

/** Octets of a name in a file system, with room for an ending. */
const maxNameBytes = 200

/**
 * Names of folders and files for mailboxes: readable where they can be, never leading anywhere, and never the same for
 * two, also where the file system takes `A` and `a` for one. The manifest says which is for which.
 */
export class FileNames {
  readonly #used = new Set<string>()

  /** The path for a mailbox: one folder for each level. */
  nested(mailbox: string): string {
    return this.#unique(mailbox.split('/').map(safeName).join('/'), mailbox)
  }

  /** One name for a mailbox, of which `preferred` is the readable form and holds nothing but printable ASCII. */
  flat(preferred: string, mailbox: string): string {
    const isTooLong = preferred.length > maxNameBytes
    return this.#unique(isTooLong ? shortened(preferred, mailbox) : preferred, mailbox)
  }

  #unique(path: string, mailbox: string): string {
    const unique = this.#used.has(path.toLowerCase()) ? shortened(path, mailbox) : path
    this.#used.add(unique.toLowerCase())
    return unique
  }
}

/** A level of a mailbox's name as the name of a file: without what has a meaning on some system. */
function safeName(level: string): string {
  const escaped = level
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029%/\\:*?"<>|]/gu, escapeChar)
    .replace(/^\.|[. ]$|\.(?=(?:mbox|mbx|sbd|eml)$)/gi, escapeChar)
    // Names that formats, exports or systems have a use for.
    .replace(
      /^crispin-|^(?:cur|new|tmp|con|prn|aux|nul|com\d|lpt\d)$/i,
      (word) => escapeChar(word.slice(0, 1)) + word.slice(1),
    )
  return Buffer.byteLength(escaped) > maxNameBytes ? shortened(escaped, level) : escaped
}

function escapeChar(char: string): string {
  const octets = [...Buffer.from(char)]
  return octets.map((octet) => '%' + octet.toString(16).padStart(2, '0')).join('')
}

/** The start of a name that is too long or taken, made unique by a digest of what it is for. */
function shortened(name: string, meant: string): string {
  let start = name
  while (Buffer.byteLength(start) > maxNameBytes - 20 || !start.isWellFormed()) start = start.slice(0, -1)
  return `${start}%${createHash('sha256').update(meant).digest('hex').slice(0, 16)}`
}
