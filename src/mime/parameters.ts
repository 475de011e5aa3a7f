/** Parameters of MIME fields: continuations and character sets (RFC 2231 §3, §4). */
import { decodeText } from './charset.ts'
import { decodeHeaderValue } from './encoded-word.ts'

/** One parameter; its value has lost its quotes and is one octet per char. */
export interface Parameter {
  readonly name: string
  readonly value: string
}

/** A parameter by its name in lower case; undefined when it is not there. The first of several counts. */
export function parameterOf(parameters: readonly Parameter[], name: string): string | undefined {
  return parameters.find((one) => one.name.toLowerCase() === name)?.value
}

/** `name*2` and `name*2*`: a piece of a value, the latter percent-encoded. */
const continuation = /^([^*]+)\*(\d{1,3})(\*?)$/

/**
 * Puts values together that were sent in pieces: `name*0`, `name*1` become `name`. When a piece is percent-encoded
 * (`name*0*`) they become `name*`, in the form that one encoded piece has (`charset'language'text`), so that clients
 * read it as they read any other (RFC 9051 §7.5.2, RFC 2231 §4.1). Pieces behind a gap are lost.
 */
export function joinContinuations(parameters: readonly Parameter[]): readonly Parameter[] {
  if (!parameters.some(({ name }) => continuation.test(name))) return parameters
  const joined: Parameter[] = []
  const seen = new Set<string>()
  for (const parameter of parameters) {
    const name = continuation.exec(parameter.name)?.[1]
    if (name === undefined) joined.push(parameter)
    else if (!seen.has(name.toLowerCase())) {
      seen.add(name.toLowerCase())
      joined.push(joinPieces(name, parameters))
    }
  }
  return joined
}

interface Piece {
  readonly value: string
  readonly isEncoded: boolean
}

function joinPieces(name: string, parameters: readonly Parameter[]): Parameter {
  const pieces = new Map<number, Piece>()
  for (const parameter of parameters) {
    const [, base = '', number = '', star] = continuation.exec(parameter.name) ?? []
    if (base.toLowerCase() !== name.toLowerCase() || pieces.has(Number(number))) continue
    pieces.set(Number(number), { value: parameter.value, isEncoded: star === '*' })
  }
  const inOrder: Piece[] = []
  for (let n = pieces.has(0) ? 0 : 1; ; n++) {
    const piece = pieces.get(n)
    if (piece === undefined) break
    inOrder.push(piece)
  }
  if (inOrder.length === 0) inOrder.push(...pieces.values())
  const first = inOrder[0]
  if (!inOrder.some((piece) => piece.isEncoded)) return { name, value: inOrder.map(({ value }) => value).join('') }
  const charset = first?.isEncoded === true ? '' : "''"
  return {
    name: name + '*',
    value: charset + inOrder.map(({ value, isEncoded }) => (isEncoded ? value : percentEncode(value))).join(''),
  }
}

function percentEncode(octets: string): string {
  return octets.replace(
    /[^!#$&+\-.0-9A-Z^_`a-z{|}~]/g,
    (char) => '%' + char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0'),
  )
}

/**
 * A parameter for people to read: `name*` with its charset (RFC 2231 §4), else `name`, with encoded words decoded
 * although they do not belong there.
 */
export function decodedParameter(parameters: readonly Parameter[], name: string): string | undefined {
  const extended = parameterOf(parameters, name + '*')
  const [, charset, text] = /^([^']*)'[^']*'(.*)$/s.exec(extended ?? '') ?? []
  if (charset !== undefined && text !== undefined) {
    const octets = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    const decoded = decodeText(Buffer.from(octets, 'latin1'), charset === '' ? 'utf-8' : charset)
    if (decoded !== undefined) return decoded
  }
  const value = parameterOf(parameters, name) ?? extended
  return value === undefined ? undefined : decodeHeaderValue(Buffer.from(value, 'latin1'))
}
