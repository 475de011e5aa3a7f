import type { Cursor } from '../../wire/cursor.ts'

/** URLs of one command. */
export const maxUrls = 1_000

/** RFC 4467 §9 mechanism, in capitals. */
export function parseMechanism(cursor: Cursor): string {
  const mechanism = cursor.keyword('a mechanism')
  if (!/^[A-Z0-9.-]+$/.test(mechanism)) throw cursor.bad('that is no name of a mechanism')
  return mechanism
}
