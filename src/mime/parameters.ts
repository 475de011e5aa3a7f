/** Parameters of MIME fields: continuations and character sets (RFC 2231 §3, §4). */

/** One parameter; its value has lost its quotes and is one octet per char. */
export interface Parameter {
  readonly name: string
  readonly value: string
}

/** A parameter by its name in lower case; undefined when it is not there. The first of several counts. */
export function parameterOf(parameters: readonly Parameter[], name: string): string | undefined {
  return parameters.find((one) => one.name.toLowerCase() === name)?.value
}

export function joinContinuations(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameters
}
