import type { UserDirectory } from '../accounts/directory.ts'
import type { SiteExtensions } from '../imap/site-extensions.ts'
import type { Config } from './config-type.ts'

/** What sessions are told of the site. */
export function siteExtensionsOf({ site }: Pick<Config, 'site'>, directory: UserDirectory): SiteExtensions {
  const referrals = site.referrals.map((entry): [string, string] => {
    const at = entry.indexOf(' ')
    return [directory.nameOf(entry.slice(0, at)), entry.slice(at + 1)]
  })
  return { jmapUrl: site.jmapUrl, referrals: new Map(referrals), utf8Only: site.utf8Only }
}
