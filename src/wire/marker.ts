/**
 * The mark of a literal at the end of a line: `{n}`, `{n+}` (RFC 7888 §3), and with `~` in front for literal8
 * (RFC 3516 §4.2).
 */
export interface Marker {
  /** Octets that follow the line. */
  readonly size: number
  /** Whether the client waits for `+` before it sends them. */
  readonly synchronising: boolean
  /** literal8, which may hold NUL. */
  readonly binary: boolean
}

/** No valid marker is longer, in characters: `~{`, 16 digits, `+}`. */
export const maxMarkerLength = 20

/**
 * The marker that text ends with. `undefined` if there is none, or its number is not below 2^53 or has more than
 * 16 digits.
 */
export function markerAtEnd(text: string): Marker | undefined {
  let at = text.length - 1
  if (text.charCodeAt(at) !== 0x7d /* } */) return undefined
  at--
  const synchronising = text.charCodeAt(at) !== 0x2b /* + */
  if (!synchronising) at--
  let size = 0
  let place = 1
  let digits = 0
  for (; ; at--) {
    const digit = text.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) break
    if (++digits > 16) return undefined
    size += digit * place
    place *= 10
  }
  if (digits === 0 || size > Number.MAX_SAFE_INTEGER || text.charCodeAt(at) !== 0x7b /* { */) return undefined
  return { size, synchronising, binary: text.charCodeAt(at - 1) === 0x7e /* ~ */ }
}
