/**
 * Access rights (RFC 4314 §2.1): `l` look up, `r` read, `s` keep `\Seen`, `w` write other flags, `i` insert, `p` post,
 * `k` create mailboxes, `x` delete the mailbox, `t` delete messages, `e` expunge, `a` administer.
 */
export type Right = 'l' | 'r' | 's' | 'w' | 'i' | 'p' | 'k' | 'x' | 't' | 'e' | 'a'

/** A set of rights: letters of {@link allRights}, each once at most and in that order. */
export type Rights = string

/** Every right, as its letters are ordered in all that is stored and printed. */
export const allRights: Rights = 'lrswipkxtea'

/** What the virtual rights of RFC 2086 stand for, the first of the two readings of RFC 4314 §2.1.1. */
const virtualRights: readonly (readonly [letter: string, members: string])[] = [
  ['c', 'kx'],
  ['d', 'te'],
]

/** The rights of a text of letters, `c` and `d` among them; `undefined` where one is no right. */
export function parseRights(text: string): Rights | undefined {
  let letters = text
  for (const [letter, members] of virtualRights) letters = letters.replaceAll(letter, members)
  return Array.from(letters).every((letter) => allRights.includes(letter)) ? withRights('', letters) : undefined
}

/** The rights as clients are told of them, the virtual ones behind their members (RFC 4314 §2.1.1). */
export function formatRights(rights: Rights): string {
  let text = rights
  for (const [letter, members] of virtualRights) {
    if (Array.from(members).some((member) => rights.includes(member))) text += letter
  }
  return text
}

/** Both sets together. */
export function withRights(rights: Rights, more: string): Rights {
  return Array.from(allRights)
    .filter((right) => rights.includes(right) || more.includes(right))
    .join('')
}

/** The first set without the second. */
export function withoutRights(rights: Rights, fewer: string): Rights {
  return Array.from(rights)
    .filter((right) => !fewer.includes(right))
    .join('')
}

/**
 * What an access control list grants to somebody with all these identifiers (RFC 4314 §2): the union of what each is
 * granted, less all that is denied to any of them by an entry with `-` before the identifier.
 */
export function rightsOf(acl: ReadonlyMap<string, Rights>, identifiers: readonly string[]): Rights {
  if (acl.size === 0) return ''
  let granted = ''
  let denied = ''
  for (const identifier of identifiers) {
    granted += acl.get(identifier) ?? ''
    denied += acl.get('-' + identifier) ?? ''
  }
  return granted === '' ? '' : withoutRights(withRights('', granted), denied)
}
