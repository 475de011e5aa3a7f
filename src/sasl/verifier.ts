import type { ScramHash, ScramKeys } from './scram-keys.ts'
import type { Identity } from './sasl.ts'

/**
 * What mechanisms ask of the accounts behind them, for one connection. Names come as the client sent them. All
 * methods throw `Refusal`: `LIMIT` and `UNAVAILABLE` when it is too much, else what is said there.
 */
export interface Verifier {
  /** Whose name and password these are; else throws `AUTHENTICATIONFAILED`, and takes its time for that. */
  password(user: string, password: string): Promise<Identity>
  /** Begins SCRAM for a user, who need not exist. */
  scram(user: string, hash: ScramHash): Promise<ScramAttempt>
  /** The user of this name; `undefined` when there is none. For names that were proved already. */
  identity(user: string): Promise<Identity | undefined>
}

/** SCRAM between the client's two messages. */
export interface ScramAttempt {
  /** The user's keys; for an unknown user made up, the same ones every time, with a proof nobody can give. */
  readonly keys: ScramKeys
  /** Takes what the proof has shown; throws `AUTHENTICATIONFAILED` if it was wrong or the user does not exist. */
  finish(proved: boolean): Promise<Identity>
}

/** Whether `identity` may act as `authorization`: everybody as themselves only, however they spell it. */
export async function mayActAs(verifier: Verifier, identity: Identity, authorization: string): Promise<boolean> {
  return (await verifier.identity(authorization))?.user === identity.user
}
