import type { Options } from '../options.ts'
import { append, appendLarge, deliver } from './append.ts'
import { connect } from './connect.ts'
import { bodies, overview } from './fetch.ts'
import { copies, flags } from './flags.ts'
import { idleWith, push } from './idle.ts'
import { textIndex } from './text-index.ts'
import { mixed20, mixed200 } from './mixed.ts'
import { resync, status } from './resync.ts'
import { search, searchText, sort } from './search.ts'
import type { Workload } from './workload.ts'

/** In the order in which they run: first those that find out what a first time costs, those that change much at last. */
function allWorkloads(idle: readonly number[]): readonly Workload[] {
  return [
    overview,
    search,
    sort,
    searchText,
    bodies,
    status,
    resync,
    flags,
    connect,
    append,
    deliver,
    push,
    mixed20,
    mixed200,
    textIndex,
    ...[false, true].flatMap((tls) => idle.map((connections) => idleWith(connections, tls))),
    copies,
    appendLarge,
  ]
}

/** What can be chosen. */
export const workloadNames: readonly string[] = [
  ...new Set(allWorkloads([1]).map(({ name }) => name.replace(/-1$/, ''))),
]

/** What is not worth an hour of a large mailbox: it has nothing to do with how many messages there are. */
const sizeless: ReadonlySet<string> = new Set(['status', 'connect', 'push', 'mixed-20', 'mixed-200', 'text-index'])

/** The workloads that are to run. Throws for a name that begins none. */
export function chosenWorkloads({ only, idle, isGrowth }: Options): readonly Workload[] {
  const all = allWorkloads(idle)
  const names = new Set(all.map(({ name }) => name))
  const isOf = (name: string, chosen: string): boolean =>
    names.has(chosen) ? name === chosen : name.startsWith(`${chosen}-`)
  const unknown = only?.filter((chosen) => !all.some(({ name }) => isOf(name, chosen))) ?? []
  if (unknown.length > 0) throw new Error(`no workload ${unknown.join(', ')}; there are ${workloadNames.join(', ')}`)
  if (only) return all.filter(({ name }) => only.some((chosen) => isOf(name, chosen)))
  return isGrowth ? all.filter(({ name }) => !sizeless.has(name) && !name.startsWith('idle')) : all
}
