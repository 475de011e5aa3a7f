import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { MetricsPage } from './metrics.ts'

/** What the HTTP listener tells. */
export interface HttpOptions {
  readonly metrics: MetricsPage
  /** Whether sessions are served: not yet at the start, not any more at the end. */
  readonly isReady: () => boolean
}

/** The server of `/metrics`, `/healthz` (the process answers) and `/readyz` (it serves mail). It listens nowhere yet. */
export function createHttpServer({ metrics, isReady }: HttpOptions): Server {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 5_000 })
  server.maxConnections = 100
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const say = (status: number, text: string, contentType = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }).end(text)
    }
    const [path] = (request.url ?? '/').split('?')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      say(405, 'GET only\n')
    } else if (path === '/healthz') say(200, 'ok\n')
    else if (path === '/readyz') say(isReady() ? 200 : 503, isReady() ? 'ready\n' : 'not ready\n')
    else if (path === '/metrics') {
      metrics.text().then(
        (text) => say(200, text, metrics.contentType),
        () => say(500, 'metrics failed\n'),
      )
    } else say(404, 'not found\n')
  })
  return server
}
