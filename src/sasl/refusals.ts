import { Refusal } from '../model/refusal.ts'

/** The one answer to all wrong credentials: it does not tell what was wrong about them. */
export function authenticationFailed(): Refusal {
  return new Refusal('AUTHENTICATIONFAILED', 'Authentication failed')
}

/** The credentials are right, but not for acting as the identity that was asked for (RFC 4422 §3.4.1). */
export function authorizationFailed(): Refusal {
  return new Refusal('AUTHORIZATIONFAILED', 'You may not act as this user')
}

/** A response that the mechanism's grammar does not allow. `what` must not quote it. */
export function malformed(what: string): Refusal {
  return new Refusal(undefined, `Malformed response: ${what}`)
}
