import { parseDisposition, type ContentType } from './content.ts'
import { plainText, type Entity } from './entity.ts'
import { writeNstring, writeString } from './nstring.ts'
import { parameterOf, type Parameter } from './parameters.ts'
import { StructuredReader } from './structured.ts'

/**
 * BODY or, when `extended`, BODYSTRUCTURE of an entity as text, one octet per char (RFC 9051 §7.5.2).
 */
export function writeBodyStructure(entity: Entity, extended: boolean): string {
  const { contentType, fields } = entity
  const isText = contentType.type.toLowerCase() === 'text'
  const parameters = writeParameters(isText ? withCharset(contentType.parameters) : contentType.parameters)
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
  if (isText) text += ' ' + entity.lines
  else if (isMessage(contentType)) {
    const [nested] = entity.children
    const envelope = nested?.envelope ?? emptyEnvelope
    const body = nested ? writeBodyStructure(nested, extended) : extended ? emptyBodyStructure : emptyBody
    text += ' ' + envelope + ' ' + body + ' ' + entity.lines
  }
  return extended ? text + ' ' + writeNstring(fields?.md5) + placement(entity) + ')' : text + ')'
}

/** What the grammar wants of a nested message also where it is not looked into (RFC 9051 §9 body-type-msg). */
const emptyEnvelope = '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'
const emptyBody = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)'
const emptyBodyStructure = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)'

function isMessage({ type, subtype }: ContentType): boolean {
  return type.toLowerCase() === 'message' && /^(?:rfc822|global)$/i.test(subtype)
}

/** Text without a charset is US-ASCII (RFC 2046 §4.1.2), and other servers say so. */
function withCharset(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameterOf(parameters, 'charset') === undefined ? [...parameters, ...plainText.parameters] : parameters
}

/** The extension data that all bodies have: disposition, language, location. */
function placement({ fields }: Entity): string {
  if (fields === undefined) return ' NIL NIL NIL'
  const { disposition, language, location } = fields
  return ' ' + writeDisposition(disposition) + ' ' + writeLanguages(language) + ' ' + writeNstring(location)
}

function writeParameters(parameters: readonly Parameter[]): string {
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
