import type { Duplex } from 'node:stream'
import type { Account } from '../embedded/account.ts'
import type { AccountHandle } from '../embedded/account-handle.ts'
import type { Follower } from '../embedded/feed.ts'
import type { EmbeddedStore } from '../embedded/index.ts'
import { Staged } from '../embedded/staging.ts'
import { type Breathe, StoreFailure } from '../store.ts'
import { Awaited } from './awaited.ts'
import { Channel } from './channel.ts'
import { type Answer, type Call, type Calls, type Message, type SentMessage, sentFailure } from './protocol.ts'
import { receivedOperations } from './sent-operations.ts'

/** An account that a follower has open. */
interface Followed {
  readonly handle: AccountHandle<Account>
  readonly follower: Follower
  readonly awaited: Awaited
  readonly stop: () => void
  /** Files for large messages that the follower writes and did not commit yet. */
  readonly reserved: Set<number>
  /** Resolves when the follower has said whether it can let go of the account. */
  asked: PromiseWithResolvers<void> | undefined
}

/** Milliseconds of a search after which others have their turn. */
const turnMs = 3

/** One other process that follows accounts of this one's store. */
export class FollowingProcess {
  readonly #store: EmbeddedStore
  readonly #remove: (account: string) => Promise<void>
  readonly #channel: Channel
  readonly #followed = new Map<string, Followed>()
  #isGone = false

  /** `remove` erases an account; `onGone` is called once the process has let go of everything. */
  constructor(stream: Duplex, store: EmbeddedStore, remove: (account: string) => Promise<void>, onGone: () => void) {
    this.#store = store
    this.#remove = remove
    this.#channel = new Channel(stream, {
      received: (message) => this.#received(message),
      closed: () => {
        this.#isGone = true
        const closing = [...this.#followed.keys()].map((account) => this.#close(account))
        Promise.all(closing).then(onGone, onGone)
      },
    })
  }

  #received(message: Message): void {
    if (message.is === 'seen') this.#followed.get(message.account)?.awaited.seen(message.sequence)
    if (message.is !== 'call') return
    const { number } = message
    this.#answer(message).then(
      (value) => this.#say({ is: 'answer', number, value }),
      (error: unknown) => this.#say({ is: 'failure', number, failure: sentFailure(error) }),
    )
  }

  #say(answer: Answer): void {
    this.#channel.send(answer)
  }

  async #answer(call: Call): Promise<unknown> {
    const { account } = call
    switch (call.name) {
      case 'open':
        return await this.#open(account)
      case 'close':
        return await this.#close(account)
      case 'keep':
        return this.#followed.get(account)?.asked?.resolve()
      case 'commit':
        return await this.#commit(account, call.ask)
      case 'reserve': {
        const { handle, reserved } = this.#known(account)
        const number = handle.opened.reserveOwnFile()
        reserved.add(number)
        return number
      }
      case 'discard': {
        const { handle, reserved } = this.#known(account)
        if (reserved.delete(call.ask.number)) handle.opened.discardOwnFile(call.ask.number)
        return undefined
      }
      case 'locate':
        return this.#known(account).handle.opened.locate(call.ask.message)
      case 'findText':
        return await this.#known(account).handle.findText(call.ask.text, call.ask.where, newBreathe())
      case 'findSimilar':
        return await this.#known(account).handle.findSimilar(call.ask.word, newBreathe())
      case 'remove':
        return await this.#remove(account)
    }
  }

  #known(account: string): Followed {
    const followed = this.#followed.get(account)
    if (!followed) throw new StoreFailure('closed', `the account ${account} is not open here`)
    return followed
  }

  async #open(account: string): Promise<Calls['open']['answer']> {
    const handle = await this.#store.openAccount(account)
    try {
      if (this.#isGone || this.#followed.has(account)) throw new StoreFailure('closed', 'nobody waits for the account')
      const awaited = new Awaited(() => this.#channel.close(new Error('the other process does not keep up')))
      const follower: Follower = {
        published: (publication, isAwaited) => {
          this.#channel.send({ is: 'published', account, publication, isAwaited })
          return isAwaited && !this.#isGone ? awaited.next(publication.sequence) : undefined
        },
        imaged: (sequence) => this.#channel.send({ is: 'imaged', account, sequence }),
        broughtIn: () => this.#channel.send({ is: 'broughtIn', account }),
      }
      const { mark, since, stop } = await handle.opened.follow(follower)
      this.#followed.set(account, { handle, follower, awaited, stop, reserved: new Set(), asked: undefined })
      if (this.#isGone) await this.#close(account)
      return { mark, since }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async #close(account: string): Promise<undefined> {
    const followed = this.#followed.get(account)
    if (!followed) return
    this.#followed.delete(account)
    followed.stop()
    followed.awaited.seen(Infinity)
    for (const number of followed.reserved) followed.handle.opened.discardOwnFile(number)
    await followed.handle.close()
    followed.asked?.resolve()
  }

  #commit(account: string, { operations }: Calls['commit']['ask']): Promise<Calls['commit']['answer']> {
    const { handle, follower, reserved } = this.#known(account)
    const received = receivedOperations(operations, (sent) => stagedOf(sent, reserved))
    return handle.opened.commit(received, false, false, follower)
  }

  /** Asks the process to let go of an account that nobody uses there; resolves when it has, or will not. */
  async letGo(account: string): Promise<void> {
    const followed = this.#followed.get(account)
    if (!followed) return
    followed.asked ??= Promise.withResolvers<void>()
    this.#channel.send({ is: 'letGo', account })
    await followed.asked.promise
    followed.asked = undefined
  }

  /** Sends it away. */
  close(): void {
    this.#channel.close()
  }
}

/** A message that a follower staged, as the engine knows its own. */
function stagedOf(sent: SentMessage, reserved: Set<number>): Staged {
  if ('octets' in sent) {
    const { buffer, byteOffset, byteLength } = sent.octets
    return new Staged(Buffer.from(buffer, byteOffset, byteLength), () => {})
  }
  const { segment, indexed } = sent
  if (!reserved.has(segment)) {
    throw new StoreFailure('busy', 'a large message was lost when the process that owns its account was replaced')
  }
  return new Staged({ indexed, segment }, (committed) => {
    if (committed) reserved.delete(segment)
  })
}

function newBreathe(): Breathe {
  let turnEnds = performance.now() + turnMs
  return () => {
    if (performance.now() < turnEnds) return undefined
    return new Promise((resolve) =>
      setImmediate(() => {
        turnEnds = performance.now() + turnMs
        resolve()
      }),
    )
  }
}
