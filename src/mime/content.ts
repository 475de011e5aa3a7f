import { maxParameters } from './limits.ts'
import { joinContinuations, type Parameter } from './parameters.ts'
import { StructuredReader } from './structured.ts'

/** A Content-Type field (RFC 2045 §5.1). */
export interface ContentType {
  readonly type: string
  readonly subtype: string
  readonly parameters: readonly Parameter[]
}

/** A Content-Disposition field (RFC 2183 §2). */
export interface Disposition {
  readonly kind: string
  readonly parameters: readonly Parameter[]
}

const token = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+$/

/** Reads a Content-Type value; undefined when it names no type and subtype, as if the field were not there. */
export function parseContentType(value: string): ContentType | undefined {
  const reader = new StructuredReader(value)
  reader.skipBlanks()
  const type = reader.until('/;')
  reader.skipBlanks()
  if (!reader.take('/')) return undefined
  reader.skipBlanks()
  const subtype = reader.until('/;')
  if (!token.test(type) || !token.test(subtype)) return undefined
  return { type, subtype, parameters: parseParameters(reader) }
}

/** Reads a Content-Disposition value; undefined when it names no kind of disposition. */
export function parseDisposition(value: string): Disposition | undefined {
  const reader = new StructuredReader(value)
  reader.skipBlanks()
  const kind = reader.until(';')
  return token.test(kind) ? { kind, parameters: parseParameters(reader) } : undefined
}

/**
 * Reads `; name=value` until the end. Values that should have been quoted and are not go up to the next semicolon.
 */
function parseParameters(reader: StructuredReader): readonly Parameter[] {
  const parameters: Parameter[] = []
  while (!reader.ended && parameters.length < maxParameters) {
    reader.skipBlanks()
    if (reader.take(';')) continue
    const name = reader.until('=;')
    reader.skipBlanks()
    if (!reader.take('=')) {
      if (name === '') reader.at++
      continue
    }
    reader.skipBlanks()
    const value = reader.next === '"' ? reader.quoted() : bareValue(reader)
    if (token.test(name)) parameters.push({ name, value })
  }
  return joinContinuations(parameters)
}

function bareValue(reader: StructuredReader): string {
  let value = reader.until(';')
  for (;;) {
    reader.skipBlanks()
    if (reader.ended || reader.next === ';') return value
    const more = reader.until(';')
    if (more === '') return value
    // `name=a file.txt`, and also `a=1 b=2` where the semicolon was forgotten.
    if (/^[\w*-]+=/.test(more)) {
      reader.at -= more.length
      return value
    }
    value += ' ' + more
  }
}
