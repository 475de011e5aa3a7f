/** The process that the IMAP kill test kills: a server on a free port of loopback, which it tells on standard output. */
import { writeSync } from 'node:fs'
import { startServer } from '../../src/index.ts'
import { embeddedStore } from '../../src/store/embedded/index.ts'
import { limits } from './kill-child.ts'

const [directory] = process.argv.slice(2)
if (import.meta.main && directory !== undefined) {
  const server = await startServer({
    store: await embeddedStore({ directory, limits }),
    accounts: [{ name: 'alice', password: 'secret', account: 'alice' }],
    listen: { imap: { port: 0 } },
  })
  writeSync(1, `${server.ports.imap?.port}\n`)
}
