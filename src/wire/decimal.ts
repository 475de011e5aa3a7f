/** Digits of the largest number that {@link writeDecimal} takes. */
export const maxDecimalDigits = 10

const zero = 0x30
const nine = 0x39
const space = 0x20

/** Writes a whole number below 2^32 in decimal digits at `at`, and returns where it ends. There must be room. */
export function writeDecimal(into: Uint8Array, at: number, value: number): number {
  const end = at + digitsOf(value)
  let rest = value
  for (let place = end - 1; place >= at; place--) {
    const tenth = (rest / 10) >>> 0
    into[place] = zero + rest - tenth * 10
    rest = tenth
  }
  return end
}

/** Hot: compares, since dividing once more for each digit takes longer than writing them. */
function digitsOf(value: number): number {
  if (value < 1e5) return value < 10 ? 1 : value < 100 ? 2 : value < 1e3 ? 3 : value < 1e4 ? 4 : 5
  return value < 1e6 ? 6 : value < 1e7 ? 7 : value < 1e8 ? 8 : value < 1e9 ? 9 : maxDecimalDigits
}

/**
 * Writes numbers, each behind a space, from `at` on, and returns where they end. There must be room. Hot: what is one
 * more than the number before it has the same digits but for the last, unless that was a nine.
 */
export function writeDecimals(into: Uint8Array, at: number, numbers: Uint32Array): number {
  let end = at
  let before = -1
  let beforeStart = 0
  for (let n = 0; n < numbers.length; n++) {
    const value = numbers[n]! // inside bounds, as all octets that were written
    const isNext = value === before + 1 && n > 0 && into[end - 1]! < nine
    into[end++] = space
    const start = end
    if (isNext) {
      while (beforeStart < start - 1) into[end++] = into[beforeStart++]!
      into[end - 1]!++
    } else end = writeDecimal(into, end, value)
    before = value
    beforeStart = start
  }
  return end
}
