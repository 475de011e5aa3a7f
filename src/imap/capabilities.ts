import type { AnyCommand } from './command.ts'
import { messageLimit, saveLimit } from './message-limit.ts'
import type { ImapSession } from './session.ts'

/** One line of the capability table: what is offered, by which document, and when. */
export interface Capability {
  readonly token: string
  readonly rfc: number
  /** Whose it is, where no RFC has it; `rfc` is then the nearest one. In lower case, as the folder of its dialogues. */
  readonly vendor?: string
  /** `before` and `after` sign-in; a capability of use in both states is shown in both. */
  readonly shown: 'always' | 'before' | 'after'
  /** Further conditions. */
  readonly if?: (session: ImapSession) => boolean
  /** What stands behind it and `=`. */
  readonly value?: (session: ImapSession) => number
}

const capability = (token: string, rfc: number, shown: Capability['shown'], when?: Capability['if']): Capability => ({
  token,
  rfc,
  shown,
  ...(when && { if: when }),
})

const knowsJmap = ({ services }: ImapSession): boolean => services.site?.jmapUrl !== undefined

const sharesMailboxes = (session: ImapSession): boolean => session.services.sharing !== undefined

/**
 * Every capability, in the order in which it is printed. CAPABILITY, ENABLE and the protocol support page come from
 * this table; `AUTH=` is added where the mechanisms are known.
 */
