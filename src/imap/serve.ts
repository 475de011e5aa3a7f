import type { Transport } from '../net/transport.ts'
import type { Authenticator } from '../sasl/sasl.ts'
import { Dispatcher } from './dispatcher.ts'
import { speakingOld } from './old/transport.ts'
import type { ImapServices } from './services.ts'

/** One served connection. */
export interface ImapConnection {
  /** Resolves when the connection is over and all it held is given back. */
  readonly closed: Promise<void>
  /** Says BYE, after the command at hand, and closes. */
  bye(reason: string): void
}

/** Serves IMAP on a connection, from the greeting on. */
export function serveImap(transport: Transport, services: ImapServices): ImapConnection {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const connection = startImap(transport, services, services.authenticator, resolve)
  return { closed, bye: (reason) => connection.bye(reason) }
}

/**
 * The same, for a server with thousands of idle connections: it is called at the end where {@link ImapConnection.closed}
 * would be a promise held for each. `authenticator`: this connection's own.
 */
export function startImap(
  transport: Transport,
  services: ImapServices,
  authenticator: Authenticator,
  onClosed: () => void,
): Pick<ImapConnection, 'bye'> {
  const spoken = services.dialect ? speakingOld(transport, services.dialect) : transport
  const dispatcher = new Dispatcher(spoken, services, authenticator, onClosed)
  dispatcher.start()
  return dispatcher
}
