import { type PageArray, PagedColumn, pageRows } from '../../model/column.ts'

/** How to make arrays of one kind; the two kinds are the values below. */
export interface ColumnKind<Column extends PageArray> {
  make(length: number): Column
  /** A column over the start of `buffer`. */
  view(buffer: ArrayBufferLike, length: number): Column
}

/** Columns of whole numbers below 2^32. */
export const uint32: ColumnKind<Uint32Array> = {
  make: (length) => new Uint32Array(length),
  view: (buffer, length) => new Uint32Array(buffer, 0, length),
}

/** Columns of times and mod-sequences. */
export const float64: ColumnKind<Float64Array> = {
  make: (length) => new Float64Array(length),
  view: (buffer, length) => new Float64Array(buffer, 0, length),
}

/** `row >>> pageShift` is the number of a row's page, `row & rowMask` its place in there. */
export const pageShift: number = Math.log2(pageRows)
export const rowMask: number = pageRows - 1

/** The rows for which a new column leaves room at least. */
const leastRoom = 16

/**
 * `column` with `length` rows, of which the new ones are to be written by the caller. Spare room behind the column is
 * used, so it must be the newest version of it: older ones stay as they are since they end before the new rows.
 */
export function extended<Column extends PageArray>(kind: ColumnKind<Column>, column: Column, length: number): Column {
  const room = column.buffer.byteLength / column.BYTES_PER_ELEMENT
  if (length <= room) return kind.view(column.buffer, length)
  const grown = kind.make(Math.max(length, room + (room >>> 1), leastRoom))
  grown.set(column)
  return kind.view(grown.buffer, length)
}

/** `column` without some rows (ascending, at least one), as a new array. */
export function withoutRows<Column extends PageArray>(
  kind: ColumnKind<Column>,
  column: Column,
  rows: Uint32Array,
): Column {
  const kept = kind.make(column.length - rows.length)
  let from = 0
  let to = 0
  for (let n = 0; n <= rows.length; n++) {
    const end = rows[n] ?? column.length
    if (end > from) copyRun(column, from, kept, to, end - from)
    to += end - from
    from = end + 1
  }
  return kept
}

/** So many rows that lie together are quicker copied by the system than one by one. */
const longRun = 32

function copyRun<Column extends PageArray>(
  source: Column,
  from: number,
  target: Column,
  to: number,
  count: number,
): void {
  if (count >= longRun) target.set(source.subarray(from, from + count), to)
  else for (let n = 0; n < count; n++) target[to + n] = source[from + n]!
}

/** `column` if its buffer is its own, else a copy: a column may later grow into what lies behind it. */
export function owned<Column extends PageArray>(kind: ColumnKind<Column>, column: Column): Column {
  if (column.buffer.byteLength === column.byteLength) return column
  const copy = kind.make(column.length)
  copy.set(column)
  return copy
}

/** Cuts a whole column into pages. */
export function pagedColumn<Page extends PageArray>(kind: ColumnKind<Page>, column: Page): PagedColumn<Page> {
  const pages: Page[] = []
  for (let start = 0; start < column.length; start += pageRows) {
    const part = column.subarray(start, start + pageRows)
    const page = kind.make(part.length)
    page.set(part)
    pages.push(page)
  }
  return new PagedColumn(pages, column.length)
}

/** A paged column while a commit changes it. Pages that it does not touch stay those of the column it began with. */
export class PagedDraft<Page extends PageArray> {
  readonly #kind: ColumnKind<Page>
  readonly #base: PagedColumn<Page>
  #pages: readonly Page[]
  /** The same as `#pages`, once it is a list of this draft's own. */
  #ownPages: Page[] | undefined
  readonly #copied: Set<Page> = new Set<Page>()
  #lastCopied: Page | undefined
  #length: number

  constructor(kind: ColumnKind<Page>, base: PagedColumn<Page>) {
    this.#kind = kind
    this.#base = base
    this.#pages = base.pages
    this.#length = base.length
  }

  get length(): number {
    return this.#length
  }

  at(row: number): number {
    return this.#pages[row >>> pageShift]![row & rowMask]! // inside bounds by contract
  }

  set(row: number, value: number): void {
    this.writable(row >>> pageShift)[row & rowMask] = value
  }

  /** A page to read, for loops over rows: row i is at `i % pageRows` of the page `i / pageRows`. */
  page(number: number): Page {
    return this.#pages[number]! // inside bounds by contract
  }

  /** The same page to write to: this draft's own. */
  writable(number: number): Page {
    const page = this.page(number)
    if (page === this.#lastCopied || this.#copied.has(page)) return page
    const copy = this.#kind.make(page.length)
    copy.set(page)
    this.#list()[number] = copy
    this.#own(copy)
    return copy
  }

  /** Adds a row at the end. A page's rows beyond the end belong to nobody yet, so the page need not be copied. */
  push(value: number): void {
    const number = this.#length >>> pageShift
    const at = this.#length & rowMask
    const pages = this.#list()
    let page = pages[number]
    if (page === undefined || page.length <= at) {
      const larger = this.#kind.make(Math.min(pageRows, Math.max(leastRoom, at * 2)))
      if (page) larger.set(page)
      page = pages[number] = larger
      this.#own(page)
    }
    page[at] = value
    this.#length++
  }

  /** Takes rows out (ascending, at least one). Pages before the first of them stay. */
  remove(rows: Uint32Array): void {
    const first = rows[0]! // there is one by contract
    const before = this.#pages
    const length = this.#length
    const keptPages = first >>> pageShift
    const pages = before.slice(0, keptPages)
    this.#pages = this.#ownPages = pages
    this.#length = length - rows.length
    let from = keptPages * pageRows
    let to = from
    let page = this.#kind.make(0)
    for (let n = 0; n <= rows.length; n++) {
      const end = rows[n] ?? length
      while (from < end) {
        const at = to & rowMask
        if (at === 0) {
          page = this.#kind.make(Math.min(pageRows, this.#length - to))
          pages.push(page)
          this.#own(page)
        }
        const start = from & rowMask
        const count = Math.min(end - from, pageRows - at, pageRows - start)
        copyRun(before[from >>> pageShift]!, start, page, at, count) // a page of the column's
        from += count
        to += count
      }
      from = end + 1
    }
  }

  /** The changed column; the very object it began with if nothing changed. */
  finish(): PagedColumn<Page> {
    if (!this.#ownPages && this.#length === this.#base.length) return this.#base
    return new PagedColumn(this.#pages, this.#length)
  }

  #list(): Page[] {
    if (!this.#ownPages) this.#pages = this.#ownPages = [...this.#pages]
    return this.#ownPages
  }

  #own(page: Page): void {
    this.#copied.add(page)
    this.#lastCopied = page
  }
}
