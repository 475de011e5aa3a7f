import { parseContentType, parseDisposition, type ContentType } from './content.ts'
import { maxBoundaryOctets } from './limits.ts'
import type { Part } from './message.ts'
import type { MessageFields } from './message-fields.ts'
import { parameterOf } from './parameters.ts'

/** What an entity is to the indexer: how its body is to be read. */
export type EntityKind = 'leaf' | 'multipart' | 'message'

/** An entity while it is read; it becomes a {@link Part} when it is complete. */
export interface Entity {
  kind: EntityKind
  /** The type its parts have when they name none (RFC 2046 §5.1.5). */
  readonly defaultType: ContentType
  contentType: ContentType
  charset: string | undefined
  encoding: string
  /** Of a multipart, until its closing boundary was seen. */
  boundary: string | undefined
  fields: MessageFields | undefined
  /** ENVELOPE, of the root and of nested messages. */
  envelope: string | undefined
  readonly isMessageRoot: boolean
  readonly headerStart: number
  bodyStart: number
  bodyEnd: number
  lines: number
  readonly children: Entity[]
}

/** What an entity without a Content-Type is (RFC 2045 §5.2). */
export const plainText: ContentType = {
  type: 'text',
  subtype: 'plain',
  parameters: [{ name: 'charset', value: 'us-ascii' }],
}
/** What a part of a multipart/digest without a Content-Type is (RFC 2046 §5.1.5). */
export const nestedMessage: ContentType = { type: 'message', subtype: 'rfc822', parameters: [] }
const opaque = { type: 'application', subtype: 'octet-stream' }

/** An entity that starts at `headerStart`, before anything of it was read. */
export function newEntity(headerStart: number, defaultType: ContentType, isMessageRoot: boolean): Entity {
  return {
    kind: 'leaf',
    defaultType,
    contentType: defaultType,
    charset: undefined,
    encoding: '7bit',
    boundary: undefined,
    fields: undefined,
    envelope: undefined,
    isMessageRoot,
    headerStart,
    bodyStart: headerStart,
    bodyEnd: headerStart,
    lines: 0,
    children: [],
  }
}

/**
 * Decides from an entity's header what it is. A multipart without a usable boundary is text (its Content-Type is not
 * valid, RFC 2045 §5.2), and octets where `mayNest` is false; a nested message that is encoded, against
 * RFC 2046 §5.2.1, or must not nest is not looked into.
 */
export function describeEntity(entity: Entity, fields: MessageFields, mayNest: boolean): void {
  entity.fields = fields
  let contentType = fields.contentType === undefined ? entity.defaultType : parseContentType(fields.contentType)
  contentType ??= plainText
  entity.encoding = encodingOf(fields.encoding)
  const type = contentType.type.toLowerCase()
  const subtype = contentType.subtype.toLowerCase()
  if (type === 'multipart') {
    const boundary = parameterOf(contentType.parameters, 'boundary')?.trimEnd() ?? ''
    if (boundary === '' || boundary.length > maxBoundaryOctets) contentType = plainText
    else if (!mayNest) contentType = { ...opaque, parameters: contentType.parameters }
    else {
      entity.kind = 'multipart'
      entity.boundary = boundary
    }
  } else if (type === 'message' && (subtype === 'rfc822' || subtype === 'global')) {
    if (mayNest && /^(?:7bit|8bit|binary)$/.test(entity.encoding)) entity.kind = 'message'
  }
  entity.contentType = contentType
  entity.charset = parameterOf(contentType.parameters, 'charset')?.toLowerCase()
}

/** A Content-Transfer-Encoding (RFC 2045 §6.1) in lower case, without comments or what else follows. */
function encodingOf(value: string | undefined): string {
  const word = /^(?:\s|\([^)]*\))*["']?([^\s"'();]+)/.exec(value ?? '')?.[1]?.toLowerCase()
  return word === undefined ? '7bit' : (misspelt.get(word) ?? word)
}

const misspelt = new Map([
  ['8-bit', '8bit'],
  ['7-bit', '7bit'],
  ['8bits', '8bit'],
  ['7bits', '7bit'],
])

/** Whether the header asks that the part be shown apart (RFC 2183 §2.2). */
export function isAttachment(entity: Entity): boolean {
  const value = entity.fields?.disposition
  return value !== undefined && parseDisposition(value)?.kind.toLowerCase() === 'attachment'
}

/** The entity as others see it. */
export function toPart(entity: Entity): Part {
  return {
    type: entity.contentType.type,
    subtype: entity.contentType.subtype,
    charset: entity.charset,
    encoding: entity.encoding,
    headerStart: entity.headerStart,
    bodyStart: entity.bodyStart,
    bodyEnd: entity.bodyEnd,
    lines: entity.lines,
    children: entity.children.map(toPart),
  }
}
