import type { Transport } from '../net/transport.ts'
import { Dispatcher } from './dispatcher.ts'
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
  const dispatcher = new Dispatcher(transport, services)
  dispatcher.start()
  return dispatcher
}
