import { ImapClient } from '../imap-client.ts'
import type { Server } from '../servers/server.ts'
import type { Workload } from './workload.ts'

const sessions = 100
const atOnce = 20
/** Sessions before those that are counted: a server of mail has seen many more. */
const warmUpSessions = 400

/** Connect, LOGIN, LOGOUT. The password has been seen by both before, as it has with any client that comes back. */
export const connect: Workload = {
  name: 'connect',
  async run({ server }, measure) {
    for (const tls of [false, true]) {
      const way = tls ? 'TLS' : 'plain'
      for (let i = 0; i < warmUpSessions; i++) await session(server, tls)
      await measure.time(`sign in and out, ${way}, one by one`, sessions, async () => {
        for (let i = 0; i < sessions; i++) await session(server, tls)
        return undefined
      })
      await measure.time(`sign in and out, ${way}, ${atOnce} at once`, sessions, async () => {
        const each = async (): Promise<void> => {
          for (let i = 0; i < sessions / atOnce; i++) await session(server, tls)
        }
        await Promise.all(Array.from({ length: atOnce }, each))
        return undefined
      })
    }
  },
}

async function session(server: Server, tls: boolean): Promise<void> {
  const client = await ImapClient.login(server, 'alice', tls)
  await client.logout()
}
