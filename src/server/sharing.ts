import { DirectoryFailure } from '../accounts/directory.ts'
import type { People } from '../accounts/people.ts'
import type { Sharing } from '../imap/sharing.ts'
import { StoreFailure } from '../store/store.ts'
import type { Config } from './config-type.ts'

/** What IMAP is told of those who share mailboxes; `undefined` where a configuration wants none of it. */
export function sharingOf(sharing: Config['sharing'], people: People): Sharing | undefined {
  if (!sharing.enabled) return undefined
  return {
    otherUsers: sharing.otherUsers,
    shared: sharing.sharedAccounts,
    seenPerUser: sharing.seenPerUser,
    holderNamed: (name) => asked(() => people.holderNamed(name)),
    holderOf: (account) => asked(() => people.holderOf(account)),
    ownedBy: (identifiers) => asked(() => people.ownedBy(identifiers)),
    identifiersOf: (user) => asked(() => people.identifiersOf(user)),
    identifierNamed: (text) => asked(() => people.identifierNamed(text)),
  }
}

/**
 * An answer out of the directory; that it cannot be read is a failure like one of the store to whoever wants a mailbox.
 */
export async function asked<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question()
  } catch (error) {
    if (!(error instanceof DirectoryFailure)) throw error
    throw new StoreFailure(error.reason, error.message, { cause: error })
  }
}
