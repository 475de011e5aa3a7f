/** `crispin/wire`: the syntax of IMAP, for servers and clients alike. Knows no I/O. */

export * from './cursor.ts'
export * from './date-time.ts'
export * from './fetch-grammar.ts'
export * from './framer.ts'
export * from './marker.ts'
export * from './number-set.ts'
export * from './response-writer.ts'
export * from './search-grammar.ts'
export * from './sort-grammar.ts'
export * from './strings.ts'
export * from './syntax-error.ts'
export * from './utf7.ts'
