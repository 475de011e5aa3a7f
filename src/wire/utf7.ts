/** Modified UTF-7: how RFC 3501 §5.1.3 spells mailbox names. */

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,'
const values = new Int8Array(128).fill(-1)
for (let value = 0; value < 64; value++) values[digits.charCodeAt(value)] = value

const ampersand = 0x26

function isPrintable(code: number): boolean {
  return code >= 0x20 && code <= 0x7e
}

/** Unicode as modified UTF-7, the one spelling of it that is allowed. A lone surrogate becomes U+FFFD. */
export function encodeUtf7(text: string): string {
  const wellFormed = text.toWellFormed()
  let encoded = ''
  for (let at = 0; at < wellFormed.length;) {
    if (isPrintable(wellFormed.charCodeAt(at))) {
      encoded += wellFormed.charCodeAt(at) === ampersand ? '&-' : wellFormed.charAt(at)
      at++
      continue
    }
    encoded += '&'
    let bits = 0
    let pending = 0
    for (; at < wellFormed.length && !isPrintable(wellFormed.charCodeAt(at)); at++) {
      bits = (bits << 16) | wellFormed.charCodeAt(at)
      for (pending += 16; pending >= 6;) {
        pending -= 6
        encoded += digits.charAt((bits >>> pending) & 63)
      }
      bits &= (1 << pending) - 1
    }
    if (pending > 0) encoded += digits.charAt((bits << (6 - pending)) & 63)
    encoded += '-'
  }
  return encoded
}

/**
 * The Unicode of modified UTF-7; `undefined` for everything that {@link encodeUtf7} would not have written: octets
 * that must be shifted and are not, printable ASCII that is, shifts that could be one, lone surrogates, bits left
 * over, a shift without end. So each name has one spelling.
 */
export function decodeUtf7(text: string): string | undefined {
  let decoded = ''
  let shiftEnd = -1
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    if (!isPrintable(code)) return undefined
    if (code !== ampersand) {
      decoded += text.charAt(at++)
      continue
    }
    const end = text.indexOf('-', at)
    if (end < 0) return undefined
    if (end === at + 1) decoded += '&'
    else {
      const shifted = shiftEnd === at ? undefined : decodeShift(text, at + 1, end)
      if (shifted === undefined) return undefined
      decoded += shifted
      shiftEnd = end + 1
    }
    at = end + 1
  }
  return decoded
}

/** What stands between `&` and `-`: UTF-16 in base64 without padding. */
function decodeShift(text: string, from: number, to: number): string | undefined {
  let decoded = ''
  let bits = 0
  let pending = 0
  for (let at = from; at < to; at++) {
    const value = values[text.charCodeAt(at)] ?? -1
    if (value < 0) return undefined
    bits = (bits << 6) | value
    pending += 6
    if (pending >= 16) {
      pending -= 16
      const unit = bits >>> pending
      if (isPrintable(unit)) return undefined
      decoded += String.fromCharCode(unit)
      bits &= (1 << pending) - 1
    }
  }
  return pending < 6 && bits === 0 && decoded.isWellFormed() ? decoded : undefined
}
