import { Refusal } from '../model/refusal.ts'
import { makeCredentials } from './credentials.ts'
import type { HashCosts } from './credentials.ts'
import { checkedName, checkedPassword, newAccountId, userExists } from './directory.ts'
import type { NewUser, User } from './directory.ts'
import { hashConcurrency, WorkQueue } from './work-queue.ts'

/** A new user, ready to be written: nothing is switched off for them yet. */
export type PreparedUser = Omit<User, 'disabledCapabilities'>

/**
 * Users ready to be written: all names and passwords are checked first, also with `isTaken`, since hashing is what
 * takes time. Throws `Refusal`.
 */
export async function prepareUsers(
  users: Iterable<NewUser>,
  costs: HashCosts,
  isTaken: (name: string) => boolean,
  onHashed: (done: number) => void = () => {},
): Promise<PreparedUser[]> {
  const checked = new Map<string, { password: string; account: string }>()
  for (const { name: text, password, account = newAccountId() } of users) {
    const name = checkedName(text)
    if (checked.has(name) || isTaken(name)) throw userExists(name)
    // A store makes a folder of it.
    if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(account)) throw new Refusal('CANNOT', 'This cannot be the id of an account')
    checked.set(name, { password: checkedPassword(password), account })
  }
  const queue = new WorkQueue(hashConcurrency())
  let done = 0
  return Promise.all(
    Array.from(checked, ([name, { password, account }]) =>
      queue.run(async () => {
        const credentials = await makeCredentials(password, costs)
        onHashed(++done)
        return { name, account, credentials }
      }),
    ),
  )
}
