/**
 * A command that the grammar does not allow: the client is told `BAD` with `text` (RFC 9051 §7.1.3). Carries no
 * stack: clients cause it, not code, and capturing one costs more than the command.
 */
export class BadSyntax extends Error {
  override readonly name: string = 'BadSyntax'
  /** What is wrong, one line of ASCII, fit to be sent. */
  readonly text: string
  /** Where the reader stood: 0-based offset in octets from the start of the command. */
  readonly position: number
  /** A response code to go with it, without its brackets. */
  readonly code: string | undefined

  constructor(text: string, position: number, code?: string) {
    const depth = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(text)
    Error.stackTraceLimit = depth
    this.text = text
    this.position = position
    this.code = code
  }
}
