import type { Identity } from '../../sasl/sasl.ts'

/** What the server tells sessions of IMAP URLs: which of them mean it, whom, and who may use them. */
export interface UrlServices {
  /** Names of this server, in lower case; none at all: every name is taken for one of its own. */
  readonly hosts: ReadonlySet<string>
  /** Who acts for users in an application (RFC 5593 §3.3): names of users, canonical, by the application. */
  readonly applications: ReadonlyMap<string, ReadonlySet<string>>
  /** Whose name it is, in any spelling. */
  userNamed(name: string): Promise<Identity | undefined>
}

/** Where nothing is said of URLs. */
export const noUrlServices: UrlServices = {
  hosts: new Set(),
  applications: new Map(),
  userNamed: () => Promise.resolve(undefined),
}
