import type { Authenticator, Identity, SaslChannel, SaslExchange } from '../sasl/sasl.ts'

/** What came of attempts to sign in on one connection. */
export interface SignInWatcher {
  onSuccess(identity: Identity): void
  onFailure(error: unknown): void
}

/** The same authenticator, with a connection told of what comes of its attempts. */
export function watchSignIn(authenticator: Authenticator, watcher: SignInWatcher): Authenticator {
  async function observed<T>(attempt: Promise<T>, identityOf: (result: T) => Identity | undefined): Promise<T> {
    try {
      const result = await attempt
      const identity = identityOf(result)
      if (identity) watcher.onSuccess(identity)
      return result
    } catch (error) {
      watcher.onFailure(error)
      throw error
    }
  }

  return {
    mechanisms: (channel: SaslChannel) => authenticator.mechanisms(channel),
    begin(mechanism, channel) {
      const exchange: SaslExchange | undefined = authenticator.begin(mechanism, channel)
      return (
        exchange && {
          respond: (data) =>
            observed(exchange.respond(data), (step) => (step.kind === 'success' ? step.identity : undefined)),
        }
      )
    },
    login: (user, password, channel) => observed(authenticator.login(user, password, channel), (identity) => identity),
  }
}
