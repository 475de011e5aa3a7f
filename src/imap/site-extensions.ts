/** Extensions that say something of the site, and are there only where its operator says it. */
export interface SiteExtensions {
  /** The session resource of a JMAP server with the same mail, object identifiers and credentials (RFC 9698 §3). */
  readonly jmapUrl: string | undefined
  /** IMAP URLs of the servers where users have their mail instead of here, by canonical name (RFC 2221 §4). */
  readonly referrals: ReadonlyMap<string, string>
  /** Whether clients must enable UTF-8 before they use the server (RFC 9755 §7). */
  readonly utf8Only: boolean
}
