import { append, deliver } from './append.ts'
import { connect } from './connect.ts'
import { bodies, overview } from './fetch.ts'
import { copies, flags } from './flags.ts'
import { idle, idleTls, push } from './idle.ts'
import { mixed20, mixed200 } from './mixed.ts'
import { resync, status } from './resync.ts'
import { search, searchText, sort } from './search.ts'
import type { Workload } from './workload.ts'

/** In the order in which they run: first those that find out what a first time costs, those that change much at last. */
export const workloads: readonly Workload[] = [
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
  idle,
  idleTls,
  copies,
]
