/**
 * The keywords of the IANA registry that IMAP clients set (RFC 5788), in its spelling: RFC 3503, RFC 5550, RFC 8457,
 * RFC 9979, and those that were registered without an RFC. A mailbox takes them however many keywords it has (RFC 9051
 * §2.3.2, RFC 3503 §3).
 */
export const registeredKeywords = [
  '$MDNSent',
  '$Forwarded',
  '$SubmitPending',
  '$Submitted',
  '$Junk',
  '$NotJunk',
  '$Phishing',
  '$Important',
  '$autosent',
  '$canunsubscribe',
  '$followed',
  '$hasattachment',
  '$hasmemo',
  '$hasnoattachment',
  '$imported',
  '$istrusted',
  '$MailFlagBit0',
  '$MailFlagBit1',
  '$MailFlagBit2',
  '$maskedemail',
  '$memo',
  '$muted',
  '$new',
  '$notify',
  '$unsubscribed',
] as const

const known: ReadonlySet<string> = new Set(registeredKeywords.map((keyword) => keyword.toLowerCase()))

/** Whether a keyword is one of {@link registeredKeywords}, in any case. */
export function isRegisteredKeyword(keyword: string): boolean {
  return known.has(keyword.toLowerCase())
}

/** How many of the keywords count against a mailbox's limit: those that clients made up. */
export function countedKeywords(keywords: readonly string[]): number {
  let count = 0
  for (const keyword of keywords) if (!isRegisteredKeyword(keyword)) count++
  return count
}

/** Registered keywords that are not among these. */
export function otherRegisteredKeywords(keywords: readonly string[]): string[] {
  const used = new Set(keywords.map((keyword) => keyword.toLowerCase()))
  return registeredKeywords.filter((keyword) => !used.has(keyword.toLowerCase()))
}
