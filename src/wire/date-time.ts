/** Dates of RFC 9051 §9: date and date-time. Days are counted from 1970-01-01, times are seconds since then, in UTC. */

/** The months as the grammar spells them. */
export const monthNames: readonly string[] = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
]

const secondsOfDay = 86_400
const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** A day of the Gregorian calendar; `month` is 1 to 12. */
export interface CalendarDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** 1 to 12 for a month's name in any case; 0 for anything else. */
export function monthOf(name: string): number {
  const wanted = name.toLowerCase()
  return monthNames.findIndex((month) => month.toLowerCase() === wanted) + 1
}

/** Whether there is such a day. */
export function isDate({ year, month, day }: CalendarDate): boolean {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day >= 1 && day <= (monthLengths[month - 1] ?? 0) + (leap ? 1 : 0)
}

/** Days since 1970-01-01. */
export function daysFromDate({ year, month, day }: CalendarDate): number {
  // Years begin in March here, so that the leap day is the last one.
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** The day that is so many days after 1970-01-01. */
export function dateFromDays(days: number): CalendarDate {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = ((monthFromMarch + 2) % 12) + 1
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  }
}

/** `1-Feb-1994`, for days since 1970-01-01: RFC 9051 §9 date-text. */
export function formatDate(days: number): string {
  const { year, month, day } = dateFromDays(days)
  return `${day}-${monthNames[month - 1]}-${String(year).padStart(4, '0')}`
}

// Messages of one day tend to follow one another.
let lastDay = Number.NaN
let lastDayText = ''
const twoDigits: readonly string[] = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))
const minutesOfDay: readonly string[] = Array.from(
  { length: 24 * 60 },
  (_, minute) => `${twoDigits[Math.floor(minute / 60)]}:${twoDigits[minute % 60]}:`,
)
const secondsAndZone: readonly string[] = twoDigits.map((second) => second + ' +0000')

/** `17-Jul-1996 02:44:25 +0000`: RFC 9051 §9 date-time without its quotes. A day below 10 begins with a space. */
export function formatInternalDate(epochSeconds: number): string {
  const seconds = Math.floor(epochSeconds)
  const day = Math.floor(seconds / secondsOfDay)
  if (day !== lastDay) {
    lastDay = day
    lastDayText = formatDate(day).padStart(11) + ' '
  }
  const rest = seconds - day * secondsOfDay
  return lastDayText + minutesOfDay[Math.floor(rest / 60)] + secondsAndZone[rest % 60]
}
