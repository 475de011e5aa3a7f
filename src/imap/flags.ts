import { type FlagSet, flagSetOf, systemFlagNames } from '../model/flags.ts'
import type { Cursor } from '../wire/cursor.ts'

/**
 * Flags to store, as a parenthesised list or, for STORE, without parentheses (RFC 9051 §9 store-att-flags). `\\Recent` is
 * passed over, since clients copy it from what they were told. Throws `BadSyntax` at any other system flag that does
 * not exist (RFC 9051 §9 flag-extension).
 */
export function parseFlags(cursor: Cursor): FlagSet {
  const names: string[] = []
  if (cursor.peek() === '(') names.push(...cursor.flagList())
  else {
    names.push(cursor.flag())
    while (cursor.hasMore) {
      cursor.space()
      names.push(cursor.flag())
    }
  }
  for (const name of names) {
    const known = name.toLowerCase()
    const exists = known === '\\recent' || systemFlagNames.some(([flag]) => flag.toLowerCase() === known)
    if (name.startsWith('\\') && !exists) throw cursor.bad(`There is no system flag ${name}`)
  }
  return flagSetOf(names)
}
