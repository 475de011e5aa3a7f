/**
 * The one way in for push by somebody else's network, as makers of phones run them. Crispin speaks none of their
 * protocols: whoever embeds it may offer one (docs/push.md).
 */

/** A service that tells devices of new mail. */
export interface PushService {
  /** The command that devices register with, in capitals, beginning with X; also the capability. */
  readonly name: string
  /**
   * Takes a registration; what is returned is told to the device, names and values. Throws `Refusal` for a tagged NO.
   */
  register(registration: PushRegistration): Promise<ReadonlyMap<string, string>>
}

/** What a device says, and for whom. */
export interface PushRegistration {
  /** Who is signed in. */
  readonly user: string
  /** The id of the account in the store, whose `watch` tells of changes. */
  readonly account: string
  /** By name in lower case: texts, or lists of them, such as names of mailboxes. */
  readonly values: ReadonlyMap<string, string | readonly string[]>
}
