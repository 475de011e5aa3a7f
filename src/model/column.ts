/** How many rows a page of a column holds, as a power of two. */
const pageBits = 10
/** How many rows a page of a column holds. */
export const pageRows: number = 1 << pageBits
const rowMask = pageRows - 1

/** The two kinds of number array a column is made of. */
export type PageArray = Uint32Array | Float64Array

/**
 * A column of one number per row, kept in pages of 1,024 rows. A change copies the pages it touches and the list of
 * pages, never the column, so that older snapshots stay as they were and cost nothing to keep.
 */
export class PagedColumn<Page extends PageArray> {
  readonly pages: readonly Page[]
  readonly length: number

  constructor(pages: readonly Page[], length: number) {
    this.pages = pages
    this.length = length
  }

  /** The number in `row` (from 0, below `length`). */
  at(row: number): number {
    return this.pages[row >>> pageBits]![row & rowMask]! // inside bounds by contract
  }
}
