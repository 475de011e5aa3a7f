/** The dialects of IMAP that were spoken before IMAP4rev1, and what is in each. */

/** As the setting `dialect` names them. */
export const oldDialects = ['imap2', 'imap3', 'imap2bis', 'imap4'] as const
/** One of {@link oldDialects}. */
export type OldDialect = (typeof oldDialects)[number]

/** What sets a dialect apart. */
export interface Traits {
  /** Commands in capitals; all others are unknown. */
  readonly commands: ReadonlySet<string>
  /** Response codes that clients of the dialect know; others are left out. */
  readonly codes: ReadonlySet<string>
  /** Whether a backslash in quotes is an octet like others, so that strings with special chars go as literals. */
  readonly plainQuotes: boolean
  /** Whether INTERNALDATE has two digits for the year, and the name of a zone. */
  readonly shortDates: boolean
  /** Whether STORE is answered with STORE, and COPY with COPY, message by message. */
  readonly answersByName: boolean
  /** Whether messages have parts. */
  readonly hasParts: boolean
  /** Whether one can subscribe; where not, FIND is about all mailboxes but INBOX. */
  readonly hasSubscriptions: boolean
}

const imap2 = 'NOOP LOGIN LOGOUT SELECT BBOARD FIND CHECK EXPUNGE COPY FETCH STORE SEARCH'
const versions = 'SUPPORTED.VERSIONS SELECT.VERSION'
const imap3 = `${imap2} ${versions} SELECT.FEATURES READONLY READWRITE FLAGS SET.FLAGS ADD.MESSAGE`
const imap2bis = `${imap2} EXAMINE CREATE DELETE RENAME APPEND PARTIAL SUBSCRIBE UNSUBSCRIBE`
const imap4 = `${imap2bis} CAPABILITY AUTHENTICATE LIST LSUB CLOSE UID`

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

/**
 * By name. `imap2`: RFC 1064 and RFC 1176, with the question of RFC 1203 which versions there are. `imap3`: RFC 1203, once a
 * client has selected version 3.0; before that it is `imap2`. `imap2bis`: what RFC 2061 leaves of IMAP4, with RFC 2062. `imap4`: RFC 1730.
 */
export const traits: Readonly<Record<OldDialect, Traits>> = {
  imap2: {
    commands: words(`${imap2} ${versions}`),
    codes: words('READ-ONLY READ-WRITE'),
    plainQuotes: true,
    shortDates: true,
    answersByName: true,
    hasParts: false,
    hasSubscriptions: false,
  },
  imap3: {
    commands: words(imap3),
    codes: new Set(),
    plainQuotes: true,
    shortDates: true,
    answersByName: true,
    hasParts: false,
    hasSubscriptions: false,
  },
  imap2bis: {
    commands: words(imap2bis),
    codes: words('READ-ONLY READ-WRITE TRYCREATE'),
    plainQuotes: true,
    shortDates: false,
    answersByName: false,
    hasParts: true,
    hasSubscriptions: true,
  },
  imap4: {
    commands: words(imap4),
    codes: words('ALERT PARSE PERMANENTFLAGS READ-ONLY READ-WRITE TRYCREATE UIDVALIDITY UNSEEN'),
    plainQuotes: false,
    shortDates: false,
    answersByName: false,
    hasParts: true,
    hasSubscriptions: true,
  },
}
