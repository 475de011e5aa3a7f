import type { UserDirectory } from '../accounts/directory.ts'
import type { Log } from '../model/log.ts'
import type { Store } from '../store/store.ts'
import type { Config } from './config-type.ts'
import { eraseMarked } from './data-directory.ts'
import { applyQuotaRequests } from './quota-requests.ts'
import { defaultQuotaOf } from './services.ts'

/** Does what other commands left to the server that has the store: erases mail, changes quotas. */
export async function doChores(
  config: Config,
  ground: { readonly store: Store; readonly users: UserDirectory; readonly log: Log },
): Promise<void> {
  await eraseMarked(config.server.dataDirectory, ground)
  await applyQuotaRequests(config.server.dataDirectory, defaultQuotaOf(config), ground)
}
