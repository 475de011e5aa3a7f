import type { People } from '../accounts/people.ts'
import type { Sharing } from '../imap/sharing.ts'
import type { Config } from './config-type.ts'

/** What IMAP is told of those who share mailboxes; `undefined` where a configuration wants none of it. */
export function sharingOf({ sharing }: Config, people: People): Sharing | undefined {
  if (!sharing.enabled) return undefined
  return {
    otherUsers: sharing.otherUsers,
    shared: sharing.sharedAccounts,
    seenPerUser: sharing.seenPerUser,
    holderNamed: (name) => people.holderNamed(name),
    holderOf: (account) => people.holderOf(account),
    ownedBy: (identifiers) => people.ownedBy(identifiers),
    identifiersOf: (user) => people.identifiersOf(user),
    identifierNamed: (text) => people.identifierNamed(text),
  }
}
