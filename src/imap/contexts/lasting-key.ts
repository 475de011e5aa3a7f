import { normalise } from '../../wire/number-set.ts'
import type { SearchKey } from '../../wire/search-grammar.ts'

/**
 * The search as it goes on being asked: sequence numbers and `$` are what they are when the command is received
 * (RFC 5267 §4.3), and so become UIDs.
 */
export function lastingKey(key: SearchKey, viewUids: Uint32Array, saved: Uint32Array): SearchKey {
  const lasting = (inner: SearchKey): SearchKey => lastingKey(inner, viewUids, saved)
  if (key.key === 'AND') return { key: 'AND', operands: key.operands.map(lasting) }
  if (key.key === 'OR') return { key: 'OR', left: lasting(key.left), right: lasting(key.right) }
  if ('operand' in key) return { key: key.key, operand: lasting(key.operand) }
  if (key.key !== 'UID' && key.key !== 'SEQUENCE') return key
  const { set } = key
  if (set.saved) return byUids(Array.from(saved, (uid) => [uid, uid]))
  if (key.key === 'UID') return key
  // All UIDs between two messages are of messages that were between them.
  return byUids(normalise(set, viewUids.length).map(([first, last]) => [viewUids[first - 1]!, viewUids[last - 1]!]))
}

function byUids(ranges: readonly (readonly [number, number])[]): SearchKey {
  return { key: 'UID', set: { saved: false, ranges } }
}
