/** Dates as the old dialects write them. */

/** Hours by which zones are ahead of UTC (RFC 2062 formal syntax, zone_name). */
const zones: ReadonlyMap<string, number> = new Map([
  ...['UT', 'GMT', 'Z'].map((name) => [name, 0] as const),
  ...['AST EDT', 'EST CDT', 'CST MDT', 'MST PDT', 'PST YDT', 'YST HDT', 'HST BDT', 'BST'].flatMap((names, n) =>
    names.split(' ').map((name) => [name, -4 - n] as const),
  ),
  ...Array.from('ABCDEFGHIKLM', (name, n) => [name, n + 1] as const),
  ...Array.from('NOPQRSTUVWXY', (name, n) => [name, -n - 1] as const),
])

/**
 * A year of two digits with its century.
 *
 * Deviates: RFC 2062 counts them from 1900. Since that century is over, those below 70 are of the next one.
 */
function fullYear(year: string): string {
  return year.length !== 2 ? year : (Number(year) < 70 ? '20' : '19') + year
}

/** Text outside of quotes, with four digits for the years of the dates that search keys take. */
export function withFullYears(text: string): string {
  return text.replace(
    /\b((?:BEFORE|ON|SINCE|SENTBEFORE|SENTON|SENTSINCE) +"?\d{1,2}-[a-z]{3}-)(\d{2})(?!\d)/gi,
    (_, before: string, year: string) => before + fullYear(year),
  )
}

/** The command line of APPEND with its date as IMAP4rev1 writes it: RFC 2062 formal syntax, date_time_old. */
export function withNewDateTime(line: string): string {
  return line.replace(
    /"( \d|\d\d)-([a-z]{3})-(\d{2}|\d{4}) (\d\d:\d\d:\d\d)[- ]([a-z]{1,3})"(?= *\{)/i,
    (whole, day: string, month: string, year: string, time: string, zone: string) => {
      const hours = zones.get(zone.toUpperCase())
      if (hours === undefined) return whole
      const offset = `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}00`
      return `"${day}-${month}-${fullYear(year)} ${time} ${offset}"`
    },
  )
}

/** INTERNALDATE in the form of RFC 1176: `17-Jul-96 02:44:25-GMT`; ours are in UTC. */
export function shortDate(date: string): string {
  return date.replace(/^(.{7})\d\d(\d\d \d\d:\d\d:\d\d) \+0000$/, '$1$2-GMT')
}
