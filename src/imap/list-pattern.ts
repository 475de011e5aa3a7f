/**
 * Whether `name` matches a LIST pattern: `*` stands for anything, `%` for anything within one level (RFC 9051 §6.3.9).
 * Takes time proportional to the square of the name's length at worst, whatever the pattern.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  // reached[i]: the pattern so far can end at position i of the name.
  let reached = new Uint8Array(name.length + 1)
  reached[0] = 1
  for (const symbol of pattern) {
    if (!reached.includes(1)) return false // a line has room for patterns that are far longer than any name
    const next = new Uint8Array(name.length + 1)
    if (symbol === '*' || symbol === '%') {
      let open = false
      for (let i = 0; i <= name.length; i++) {
        if (symbol === '%' && i > 0 && name[i - 1] === '/') open = false
        open ||= reached[i] === 1
        if (open) next[i] = 1
      }
    } else {
      for (let i = 0; i + symbol.length <= name.length; i++) {
        if (reached[i] === 1 && name.startsWith(symbol, i)) next[i + symbol.length] = 1
      }
    }
    reached = next
  }
  return reached[name.length] === 1
}

/** Those of the names that match one of the patterns; others have their turn in between. */
export async function matchingNames(
  patterns: readonly string[],
  names: Iterable<string>,
  breathe: () => Promise<void> | undefined,
): Promise<string[]> {
  const matching: string[] = []
  for (const name of names) {
    for (const pattern of patterns) {
      const turn = breathe()
      if (turn) await turn
      if (!matchesPattern(pattern, name)) continue
      matching.push(name)
      break
    }
  }
  return matching
}

/** A pattern as it is matched: INBOX in any case means INBOX (RFC 9051 §5.1), runs of wildcards are one. */
export function canonicalPattern(reference: string, pattern: string): string {
  const whole = (reference + pattern).normalize('NFC')
  const short = whole.replace(/[*%]*\*[*%]*/g, '*').replace(/%+/g, '%')
  return /^inbox(?:$|[/*%])/i.test(short) ? 'INBOX' + short.slice(5) : short
}

/** Whether a pattern may match `level` or anything below it; false is certain, true is not. */
export function mayMatchBelow(pattern: string, level: string): boolean {
  const literal = pattern.split(/[*%]/, 1)[0] ?? ''
  return level.startsWith(literal) || literal === level || literal.startsWith(level + '/')
}
