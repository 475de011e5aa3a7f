/** Message identifiers (RFC 5322 §3.6.4), normalised as RFC 5256 §3 has it for threading. */
import { maxReferences } from './limits.ts'
import { StructuredReader } from './structured.ts'

/**
 * All identifiers of a field, without angle brackets. Quoting that is not needed is taken away, so that
 * `<"a"@b>` and `<a@b>` are equal.
 *
 * @param value the unfolded value
 */
export function parseMessageIds(value: string): string[] {
  const ids: string[] = []
  for (const [, inside = ''] of value.matchAll(/<([^<>]*)>/g)) {
    const id = normalised(inside)
    if (id !== undefined) ids.push(id)
  }
  return ids
}

/** The one identifier of a Message-ID field. One without its angle brackets is taken too. */
export function parseMessageId(value: string): string | undefined {
  const [first] = parseMessageIds(value)
  return first ?? (/^[^\s<>@]+@[^\s<>@]+$/.test(value) ? normalised(value) : undefined)
}

/** The references to thread by: of References, else the first of In-Reply-To (RFC 5256 §3, REFERENCES, step 1). */
export function threadReferences(references: string | undefined, inReplyTo: string | undefined): string[] {
  const ids = parseMessageIds(references ?? '')
  if (ids.length === 0) return parseMessageIds(inReplyTo ?? '').slice(0, 1)
  return ids.length > maxReferences ? [...ids.slice(0, 1), ...ids.slice(1 - maxReferences)] : ids
}

function normalised(inside: string): string | undefined {
  if (!/["\s(]/.test(inside)) return inside === '' ? undefined : inside
  const reader = new StructuredReader(inside)
  let id = ''
  while (!reader.ended) {
    reader.skipBlanks()
    if (reader.next === '"') id += reader.quoted()
    else if (!reader.ended) {
      const piece = reader.until('"')
      id += piece
      if (piece === '') reader.at++
    }
  }
  return id === '' ? undefined : id
}
