/** A TLS server that does nothing but greet and listen: what a connection costs before anybody speaks a protocol. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'

const directory = process.argv[2] ?? '.'
const server = createServer(
  { cert: readFileSync(`${directory}/cert.pem`), key: readFileSync(`${directory}/key.pem`), minVersion: 'TLSv1.2' },
  (socket) => {
    socket.on('data', () => {})
    socket.on('error', () => {}) // clients may leave as they like
    socket.write('* OK\r\n')
  },
)
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify(server.address())}\n`))
