/**
 * Response codes that a refusal may carry: RFC 9051 §7.1, RFC 5530 §3, and those of extensions.
 * Protocols other than IMAP map them to their own (LMTP: RFC 3463 status codes).
 */
export type RefusalCode =
  | 'ALREADYEXISTS'
  | 'AUTHENTICATIONFAILED'
  | 'AUTHORIZATIONFAILED'
  | 'BADCHARSET'
  | 'BADCOMPARATOR'
  | `BADURL ${string}`
  | 'CANNOT'
  | 'CLIENTBUG'
  | 'COMPRESSIONACTIVE'
  | 'CONTACTADMIN'
  | 'EXPUNGEISSUED'
  | 'EXPIRED'
  | 'HASCHILDREN'
  | 'INUSE'
  | 'LIMIT'
  | `MAXCONVERTMESSAGES ${number}`
  | `MAXCONVERTPARTS ${number}`
  | `METADATA MAXSIZE ${number}`
  | 'METADATA NOPRIVATE'
  | 'METADATA TOOMANY'
  | 'NONEXISTENT'
  | 'NOPERM'
  | 'NOTSAVED'
  | 'OVERQUOTA'
  | 'PARSE'
  | 'PRIVACYREQUIRED'
  | `REFERRAL ${string}`
  | 'SERVERBUG'
  | 'TEMPFAIL'
  | 'TOOBIG'
  | 'TOOFEW'
  | 'TOOMANY'
  | 'TRYCREATE'
  | 'UNAVAILABLE'
  | 'UNKNOWN-CTE'
  | 'USEATTR'

/** Response codes that carry arguments, these included. */
export type RefusalCodeWithArguments = `${'MESSAGELIMIT' | 'UNDEFINED-FILTER'} ${string}`

/**
 * An answer of NO: the request was understood and is refused. Expected, so it carries no stack
 * (capturing one costs more than the command).
 */
export class Refusal extends Error {
  readonly code: RefusalCode | RefusalCodeWithArguments | undefined

  constructor(code: RefusalCode | RefusalCodeWithArguments | undefined, text: string) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(text)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'Refusal'
    this.code = code
  }
}
