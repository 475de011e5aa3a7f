import { randomBytes } from 'node:crypto'
import type { Identity } from '../../sasl/sasl.ts'

/** What the server tells sessions of IMAP URLs: which of them mean it, whom, and who may use them. */
export interface UrlServices {
  /** Names of this server, in lower case; none at all: every name is taken for one of its own. */
  readonly hosts: ReadonlySet<string>
  /** Who acts for users in an application (RFC 5593 §3.3): names of users, canonical, by the application. */
  readonly agents: ReadonlyMap<string, ReadonlySet<string>>
  /** At least 32 random octets, the same after each start: what proves URLs follows from it. */
  readonly secret: Uint8Array
  /** Whose name it is, in any spelling. */
  userNamed(name: string): Promise<Identity | undefined>
}

/** Where nothing is said of URLs. */
export const noUrlServices: UrlServices = {
  hosts: new Set(),
  agents: new Map(),
  secret: randomBytes(32),
  userNamed: () => Promise.resolve(undefined),
}
