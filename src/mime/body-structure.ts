import { parseDisposition } from './content.ts'
import { plainText, type Entity } from './entity.ts'
import { writeNstring, writeString } from './nstring.ts'
import type { Parameter } from './parameters.ts'
import { StructuredReader } from './structured.ts'

/**
 * BODY or, when `extended`, BODYSTRUCTURE of an entity as text, one octet per char (RFC 9051 §7.5.2).
 */
export function writeBodyStructure(entity: Entity, extended: boolean): string {
  const { contentType, fields } = entity
  const parameters = writeParameters(contentType.parameters)
  const subtype = writeString(contentType.subtype)
  if (entity.kind === 'multipart') {
    let text = '('
    for (const child of entity.children) text += writeBodyStructure(child, extended)
    text += ' ' + subtype
    return extended ? text + ' ' + parameters + placement(entity) + ')' : text + ')'
  }
  let text =
    '(' + writeString(contentType.type) + ' ' + subtype + ' ' + parameters + ' ' +
    writeNstring(fields?.contentId) + ' ' + writeNstring(fields?.description) + ' ' + writeString(entity.encoding) +
    ' ' + (entity.bodyEnd - entity.bodyStart) // prettier-ignore
  const [nested] = entity.children
  if (entity.kind === 'message' && nested) {
    text += ' ' + (nested.envelope ?? emptyEnvelope) + ' ' + writeBodyStructure(nested, extended) + ' ' + entity.lines
  } else if (contentType.type.toLowerCase() === 'text') text += ' ' + entity.lines
  return extended ? text + ' ' + writeNstring(fields?.md5) + placement(entity) + ')' : text + ')'
}

const emptyEnvelope = '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'

/** The extension data that all bodies have: disposition, language, location. */
function placement({ fields }: Entity): string {
  if (fields === undefined) return ' NIL NIL NIL'
  const { disposition, language, location } = fields
  return ' ' + writeDisposition(disposition) + ' ' + writeLanguages(language) + ' ' + writeNstring(location)
}

function writeParameters(parameters: readonly Parameter[]): string {
  if (parameters === plainText.parameters) return '("charset" "us-ascii")'
  if (parameters.length === 0) return 'NIL'
  return '(' + parameters.map(({ name, value }) => writeString(name) + ' ' + writeString(value)).join(' ') + ')'
}

function writeDisposition(value: string | undefined): string {
  const disposition = value === undefined ? undefined : parseDisposition(value)
  if (disposition === undefined) return 'NIL'
  return '(' + writeString(disposition.kind) + ' ' + writeParameters(disposition.parameters) + ')'
}

/** Content-Language is a list of tags (RFC 3282 §2); one alone may go out without parentheses. */
function writeLanguages(value: string | undefined): string {
  if (value === undefined) return 'NIL'
  const reader = new StructuredReader(value)
  const tags: string[] = []
  while (!reader.ended) {
    reader.skipBlanks()
    const tag = reader.until(',')
    if (tag !== '') tags.push(tag)
    reader.take(',')
  }
  if (tags.length === 0) return 'NIL'
  return '(' + tags.map(writeString).join(' ') + ')'
}