export const capabilities: readonly Capability[] = [
  capability('IMAP4rev1', 3501, 'always'),
  capability('IMAP4rev2', 9051, 'always'),
  capability('STARTTLS', 9051, 'before', (session) => session.io.canStartTls),
  capability('LOGINDISABLED', 9051, 'before', (session) => !session.channel.secure),
  capability('SASL-IR', 4959, 'before'),
  capability('LITERAL+', 7888, 'always'),
  capability('LITERAL-', 7888, 'always', (session) => !offers(session, 'LITERAL+')), // RFC 7888 §5: never both
  capability('LOGIN-REFERRALS', 2221, 'always', ({ services }) => (services.site?.referrals.size ?? 0) > 0),
  capability('ID', 2971, 'always'),
  capability('ENABLE', 5161, 'always'),
  capability('IDLE', 2177, 'always'),
  capability('LANGUAGE', 5255, 'always'),
  capability('NOTIFY', 5465, 'after'),
  capability('NAMESPACE', 2342, 'after'),
  capability('CHILDREN', 3348, 'after'),
  capability('ACL', 4314, 'after', sharesMailboxes),
  // Every right that RFC 2086 did not have.
  capability('RIGHTS=kxte', 4314, 'after', sharesMailboxes),
  capability('LIST-MYRIGHTS', 8440, 'after', sharesMailboxes),
  capability('UIDPLUS', 4315, 'after'),
  capability('UNSELECT', 3691, 'after'),
  capability('MOVE', 6851, 'after'),
  capability('ESEARCH', 4731, 'after'),
  capability('SEARCHRES', 5182, 'after'),
  capability('MULTISEARCH', 7377, 'after'),
  capability('LIST-EXTENDED', 5258, 'after'),
  capability('LIST-STATUS', 5819, 'after'),
  capability('SPECIAL-USE', 6154, 'after'),
  capability('CREATE-SPECIAL-USE', 6154, 'after'),
  // RFC 5464 §1 has METADATA-SERVER for servers without mailbox annotations; who looks for it finds all it means.
  capability('METADATA', 5464, 'after'),
  capability('METADATA-SERVER', 5464, 'after'),
  capability('LIST-METADATA', 9590, 'after'),
  capability('QUOTA', 9208, 'after'),
  capability('QUOTASET', 9208, 'after'),
  capability('QUOTA=RES-STORAGE', 9208, 'after'),
  capability('QUOTA=RES-MESSAGE', 9208, 'after'),
  capability('QUOTA=RES-MAILBOX', 9208, 'after'),
  capability('QUOTA=RES-ANNOTATION-STORAGE', 9208, 'after'),
  capability('STATUS=SIZE', 8438, 'after'),
  capability('BINARY', 3516, 'after'),
  capability('MULTIAPPEND', 3502, 'after'),
  capability('CATENATE', 4469, 'after'),
  capability('URL-PARTIAL', 5550, 'after'),
  capability('CONVERT', 5259, 'after', (session) => offers(session, 'BINARY')), // RFC 5259 §3.1 wants both
  capability('URLAUTH', 4467, 'after'),
  capability('URLAUTH=BINARY', 5524, 'after'),
  capability('CONDSTORE', 7162, 'after'),
  capability('QRESYNC', 7162, 'after'),
  { ...capability('APPENDLIMIT', 7889, 'after'), value: ({ services }) => services.limits.maxMessageBytes },
  { ...capability('MESSAGELIMIT', 9738, 'after', (session) => messageLimit(session) < Infinity), value: messageLimit },
  {
    ...capability('SAVELIMIT', 9738, 'after', (session) => saveLimit(session) < messageLimit(session)),
    value: saveLimit,
  },
  capability('PARTIAL', 9394, 'after'),
  capability('UIDONLY', 9586, 'after'),
  capability('UIDBATCHES', 10022, 'after'),
  capability('FILTERS', 5466, 'after'),
  capability('SEARCH=FUZZY', 6203, 'after'),
  capability('WITHIN', 5032, 'after'),
  capability('INPROGRESS', 9585, 'after'),
  capability('SORT', 5256, 'after'),
  capability('SORT=DISPLAY', 5957, 'after'),
  capability('ESORT', 5267, 'after'),
  capability('CONTEXT=SEARCH', 5267, 'after'),
  capability('CONTEXT=SORT', 5267, 'after', (session) => offers(session, 'SORT')),
  capability('THREAD=ORDEREDSUBJECT', 5256, 'after'),
  capability('THREAD=REFERENCES', 5256, 'after'),
  capability('THREAD=REFS', 5256, 'after'), // of a draft, draft-ietf-morg-inthread
  capability('I18NLEVEL=1', 5255, 'after', (session) => !offers(session, 'I18NLEVEL=2')), // of both the higher one
  capability('I18NLEVEL=2', 5255, 'after'),
  capability('PREVIEW', 8970, 'after'),
  capability('SAVEDATE', 8514, 'after'),
  capability('OBJECTID', 8474, 'after'),
  // RFC 9698 §3 wants OBJECTID, too.
  capability('JMAPACCESS', 9698, 'after', (session) => knowsJmap(session) && offers(session, 'OBJECTID')),
  capability('REPLACE', 8508, 'after'),
  capability('UNAUTHENTICATE', 8437, 'after', (session) => !session.io.compressed),
  capability('UTF8=ACCEPT', 9755, 'after', ({ services }) => services.site?.utf8Only !== true),
  capability('UTF8=ONLY', 9755, 'always', ({ services }) => services.site?.utf8Only === true),
  // Ids and threads are as RFC 8474 has them.
  { ...capability('X-GM-EXT-1', 8474, 'after', ({ services }) => services.gmail === true), vendor: 'gmail' },
  capability('COMPRESS=DEFLATE', 4978, 'after', (session) => !session.io.compressed),
]

/** Whether a capability is switched on here and for this user, shown or not. */
export function offers(session: ImapSession, token: string): boolean {
  return session.disabledCapabilities.size === 0 || !session.disabledCapabilities.has(token.toUpperCase())
}

/** Whether a command is known here: one that no capability brings, or one of those that are switched on. */
export function offersCommand(session: ImapSession, { capability: needed }: AnyCommand): boolean {
  if (needed === undefined) return true
  return typeof needed === 'string' ? offers(session, needed) : needed.some((token) => offers(session, token))
}

/** What CAPABILITY says at this moment (RFC 9051 §7.2.2). */
export function capabilityTokens(session: ImapSession): string {
  const state = session.login ? 'after' : 'before'
  const tokens = capabilities
    .filter(
      (entry) =>
        (entry.shown === 'always' || entry.shown === state) &&
        offers(session, entry.token) &&
        entry.if?.(session) !== false,
    )
    .map(({ token, value }) => (value ? `${token}=${value(session)}` : token))
  const { push } = session.services
  if (state === 'after' && push && offers(session, push.name)) tokens.push(push.name)
  if (state === 'before') {
    for (const mechanism of session.authenticator.mechanisms(session.channel)) tokens.push('AUTH=' + mechanism)
  }
  return tokens.join(' ')
}
