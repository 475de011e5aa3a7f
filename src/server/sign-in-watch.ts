import type { Authenticator, Identity, SaslChannel, SaslExchange } from '../sasl/sasl.ts'

/** Hears what comes of attempts to sign in on one connection. */
export interface SignInWatcher {
  onSuccess(identity: Identity): void
  onFailure(error: unknown): void
}

/** The same authenticator, with a connection told of what comes of its attempts. */
export class WatchedAuthenticator implements Authenticator {
  readonly #authenticator: Authenticator
  readonly #watcher: SignInWatcher

  constructor(authenticator: Authenticator, watcher: SignInWatcher) {
    this.#authenticator = authenticator
    this.#watcher = watcher
  }

  mechanisms(channel: SaslChannel): readonly string[] {
    return this.#authenticator.mechanisms(channel)
  }

  begin(mechanism: string, channel: SaslChannel): SaslExchange | undefined {
    const exchange = this.#authenticator.begin(mechanism, channel)
    return (
      exchange && {
        respond: (data) =>
          this.#observed(exchange.respond(data), (step) => (step.kind === 'success' ? step.identity : undefined)),
      }
    )
  }

  login(user: string, password: string, channel: SaslChannel): Promise<Identity> {
    return this.#observed(this.#authenticator.login(user, password, channel), (identity) => identity)
  }

  async #observed<T>(attempt: Promise<T>, identityOf: (result: T) => Identity | undefined): Promise<T> {
    try {
      const result = await attempt
      const identity = identityOf(result)
      if (identity) this.#watcher.onSuccess(identity)
      return result
    } catch (error) {
      this.#watcher.onFailure(error)
      throw error
    }
  }
}
