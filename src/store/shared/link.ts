import type { Duplex } from 'node:stream'
import type { Log } from '../../model/log.ts'
import { StoreFailure } from '../store.ts'
import { Channel } from './channel.ts'
import { type CallName, type Calls, failureOf, type Message, type News } from './protocol.ts'

/** Somebody who follows an account over a link. */
export interface AccountFollower {
  /** News of the account, in the order of its log. */
  heard(news: News): void
  /** The owner is gone; there will be no more news until the account is opened again. */
  cutOff(): void
  /** An owner can be reached again. */
  reachable(): void
}

/** How a process reaches the owner of accounts. */
export interface LinkOptions {
  /** Makes a stream to the owner. Rejects when that is not there. */
  readonly connect: () => Promise<Duplex>
  readonly log: Log
  /** Milliseconds for which calls wait for an owner that is not there, since it is being replaced. */
  readonly patienceMs: number
}

interface Waiting {
  readonly name: CallName
  readonly resolve: (value: unknown) => void
  readonly reject: (failure: Error) => void
}

/** Milliseconds between two attempts to reach an owner: first, and at most. */
const [minPauseMs, maxPauseMs] = [20, 1000]

/**
 * The way to the process that owns some accounts. When that process ends, calls under way fail, and the link waits for
 * the process that takes its place.
 */
export class Link {
  readonly #options: LinkOptions
  readonly #followers = new Map<string, AccountFollower>()
  readonly #waiting = new Map<number, Waiting>()
  #channel: Channel | undefined
  #connecting: Promise<Channel> | undefined
  #lastNumber = 0
  #closed = false
  #stopPause: (() => void) | undefined

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** News of the account go to `follower` from now on. */
  register(account: string, follower: AccountFollower): void {
    this.#followers.set(account, follower)
  }

  unregister(account: string): void {
    this.#followers.delete(account)
  }

  /**
   * Asks the owner, at once when it can be reached. Throws what the owner threw, or `StoreFailure`: `busy` when no owner
   * could be asked, `uncertain` when one ended with a commit under way.
   */
  call<Name extends CallName>(name: Name, account: string, ask: Calls[Name]['ask']): Promise<Calls[Name]['answer']> {
    const channel = this.#channel
    if (channel) return this.#callOn(channel, name, account, ask)
    return this.#reached().then((reached) => this.#callOn(reached, name, account, ask))
  }

  #callOn<Name extends CallName>(
    channel: Channel,
    name: Name,
    account: string,
    ask: Calls[Name]['ask'],
  ): Promise<Calls[Name]['answer']> {
    const number = ++this.#lastNumber
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(number, { name, resolve, reject }))
    // Name and ask fit, since both are of `Name`.
    if (!channel.send({ is: 'call', number, name, account, ask } as Message)) {
      this.#waiting.get(number)?.reject(gone)
      this.#waiting.delete(number)
    }
    return answer as Promise<Calls[Name]['answer']> // as the owner answers this call
  }

  /** Tells the owner what is seen here. */
  seen(account: string, sequence: number): void {
    this.#channel?.send({ is: 'seen', account, sequence })
  }

  /** Asks without waiting for an answer, if there is an owner at all. */
  tell(name: 'close' | 'discard' | 'keep', account: string, ask: Calls[typeof name]['ask']): void {
    if (this.#channel) this.#callOn(this.#channel, name, account, ask).catch(() => {}) // nobody waits for it
  }

  async #reached(): Promise<Channel> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => late.reject(new StoreFailure('busy', 'the process that owns this account does not answer')),
      this.#options.patienceMs,
    )
    try {
      return await Promise.race([this.#connected(), late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  #connected(): Promise<Channel> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #connect(): Promise<Channel> {
    for (let pauseMs = minPauseMs; ; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
      if (this.#closed) throw new StoreFailure('closed', 'the store is closed')
      try {
        const stream = await this.#options.connect()
        return this.#use(stream)
      } catch (error) {
        this.#options.log.debug({ err: error }, 'the owner of some accounts cannot be reached')
        await this.#pause(pauseMs)
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#stopPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #use(stream: Duplex): Channel {
    const channel = new Channel(stream, {
      received: (message) => this.#received(message),
      closed: (cause) => this.#lost(channel, cause),
    })
    if (this.#closed) channel.close()
    else this.#channel = channel
    for (const follower of this.#followers.values()) follower.reachable()
    return channel
  }

  #received(message: Message): void {
    if (message.is === 'call' || message.is === 'seen') return // owners say neither
    if (message.is !== 'answer' && message.is !== 'failure') {
      this.#followers.get(message.account)?.heard(message)
      return
    }
    const waiting = this.#waiting.get(message.number)
    this.#waiting.delete(message.number)
    if (message.is === 'answer') waiting?.resolve(message.value)
    else waiting?.reject(failureOf(message.failure))
  }

  #lost(channel: Channel, cause: Error | undefined): void {
    if (this.#channel !== channel) return
    this.#channel = undefined
    if (!this.#closed) this.#options.log.warn({ err: cause }, 'the owner of some accounts is gone')
    for (const follower of this.#followers.values()) follower.cutOff()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { name, reject } of waiting) reject(cutOff(name))
    if (!this.#closed && this.#followers.size > 0) this.#connected().catch(() => {}) // the link is closed meanwhile
  }

  /** Lets go of the owner. */
  close(): void {
    this.#closed = true
    this.#stopPause?.()
    this.#channel?.close()
  }
}

function cutOff(name: CallName): StoreFailure {
  return name === 'commit'
    ? new StoreFailure('uncertain', 'the process that was to do this has ended; it may have done it or not')
    : gone
}

const gone = new StoreFailure('busy', 'the process that owns this account has ended and is being replaced')
