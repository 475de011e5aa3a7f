import type { FromQuoting } from './from-lines.ts'

/**
 * The first of the header lines that an export puts in front of each message of an mbox file. It says what else was
 * put there, so that an import can take it all off again and give back the same octets; other programs pass over it.
 */
export interface MboxMarker {
  /** Header lines behind this one that are not the message's own. */
  readonly lines: number
  /** Octets of the message in the file, behind these lines. */
  readonly length: number
  /** Whether lines end in LF in the file and in CRLF in the message; else the octets are the message's. */
  readonly lineEnds: 'lf' | 'exact'
  readonly quoting: FromQuoting
  /** INTERNALDATE in whole seconds since 1970. */
  readonly date: number
}

const name = 'X-Crispin-Export'
/** Octets of the line, at most. */
const maxLineBytes = 200

/** The line, without its line end. */
export function writeMarker({ lines, length, lineEnds, quoting, date }: MboxMarker): string {
  return `${name}: lines=${lines} length=${length} line-ends=${lineEnds} quoting=${quoting} date=${date}`
}

const pattern = new RegExp(
  `^${name}: lines=(\\d{1,2}) length=(\\d{1,15}) line-ends=(lf|exact) quoting=(none|o|rd) date=(-?\\d{1,15})\\n`,
)
const addedField = /^(?:Status|X-Status|X-Keywords|X-UID|X-IMAPbase|Content-Length): [^\n]*\n/

/** The marker at the start of `header`, and how many octets it and the lines it counts have; `undefined` without one. */
export function readMarker(header: Buffer): { readonly marker: MboxMarker; readonly octets: number } | undefined {
  const found = pattern.exec(header.toString('latin1', 0, maxLineBytes))
  if (!found) return undefined
  const text = header.toString('latin1')
  const [line, lines, length, lineEnds, quoting, date] = found
  const marker: MboxMarker = {
    lines: Number(lines),
    length: Number(length),
    lineEnds: lineEnds === 'lf' ? 'lf' : 'exact',
    quoting: quoting === 'o' || quoting === 'rd' ? quoting : 'none',
    date: Number(date),
  }
  let octets = line.length
  for (let left = marker.lines; left > 0; left--) {
    const added = addedField.exec(text.slice(octets))
    if (!added) return undefined
    octets += added[0].length
  }
  return { marker, octets }
}
