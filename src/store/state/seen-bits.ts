/**
 * Sets of rows as bits, one array for each user who has seen messages: the bit of row r is bit r & 31 of word r >>> 5.
 * Rows behind the end of the array are not in the set.
 */

/** Whether a row is in the set. */
export function bitAt(bits: Uint32Array | undefined, row: number): boolean {
  return (((bits?.[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1
}

/** A copy of the set with room for so many rows. */
export function resizedBits(bits: Uint32Array | undefined, rows: number): Uint32Array {
  const resized = new Uint32Array((rows + 31) >>> 5)
  if (bits) resized.set(bits.length > resized.length ? bits.subarray(0, resized.length) : bits)
  return resized
}

/** The set after some rows (ascending) are gone and those behind them have moved up; `left`: how many rows there are. */
export function bitsWithout(bits: Uint32Array, rows: Uint32Array, left: number): Uint32Array {
  const kept = new Uint32Array((left + 31) >>> 5)
  const end = Math.min(bits.length * 32, left + rows.length)
  let from = 0
  for (let n = 0; n <= rows.length; n++) {
    const to = Math.min(rows[n] ?? end, end)
    if (to > from) copyBits(bits, from, to, kept, from - n)
    from = to + 1
  }
  return kept
}

/** Copies the bits from `from` to below `to`, a word at a time, to `at` and behind it, where there are none yet. */
function copyBits(source: Uint32Array, from: number, to: number, target: Uint32Array, at: number): void {
  for (let row = from; row < to; row += 32, at += 32) {
    const shift = row & 31
    let word = source[row >>> 5]! >>> shift // inside bounds
    if (shift > 0) word |= (source[(row >>> 5) + 1] ?? 0) << (32 - shift)
    if (to - row < 32) word &= (1 << (to - row)) - 1
    const place = at & 31
    target[at >>> 5]! |= word << place
    // What does not fit is past the end only where there is nothing of it.
    if (place > 0 && (at >>> 5) + 1 < target.length) target[(at >>> 5) + 1]! |= word >>> (32 - place)
  }
}
