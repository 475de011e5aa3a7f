/** Who else has mail here, as sharing needs to know it; the server makes it from its users. */

/** Somebody, or something, that has an account. */
export interface Holder {
  /** In its canonical spelling. */
  readonly name: string
  /** The id of the account in the store. */
  readonly account: string
  /** Whether it is nobody's own, but shared from the beginning: then it stands in the namespace of shared ones. */
  readonly isShared: boolean
  /** Identifiers of those who may do everything with it although they are not its user. */
  readonly owners: readonly string[]
}

/** What the server tells sessions of sharing. */
export interface Sharing {
  /** The first level of the names of other users' mailboxes. */
  readonly otherUsers: string
  /** The first level of the names of shared accounts' mailboxes. */
  readonly shared: string
  /** Whether mailboxes keep `\Seen` for each user from when they are first shared. */
  readonly seenPerUser: boolean
  /** Whose name it is, in any spelling. */
  holderNamed(name: string): Promise<Holder | undefined>
  /** Whose account it is. */
  holderOf(account: string): Promise<Holder | undefined>
  /** Accounts, other than the user's own, that have the user among their owners by one of these identifiers. */
  ownedBy(identifiers: readonly string[]): Promise<readonly string[]>
  /** The identifiers that stand for a user in access control lists: the name, groups, `authenticated`, `anyone`. */
  identifiersOf(user: string): Promise<readonly string[]>
  /** The canonical spelling of an identifier without `-` before it; `undefined` when it cannot be one. */
  identifierNamed(text: string): Promise<string | undefined>
}
