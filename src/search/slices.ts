import type { Breathe } from './context.ts'

/** Numbers that are sorted, or merged, without giving way. */
const sliceLength = 2_048

/** Does a step for each number from 0 to below `length`, giving way now and then. */
export async function inSlices(length: number, step: (at: number) => void, breathe: Breathe): Promise<void> {
  for (let at = 0; at < length;) {
    for (const stop = Math.min(length, at + sliceLength); at < stop; at++) step(at)
    const turn = breathe()
    if (turn) await turn
  }
}

/** Sorts in place and stably, giving way now and then. The numbers must not be changed meanwhile. */
export async function sortInSlices(
  numbers: Uint32Array,
  compare: (a: number, b: number) => number,
  breathe: Breathe,
): Promise<void> {
  const { length } = numbers
  for (let start = 0; start < length; start += sliceLength) {
    numbers.subarray(start, start + sliceLength).sort(compare)
    const turn = breathe()
    if (turn) await turn
  }
  let from = numbers
  let to: Uint32Array = new Uint32Array(length)
  for (let width = sliceLength; width < length; width *= 2) {
    for (let start = 0; start < length; start += 2 * width) {
      const middle = Math.min(start + width, length)
      const end = Math.min(start + 2 * width, length)
      await merge(from, to, { start, middle, end }, compare, breathe)
    }
    ;[from, to] = [to, from]
  }
  if (from !== numbers) numbers.set(from)
}

/** Merges two sorted runs that lie side by side; of equal numbers those of the first run come first. */
async function merge(
  from: Uint32Array,
  to: Uint32Array,
  { start, middle, end }: { readonly start: number; readonly middle: number; readonly end: number },
  compare: (a: number, b: number) => number,
  breathe: Breathe,
): Promise<void> {
  let left = start
  let right = middle
  for (let at = start; at < end;) {
    const stop = Math.min(end, at + sliceLength)
    for (; at < stop; at++) {
      // Inside bounds: a run that is used up is not read from.
      const takeLeft = right >= end || (left < middle && compare(from[left]!, from[right]!) <= 0)
      to[at] = takeLeft ? from[left++]! : from[right++]!
    }
    const turn = breathe()
    if (turn) await turn
  }
}
