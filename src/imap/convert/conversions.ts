import { isWritableCharset } from '../../mime/charset-encode.ts'
import { type Conversion, type MediaType, mediaTypeText } from '../../wire/convert-grammar.ts'
import { string, wireToUtf8 } from '../../wire/strings.ts'

/** Parameters that every conversion of text takes (RFC 5259 §7.1). */
export const textParameters: readonly string[] = ['charset', 'unknown-character-replacement']

/** Every conversion of parts, the best target of a source first (RFC 5259 §7.1, §7.2). */
export const conversions: readonly (readonly [source: string, target: string])[] = [
  ['text/plain', 'text/plain'],
  ['text/html', 'text/plain'],
  ['text/html', 'text/html'],
  ['text/css', 'text/css'],
  ['text/csv', 'text/csv'],
]

/** The charset of texts where none is asked for. */
const defaultCharset = 'utf-8'
/** Octets of what may stand for a character. */
const maxReplacementBytes = 16

/** Why something cannot be converted, as text of the wire (RFC 5259 §9). */
export class ConversionError extends Error {
  /** From `BADPARAMETERS` or `MISSINGPARAMETERS` on. */
  readonly code: string

  constructor(text: string, code: string) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(text)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'ConversionError'
    this.code = code
  }

  /** RFC 5259 §10 converterror-phrase. */
  get phrase(): string {
    return `(ERROR ${string(this.message)} ${this.code})`
  }
}

/** What is to be converted into what, as errors name it. */
export interface Route {
  /** `undefined` when there is no such part. */
  readonly source: string | undefined
  readonly target: string
}

/** The conversion, or these parameters of it, cannot be (RFC 5259 §9 BADPARAMETERS). */
export function cannot(
  text: string,
  { source, target }: Route,
  parameters: readonly (readonly [string, string])[] = [],
): ConversionError {
  const from = source === undefined ? 'NIL' : string(source)
  const list = parameters.map(([name, value]) => string(name) + ' ' + string(value)).join(' ')
  return new ConversionError(text, `BADPARAMETERS ${from} ${string(target)}` + (list === '' ? '' : ` (${list})`))
}

/** These parameters must be there, and are not (RFC 5259 §9 MISSINGPARAMETERS). */
export function missing(text: string, { source, target }: Route, names: readonly string[]): ConversionError {
  const from = source === undefined ? 'NIL' : string(source)
  return new ConversionError(text, `MISSINGPARAMETERS ${from} ${string(target)} (${names.map(string).join(' ')})`)
}

/** Media types that a part may become, the best first. */
export function targetsOf(source: string): readonly string[] {
  return conversions.filter(([from]) => from === source).map(([, to]) => to)
}

/** The target of a conversion: the one that is asked for or the best; that of a part without any is its own type. */
export function targetOf(source: string | undefined, { target }: Conversion): string {
  if (target) return mediaTypeText(target)
  return targetsOf(source ?? '')[0] ?? source ?? 'text/plain'
}

/** Conversions between types of two patterns. */
export function conversionsBetween(source: MediaType, target: MediaType): readonly (readonly [string, string])[] {
  return conversions.filter(([from, to]) => fits(from, source) && fits(to, target))
}

function fits(text: string, { type, subtype }: MediaType): boolean {
  return type === '*' || (subtype === '*' ? text.startsWith(type + '/') : text === `${type}/${subtype}`)
}

/** How text is to be written. */
export interface TextTarget {
  readonly charset: string
  readonly replacement: string | undefined
}

/**
 * Reads the parameters of a conversion of text. Throws {@link ConversionError}: all that are not understood are listed
 * (RFC 5259 §9); with `needsCharset` there must be a charset.
 */
export function textTarget({ parameters }: Conversion, route: Route, needsCharset: boolean): TextTarget {
  const foreign = parameters.filter(([name], place) => {
    const isKnown = textParameters.includes(name)
    return !isKnown || parameters.findIndex(([other]) => other === name) !== place
  })
  if (foreign.length > 0) throw cannot('Some parameters are not known here, or stand there twice', route, foreign)
  const values = new Map(parameters)
  const charset = values.get('charset')
  if (charset === undefined && needsCharset) throw missing('CHARSET must be there', route, ['charset'])
  if (charset !== undefined && !isWritableCharset(charset)) {
    throw cannot('That charset cannot be written here', route, [['charset', charset]])
  }
  const octets = values.get('unknown-character-replacement')
  const replacement = octets === undefined ? undefined : wireToUtf8(octets)
  if (octets !== undefined && (replacement === undefined || octets.length > maxReplacementBytes)) {
    const text = `A replacement is UTF-8 and has ${maxReplacementBytes} octets at most`
    throw cannot(text, route, [['unknown-character-replacement', octets]])
  }
  return { charset: charset ?? defaultCharset, replacement }
}

/** Top-level media types of the registry (RFC 6838 §4.2.7, RFC 8081 §4); others are recognised by nobody. */
const topLevel = new Set([
  'application',
  'audio',
  'example',
  'font',
  'haptics',
  'image',
  'message',
  'model',
  'multipart',
  'text',
  'video',
])

/** Whether a media type may exist at all. */
export function isRecognised({ type }: MediaType): boolean {
  return topLevel.has(type) || type.startsWith('x-')
}
