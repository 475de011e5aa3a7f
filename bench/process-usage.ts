/** What a server costs: processor time and memory of a process and all its descendants, from /proc. */
import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds in one tick of /proc/PID/stat; USER_HZ is 100 on every Linux that Node runs on. */
const tickMs = 10
const nanosecondsOfMs = 1_000_000

interface ProcessStat {
  readonly pid: number
  readonly parent: number
  /** Of the process and of those of its children that have ended and been waited for. */
  readonly cpuMs: number
}

/** Processor time that a server has used until some moment. */
export interface CpuReading {
  /** Of everything, ended or not, in whole ticks of each process. */
  readonly ticksMs: number
  readonly processes: number
  /** Of each thread that was there, by its number; empty where the kernel does not count so closely. */
  readonly threads: ReadonlyMap<string, number>
}

/**
 * Processor time of `root` and its descendants since they started, in milliseconds, user and system. Descendants that
 * have ended are counted too, by way of whoever waited for them.
 */
export const cpuMsOf = (root: number): number => treeOf(root).reduce((sum, { cpuMs }) => sum + cpuMs, 0)

/** What `root` and its descendants have used by now. */
export function readCpu(root: number): CpuReading {
  const processes = treeOf(root)
  const threads = new Map<string, number>()
  for (const { pid } of processes) {
    for (const thread of tryList(`/proc/${pid}/task`)) {
      const text = tryRead(`/proc/${pid}/task/${thread}/schedstat`)
      if (text !== undefined) threads.set(thread, Number(text.split(' ')[0]) / nanosecondsOfMs)
    }
  }
  return { ticksMs: processes.reduce((sum, { cpuMs }) => sum + cpuMs, 0), processes: processes.length, threads }
}

/**
 * Milliseconds of processor time between two readings: to the microsecond as long as no thread came and went that matters,
 * else to the tick of every process.
 */
export function cpuMsBetween(before: CpuReading, after: CpuReading): number {
  const ticksMs = after.ticksMs - before.ticksMs
  let threadsMs = 0
  for (const [thread, ms] of after.threads) threadsMs += ms - (before.threads.get(thread) ?? 0)
  const isWhole =
    after.threads.size > 0 &&
    [...before.threads.keys()].every((thread) => after.threads.has(thread)) &&
    // A thread that was born and died in between shows in the ticks alone.
    ticksMs - threadsMs < 2 * tickMs * after.processes
  return isWhole ? threadsMs : ticksMs
}

/** A server is at rest when it used less than this in this time. */
const restCpuMs = 20
const restMs = 400
/** How long rest is waited for, in milliseconds. */
const restPatienceMs = 1_800_000

/** Waits until `root` and its descendants have done what they do in the background, as building an index. */
export async function atRest(root: number): Promise<void> {
  const end = performance.now() + restPatienceMs
  for (let before = -Infinity, now = cpuMsOf(root); now - before > restCpuMs && performance.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, restMs))
    before = now
    now = cpuMsOf(root)
  }
}

/**
 * Memory of `root` and its descendants in KiB, where a page that k processes share counts one k-th for each: thus
 * neither libraries nor forked pages are counted twice.
 */
export function memoryKibOf(root: number): number {
  return sumOfLines(root, 'smaps_rollup', /^Pss:\s+(\d+)/m)
}

/**
 * The most memory that the processes of `root` that are there now ever had, in KiB. Pages that several of them share
 * count for each.
 */
export function peakMemoryKibOf(root: number): number {
  return sumOfLines(root, 'status', /^VmHWM:\s+(\d+)/m)
}

function sumOfLines(root: number, file: string, line: RegExp): number {
  let sum = 0
  for (const { pid } of treeOf(root)) sum += Number(line.exec(tryRead(`/proc/${pid}/${file}`) ?? '')?.[1] ?? 0)
  return sum
}

function treeOf(root: number): ProcessStat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? [])
  const members = new Set([root])
  for (let size = 0; size !== members.size;) {
    size = members.size
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid)
  }
  return all.filter(({ pid }) => members.has(pid))
}

function readStat(pid: number): ProcessStat | undefined {
  const text = tryRead(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number)
  const ticks = (user ?? 0) + (system ?? 0) + (childrenUser ?? 0) + (childrenSystem ?? 0)
  return { pid, parent: Number(fields[1]), cpuMs: ticks * tickMs }
}

/** Undefined where the process is gone by now. */
function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

function tryList(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
