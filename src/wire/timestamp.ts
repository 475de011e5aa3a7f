import { daysFromDate, isDate } from './date-time.ts'

const timestamp = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))$/i

/** RFC 3339 §5.6 date-time as milliseconds since 1970; `undefined` if it is none. A second of 60 is the next minute's. */
export function parseTimestamp(text: string): number | undefined {
  const found = timestamp.exec(text)
  if (!found) return undefined
  const number = (group: number): number => Number(found[group] ?? 0)
  const date = { year: number(1), month: number(2), day: number(3) }
  const [hour, minute, second, zoneHour, zoneMinute] = [number(4), number(5), number(6), number(9), number(10)]
  if (!isDate(date) || hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59) return undefined
  const zone = (zoneHour * 60 + zoneMinute) * 60 * (found[8] === '-' ? -1 : 1)
  const fraction = Math.floor(Number('0.' + (found[7] ?? '0')) * 1000)
  return (daysFromDate(date) * 86_400 + hour * 3600 + minute * 60 + second - zone) * 1000 + fraction
}
