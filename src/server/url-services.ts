import type { UserDirectory } from '../accounts/directory.ts'
import type { UrlServices } from '../imap/url/url-services.ts'
import type { Config } from './config-type.ts'
import { asked } from './sharing.ts'

/** What sessions are told of IMAP URLs. */
export function urlServicesOf({ urls }: Pick<Config, 'urls'>, directory: UserDirectory): UrlServices {
  const agents = new Map<string, Set<string>>()
  for (const entry of urls.agents) {
    const [application = '', user = ''] = entry.split(':')
    const users = agents.get(application) ?? new Set()
    agents.set(application, users.add(directory.nameOf(user)))
  }
  return {
    hosts: new Set(urls.hostNames.map((name) => name.toLowerCase())),
    agents,
    secret: directory.secret,
    async userNamed(name) {
      const user = await asked(() => directory.find(name))
      return user && { user: user.name, account: user.account }
    },
  }
}
