import type { PageArray } from '../model/column.ts'
import { PagedColumn, pageRows } from '../model/column.ts'
import type { MailboxSnapshot } from '../model/snapshot.ts'

/**
 * A snapshot of some rows alone (ascending), so that a search in it looks at no other. What it finds are places in
 * `rows`.
 */
export function partOf(snapshot: MailboxSnapshot, rows: Int32Array): MailboxSnapshot {
  const picked = <Column extends Uint32Array | Float64Array>(column: Column, into: Column): Column => {
    rows.forEach((row, n) => (into[n] = column[row]!)) // rows of the snapshot
    return into
  }
  const count = rows.length
  const { uids, messages, sizes, internalDates, saveDates, threads, flags, modSeqs } = snapshot
  return {
    ...snapshot,
    uids: picked(uids, new Uint32Array(count)),
    messages: picked(messages, new Uint32Array(count)),
    sizes: picked(sizes, new Uint32Array(count)),
    internalDates: picked(internalDates, new Float64Array(count)),
    saveDates: picked(saveDates, new Float64Array(count)),
    threads: picked(threads, new Uint32Array(count)),
    flags: paged(rows, flags, (length) => new Uint32Array(length)),
    modSeqs: paged(rows, modSeqs, (length) => new Float64Array(length)),
    pageModSeqs: new Float64Array(Math.ceil(count / pageRows)).fill(snapshot.highestModSeq),
  }
}

function paged<Page extends PageArray>(
  rows: Int32Array,
  column: PagedColumn<Page>,
  pageOf: (length: number) => Page,
): PagedColumn<Page> {
  const pages: Page[] = []
  for (let base = 0; base < rows.length; base += pageRows) {
    const page = pageOf(Math.min(pageRows, rows.length - base))
    for (let n = 0; n < page.length; n++) page[n] = column.at(rows[base + n]!) // inside bounds
    pages.push(page)
  }
  return new PagedColumn(pages, rows.length)
}
