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

/** Bits of a digit in {@link orderedBy}. */
const digitBits = 11
const digits = 1 << digitBits
const wordBits = 32
const wordValues = 2 ** wordBits
/** Numbers that are counted or moved without giving way: some 50 µs. */
const countedLength = 16_384

/**
 * `items` in the order of their `values`, which are whole numbers, or against it; equal ones stay in their order. What is
 * in order already is `items` itself.
 * Hot: counts digits, from the lowest to the highest in which values differ, and compares nothing.
 */
export async function orderedBy(
  items: Uint32Array,
  values: Float64Array,
  reverse: boolean,
  breathe: Breathe,
): Promise<Uint32Array> {
  const { length } = items
  let least = Infinity
  let most = -Infinity
  let isInOrder = true
  // All places here are inside bounds.
  for (let n = 0, before = reverse ? Infinity : -Infinity; n < length; n++) {
    const value = values[n]!
    if (value < least) least = value
    if (value > most) most = value
    if (reverse ? value > before : value < before) isInOrder = false
    before = value
  }
  if (isInOrder) return items
  let places = new Uint32Array(length)
  for (let n = 0; n < length; n++) places[n] = n
  let spare = new Uint32Array(length)
  const word = new Uint32Array(length)
  for (let rest = most - least, scale = 1; rest >= 1; rest /= wordValues, scale *= wordValues) {
    for (let n = 0; n < length; n++) {
      const above = reverse ? most - values[n]! : values[n]! - least
      word[n] = scale === 1 ? above : Math.floor(above / scale)
    }
    for (let shift = 0; shift < wordBits && rest >= 2 ** shift; shift += digitBits) {
      await moveByDigit(places, spare, word, shift, breathe)
      ;[places, spare] = [spare, places]
    }
  }
  for (let n = 0; n < length; n++) places[n] = items[places[n]!]!
  return places
}

/** Puts places into the order of one digit of the numbers there. */
async function moveByDigit(
  from: Uint32Array,
  to: Uint32Array,
  word: Uint32Array,
  shift: number,
  breathe: Breathe,
): Promise<void> {
  const { length } = from
  const starts = new Uint32Array(digits)
  for (let n = 0; n < length; n++) starts[(word[n]! >>> shift) & (digits - 1)]!++ // inside bounds, all here
  for (let digit = 0, start = 0; digit < digits; digit++) {
    const many = starts[digit]!
    starts[digit] = start
    start += many
  }
  for (let n = 0; n < length;) {
    const stop = Math.min(length, n + countedLength)
    for (; n < stop; n++) {
      const place = from[n]!
      to[starts[(word[place]! >>> shift) & (digits - 1)]!++] = place
    }
    const turn = breathe()
    if (turn) await turn
  }
}
