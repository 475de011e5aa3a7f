import type { Server as HttpServer } from 'node:http'
import { parseListenAddress, writeListenAddress } from '../net/address.ts'
import { ConnectionLimits } from '../net/connection-limits.ts'
import { bind, listen } from '../net/listener.ts'
import type { Listener, ListenerOptions } from '../net/listener.ts'
import { TlsContexts } from '../net/tls-contexts.ts'
import type { TlsSettings } from '../net/tls-contexts.ts'
import type { Config } from './config-type.ts'
import type { Metrics, MetricsSample } from './metrics.ts'
import { ceilingsOf, makeServices, withLimits } from './services.ts'
import type { Ground } from './services.ts'
import { refuse, Sessions } from './sessions.ts'
import type { Protocol } from './sessions.ts'

/** Where a server really listens, by table of the configuration. */
export interface ServerAddresses {
  readonly imap: readonly string[]
  readonly imaps: readonly string[]
  readonly lmtp: readonly string[]
  readonly http: readonly string[]
}

/** A server whose listeners are open. */
export interface RunningServer {
  readonly addresses: ServerAddresses
  readonly sessions: Sessions
  /**
   * Uses new certificates and limits from the next connection on. What cannot be changed while running is named in
   * the answer.
   */
  reload(config: Config, tls: TlsSettings | undefined): readonly string[]
  /** What it counts, where it does. */
  sample(): Promise<MetricsSample | undefined>
  /**
   * Says BYE to all, lets them finish for `graceMs` or as long as is configured, and closes. Store and users stay open.
   */
  stop(graceMs?: number): Promise<void>
}

/** How a server is one of several on the same ports. */
export interface Company {
  /** Whether it counts what it does, for another process that asks. */
  readonly measures: boolean
}

/** Opens all listeners of a configuration, or none. Throws `ListenFailure`. */
export async function runServer(
  config: Config,
  ground: Ground,
  tls: TlsSettings | undefined,
  company?: Company,
): Promise<RunningServer> {
  const { log } = ground
  const limits = new ConnectionLimits(ceilingsOf(config))
  const isMeasured = config.http.listen.length > 0 || company?.measures === true
  const metrics = isMeasured ? await loadMetrics(limits) : undefined
  const services = makeServices(config, metrics ? { ...ground, onCommand: metrics.onCommand } : ground)
  const { directory } = config.protocolLog
  const sessions = new Sessions(services, {
    counters: metrics,
    protocolLog: directory === undefined ? undefined : { directory, users: config.protocolLog.users },
  })
  const contexts = tls && new TlsContexts(tls)
  const listeners: Listener[] = []
  const httpServers: HttpServer[] = []
  let isReady = false

  async function openAll(
    protocol: Protocol,
    addresses: readonly string[],
    options: Pick<ListenerOptions, 'tls' | 'allowPlaintextLogin' | 'proxyProtocol' | 'unixMode'>,
  ): Promise<string[]> {
    const open: string[] = []
    for (const address of addresses) {
      const listener = await listen({
        ...options,
        address: parseListenAddress(address),
        sharesPort: company !== undefined,
        limits,
        handshakeTimeoutMs: config.tls.handshakeSeconds * 1000,
        log,
        serve: (transport, admission, onOver) => sessions.serve(protocol, transport, admission, onOver),
        refuse: (stream, reason) => refuse(protocol, stream, reason),
      })
      listeners.push(listener)
      open.push(writeListenAddress(listener.address))
    }
    return open
  }

  async function openHttp(shown: Metrics): Promise<string[]> {
    const { createHttpServer } = await import('./http.ts')
    const open: string[] = []
    for (const address of config.http.listen) {
      const server = createHttpServer({ metrics: shown, isReady: () => isReady })
      open.push(writeListenAddress(await bind(server, parseListenAddress(address))))
      httpServers.push(server)
    }
    return open
  }

  async function close(graceMs: number = config.server.shutdownSeconds * 1000): Promise<void> {
    isReady = false
    const closing = listeners.map((listener) => listener.close())
    const left = await sessions.end('The server is shutting down', graceMs)
    if (left > 0) log.warn({ sessions: left }, 'sessions cut off, since they did not end in time')
    for (const listener of listeners) listener.cut()
    for (const server of httpServers) server.close().closeAllConnections()
    await Promise.all(closing)
  }

  const { imap, imaps, lmtp } = config
  try {
    const noTls = { mode: 'none' } as const
    const addresses: ServerAddresses = {
      imap: await openAll('imap', imap.listen, {
        tls: contexts && imap.startTls ? { mode: 'upgrade', contexts } : noTls,
        allowPlaintextLogin: imap.allowPlaintextLogin,
        proxyProtocol: imap.proxyProtocol,
      }),
      imaps: contexts
        ? await openAll('imaps', imaps.listen, {
            tls: { mode: 'implicit', contexts },
            allowPlaintextLogin: false,
            proxyProtocol: imaps.proxyProtocol,
          })
        : [],
      lmtp: await openAll('lmtp', lmtp.listen, {
        tls: noTls,
        allowPlaintextLogin: false,
        proxyProtocol: false,
        unixMode: lmtp.socketMode,
      }),
      http: metrics ? await openHttp(metrics) : [],
    }
    isReady = true
    return {
      addresses,
      sessions,
      reload(next, nextTls) {
        if (contexts && nextTls) {
          contexts.exchange(nextTls)
          for (const listener of listeners) listener.reload()
        }
        limits.change(ceilingsOf(next))
        sessions.services = withLimits(sessions.services, next)
        return needsRestart(config, next)
      },
      sample: async () => metrics?.sample(),
      stop: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Whether a configuration needs certificates. */
export function usesTls({ imap, imaps }: Config): boolean {
  return imaps.listen.length > 0 || (imap.listen.length > 0 && imap.startTls)
}

async function loadMetrics(limits: ConnectionLimits): Promise<Metrics> {
  const { createMetrics } = await import('./metrics.ts')
  return createMetrics(() => limits.open)
}

/** Tables in which a difference is not taken up by a reload. */
export const fixedTables = [
  'server',
  'imap',
  'imaps',
  'lmtp',
  'http',
  'signIn',
  'sharing',
  'quota',
  'protocolLog',
] as const

/** Those of {@link fixedTables} in which there is a difference. */
export function needsRestart(before: Config, after: Config): string[] {
  return fixedTables.filter((table) => JSON.stringify(before[table]) !== JSON.stringify(after[table]))
}
