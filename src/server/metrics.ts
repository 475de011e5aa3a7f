import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ImapServices } from '../imap/services.ts'
import type { SessionCounters } from './sessions.ts'

/** What Prometheus is shown. */
export interface Metrics extends SessionCounters, MetricsPage {
  readonly onCommand: NonNullable<ImapServices['onCommand']>
  sample(): Promise<MetricsSample>
}

/** The page for `/metrics`. */
export interface MetricsPage {
  text(): Promise<string>
  readonly contentType: string
}

/** What one process counted up to now. */
export type MetricsSample = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** The page that shows several processes as one. */
export function metricsOfAll(samples: () => Promise<readonly MetricsSample[]>): MetricsPage {
  return {
    text: async () => AggregatorRegistry.aggregate([...(await samples())]).metrics(),
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
  }
}

/** Makes the metrics of one server. `open` counts connections when the page is asked for. */
export function createMetrics(open: () => { readonly total: number; readonly unauthenticated: number }): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix: 'crispin_' })
  const sessions = new Counter({
    name: 'crispin_sessions_total',
    help: 'Connections served',
    labelNames: ['protocol'],
    registers,
  })
  const signIns = new Counter({
    name: 'crispin_sign_ins_total',
    help: 'Attempts to sign in',
    labelNames: ['outcome'],
    registers,
  })
  const commands = new Counter({
    name: 'crispin_imap_commands_total',
    help: 'IMAP commands by their answer',
    labelNames: ['command', 'outcome'],
    registers,
  })
  const durations = new Histogram({
    name: 'crispin_imap_command_seconds',
    help: 'Time from a whole IMAP command to its answer',
    labelNames: ['command'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10],
    registers,
  })
  const connections = new Gauge({
    name: 'crispin_connections_open',
    help: 'Connections open now',
    labelNames: ['state'],
    registers: [],
    collect() {
      const { total, unauthenticated } = open()
      this.set({ state: 'signed_in' }, total - unauthenticated)
      this.set({ state: 'not_signed_in' }, unauthenticated)
    },
  })
  registry.registerMetric(connections)
  return {
    onSession: (protocol) => sessions.inc({ protocol }),
    onSignIn: (outcome) => signIns.inc({ outcome }),
    onCommand: (command, outcome, ms) => {
      commands.inc({ command, outcome })
      if (command !== 'IDLE') durations.observe({ command }, ms / 1000)
    },
    sample: () => registry.getMetricsAsJSON(),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
