/** Digits of the largest number that {@link writeDecimal} takes. */
export const maxDecimalDigits = 10

const zero = 0x30

/** Writes a whole number below 2^32 in decimal digits at `at`, and returns where it ends. There must be room. */
export function writeDecimal(into: Uint8Array, at: number, value: number): number {
  let end = at + 1
  for (let rest = value; rest >= 10; rest = (rest / 10) >>> 0) end++
  let rest = value
  for (let place = end - 1; place >= at; place--) {
    const tenth = (rest / 10) >>> 0
    into[place] = zero + rest - tenth * 10
    rest = tenth
  }
  return end
}
