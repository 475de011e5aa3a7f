import type { Transport } from '../net/transport.ts'
import type { Authenticator } from '../sasl/sasl.ts'
import { Dispatcher } from './dispatcher.ts'
import type { ImapServices } from './services.ts'

/** One served connection. */
export interface ImapConnection {
  /** Resolves when the connection is over and all it held is given back. */
  readonly closed: Promise<void>
  /** Says BYE, after the command at hand, and closes. */
  bye(reason: string): void
}

/** Serves IMAP on a connection, from the greeting on. `authenticator`: this connection's own, if it has one. */
export function serveImap(
  transport: Transport,
  services: ImapServices,
  authenticator: Authenticator = services.authenticator,
): ImapConnection {
  const dispatcher = new Dispatcher(transport, services, authenticator)
  dispatcher.start()
  return dispatcher
}
