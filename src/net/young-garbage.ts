/** Octets of long messages that pass in between two collections of young garbage. */
const collectEveryBytes = 4 * 1024 * 1024

let passed = 0

/**
 * Counts octets of a message on their way to the store or from it. Each piece is a buffer of its own outside the heap,
 * too small a thing for the collector to hurry: a message of 50 MiB left 35 MiB of them behind before it came round.
 * So it is asked to look at the young ones now and then, which takes it less than a millisecond. Where the process was
 * not started with `--expose-gc` (as `bin/crispin` does) nothing happens.
 */
export function notePassed(bytes: number): void {
  passed += bytes
  if (passed < collectEveryBytes) return
  passed = 0
  globalThis.gc?.({ type: 'minor', execution: 'sync' })
}
