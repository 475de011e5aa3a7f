/** A server under test. */
export interface Server {
  readonly name: ServerName
  readonly imapPort: number
  readonly imapsPort: number
  readonly lmtpPort: number
  /** The process above all its others. */
  readonly pid: number
  /** What it makes durable and when, and what else of its settings bears upon the figures. */
  readonly settings: string
  stop(): Promise<void>
}

export type ServerName = 'crispin' | 'dovecot'

/** Who has mail there; each one's name is also the password. */
export const users: readonly string[] = ['alice', 'bob']

export interface StartOptions {
  /** While a mailbox is built no server has to sync. */
  readonly building?: boolean
  /** Where a profile of the processor time is written when the server ends; only for Crispin. */
  readonly profileTo?: string
}

/** Starts on what `directory` holds, or on nothing. */
export type StartServer = (directory: string, options: StartOptions) => Promise<Server>
