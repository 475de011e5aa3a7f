/** Sets of rows of a snapshot, one bit for each row. */

/** Bit `row & 31` of word `row >>> 5` says whether the row is in the set; bits beyond the last row are 0. */
export interface RowSet {
  readonly words: Uint32Array
  /** Rows of the mailbox, in the set or not. */
  readonly length: number
}

/** No row of `length` rows. */
export function noRows(length: number): RowSet {
  return { words: new Uint32Array((length + 31) >>> 5), length }
}

/** All of `length` rows. */
export function allRows(length: number): RowSet {
  const rows = noRows(length)
  addRange(rows, 0, length)
  return rows
}

/** Puts one row into a set that nobody else has yet. */
export function addRow(rows: RowSet, row: number): void {
  rows.words[row >>> 5]! |= 1 << (row & 31) // inside bounds by contract
}

/** Puts rows from `first` to below `end` into a set that nobody else has yet. */
export function addRange(rows: RowSet, first: number, end: number): void {
  if (first >= end) return
  const { words } = rows
  const firstWord = first >>> 5
  const lastWord = (end - 1) >>> 5
  const firstMask = 0xffff_ffff << (first & 31)
  const lastMask = 0xffff_ffff >>> (31 - ((end - 1) & 31))
  if (firstWord === lastWord) {
    words[firstWord]! |= firstMask & lastMask // inside bounds, as all words here
    return
  }
  words[firstWord]! |= firstMask
  words.fill(0xffff_ffff, firstWord + 1, lastWord)
  words[lastWord]! |= lastMask
}

/** The rows for which `matches` is true. */
export function rowsWhere(length: number, matches: (row: number) => boolean): RowSet {
  const rows = noRows(length)
  for (let row = 0; row < length; row++) if (matches(row)) addRow(rows, row)
  return rows
}

/** The rows whose number in the column is not below `least` and below `end`. Hot: whole words, and no branches. */
export function rowsBetween(column: Float64Array | Uint32Array, least: number, end: number): RowSet {
  const rows = noRows(column.length)
  const { words } = rows
  for (let at = 0; at < words.length; at++) {
    const first = at * 32
    const stop = Math.min(first + 32, column.length)
    let word = 0
    for (let row = first; row < stop; row++) {
      const value = column[row]! // inside bounds
      word |= Number(value >= least && value < end) << (row - first)
    }
    words[at] = word
  }
  return rows
}

/** Whether the row is in the set. */
export function hasRow(rows: RowSet, row: number): boolean {
  return ((rows.words[row >>> 5]! >>> (row & 31)) & 1) === 1 // inside bounds by contract
}

/** Rows that are in both. */
export function intersect(a: RowSet, b: RowSet): RowSet {
  return { words: a.words.map((word, at) => word & b.words[at]!), length: a.length } // of one length
}

/** Rows that are in one of them. */
export function unite(a: RowSet, b: RowSet): RowSet {
  return { words: a.words.map((word, at) => word | b.words[at]!), length: a.length } // of one length
}

/** Rows that are in `a` and not in `b`. */
export function subtract(a: RowSet, b: RowSet): RowSet {
  return { words: a.words.map((word, at) => word & ~b.words[at]!), length: a.length } // of one length
}

/** Rows that are not in the set. */
export function complement(rows: RowSet): RowSet {
  return subtract(allRows(rows.length), rows)
}

/** Whether the set has no row. */
export function isEmpty({ words }: RowSet): boolean {
  for (const word of words) if (word !== 0) return false
  return true
}

/** How many rows are in the set. */
export function countRows({ words }: RowSet): number {
  let count = 0
  for (let at = 0; at < words.length; at++) {
    // Sums of two, of four and of eight neighbouring bits; the product adds up the four octets.
    let bits = words[at]! // inside bounds
    bits -= (bits >>> 1) & 0x5555_5555
    bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333)
    count += Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
  }
  return count
}

/** The rows of the set, ascending. Hot: once per row found, so a whole word of rows is not looked at bit by bit. */
export function rowsOf(set: RowSet): Uint32Array {
  const { words } = set
  const rows = new Uint32Array(countRows(set))
  let filled = 0
  for (let at = 0; at < words.length; at++) {
    const word = words[at]! // inside bounds
    if (word === 0xffff_ffff) for (let row = at * 32; row < at * 32 + 32; row++) rows[filled++] = row
    else {
      for (let rest = word; rest !== 0; rest &= rest - 1) {
        rows[filled++] = at * 32 + 31 - Math.clz32(rest & -rest) // the lowest bit that is left
      }
    }
  }
  return rows
}
