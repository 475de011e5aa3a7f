/** Date fields (RFC 5322 §3.3, §4.3), read leniently. */

/** A date as its sender wrote it. */
export interface SentDate {
  /** Whole seconds since 1970 in UTC. */
  readonly seconds: number
  /** Days from 1970-01-01 to the day that is written, zone disregarded. */
  readonly day: number
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** Zones by name in minutes; what is not here counts as UTC (RFC 5322 §4.3). */
const zones = new Map([
  ['est', -300],
  ['edt', -240],
  ['cst', -360],
  ['cdt', -300],
  ['mst', -420],
  ['mdt', -360],
  ['pst', -480],
  ['pdt', -420],
])

/** `2 Jan 2006`, also with hyphens. */
const dayFirst = /(?:^|[^0-9])(\d{1,2})[ -]*([a-z]{3})[a-z]*\.?[ ,-]*(\d{2,4})(?!\d)/i
/** `Jan 2 15:04:05 2006`, the way of ctime(3). */
const monthFirst =
  /(?:^|[^a-z])([a-z]{3})[a-z]*[ ]+(\d{1,2}),?[ ]+(?:\d{1,2}:\d{2}(?::\d{2})?[ ]+(?:[a-z]{1,5}[ ]+)?)?(\d{4})(?!\d)/i
/** `2006-01-02`, ISO 8601. */
const yearFirst = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)/
const clock = /(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?/
const numericZone = /([+-])(\d{2}):?(\d{2})(?!\d)/
const namedZone = /(?:^|[^a-z])([a-z]{1,5})\s*$/i

/**
 * Reads a Date field. Undefined when no calendar day can be found; a time that makes no sense counts as midnight and a
 * zone that is not known as UTC (RFC 5256 §2.2).
 *
 * @param value the unfolded value
 */
export function parseDate(value: string): SentDate | undefined {
  const text = withoutComments(value.slice(0, 200)).replace(/\s+/g, ' ').trim()
  const date = calendarDay(text)
  if (date === undefined) return undefined
  const { day, rest } = date
  const time = clock.exec(rest)
  const hour = Number(time?.[1] ?? 0)
  const minute = Number(time?.[2] ?? 0)
  const second = Number(time?.[3] ?? 0)
  const isTime = hour < 24 && minute < 60 && second <= 60
  const afterTime = time ? rest.slice(time.index + time[0].length) : ''
  const ofDay = isTime ? hour * 3600 + minute * 60 + Math.min(second, 59) : 0
  return { seconds: day * 86_400 + ofDay - zoneMinutes(afterTime) * 60, day }
}

function calendarDay(text: string): { day: number; rest: string } | undefined {
  const iso = yearFirst.exec(text)
  if (iso) return dayOf(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]), text.slice(iso[0].length))
  const plain = dayFirst.exec(text)
  if (plain) {
    const [whole, date = '', month = '', year = ''] = plain
    const found = dayOf(fullYear(year), monthOf(month), Number(date), text.slice(plain.index + whole.length))
    if (found) return found
  }
  const ctime = monthFirst.exec(text)
  if (!ctime) return undefined
  const [whole, month = '', date = '', year = ''] = ctime
  return dayOf(Number(year), monthOf(month), Number(date), whole + text.slice(ctime.index + whole.length))
}

function monthOf(name: string): number {
  return months.indexOf(name.toLowerCase())
}

function dayOf(year: number, month: number, date: number, rest: string): { day: number; rest: string } | undefined {
  if (month < 0 || month > 11 || date < 1) return undefined
  const time = new Date(0)
  time.setUTCFullYear(year, month, date)
  // A 31st of February is none.
  return time.getUTCMonth() === month && time.getUTCDate() === date
    ? { day: time.getTime() / 86_400_000, rest }
    : undefined
}

/** Two and three digits as RFC 5322 §4.3 has them. */
function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year
  return digits.length === 3 ? 1900 + year : year
}

function zoneMinutes(text: string): number {
  const numeric = numericZone.exec(text)
  if (numeric) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3])
    if (minutes >= 24 * 60) return 0
    return numeric[1] === '-' ? -minutes : minutes
  }
  return zones.get(namedZone.exec(text)?.[1]?.toLowerCase() ?? '') ?? 0
}

function withoutComments(text: string): string {
  if (!text.includes('(')) return text
  let depth = 0
  let kept = ''
  for (const char of text) {
    if (char === '(') depth++
    else if (char === ')') depth = Math.max(0, depth - 1)
    else if (depth === 0) kept += char
  }
  return kept
}
