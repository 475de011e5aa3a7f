import type { AnyCommand } from '../command.ts'
import { deleteAcl, getAcl, listRights, myRights, setAcl } from './acl.ts'
import { append } from './append.ts'
import { authenticate } from './authenticate.ts'
import { cancelUpdate } from './cancelupdate.ts'
import { capability } from './capability.ts'
import { check } from './check.ts'
import { close } from './close.ts'
import { comparator } from './comparator.ts'
import { compress } from './compress.ts'
import { conversionsCommand } from './conversions.ts'
import { convert } from './convert.ts'
import { copy } from './copy.ts'
import { create } from './create.ts'
import { deleteMailbox } from './delete.ts'
import { enable } from './enable.ts'
import { esearch } from './esearch.ts'
import { expunge } from './expunge.ts'
import { fetch } from './fetch.ts'
import { getJmapAccess } from './getjmapaccess.ts'
import { getMetadata } from './getmetadata.ts'
import { getQuota } from './getquota.ts'
import { getQuotaRoot } from './getquotaroot.ts'
import { genUrlAuth } from './genurlauth.ts'
import { id } from './id.ts'
import { idle } from './idle.ts'
import { language } from './language.ts'
import { list } from './list.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { lsub } from './lsub.ts'
import { move } from './move.ts'
import { namespace } from './namespace.ts'
import { noop } from './noop.ts'
import { notify } from './notify.ts'
import { rename } from './rename.ts'
import { replace } from './replace.ts'
import { resetKey } from './resetkey.ts'
import { search } from './search.ts'
import { examine, select } from './select.ts'
import { setMetadata } from './setmetadata.ts'
import { setQuota } from './setquota.ts'
import { sort } from './sort.ts'
import { startTls } from './starttls.ts'
import { status } from './status.ts'
import { store } from './store.ts'
import { subscribe, unsubscribe } from './subscribe.ts'
import { thread } from './thread.ts'
import { uidBatches } from './uidbatches.ts'
import { unauthenticate } from './unauthenticate.ts'
import { unselect } from './unselect.ts'
import { urlFetch } from './urlfetch.ts'

/** All commands, in the order of RFC 9051 §6, those of extensions behind their kin. */
export const commands: readonly AnyCommand[] = [
  capability,
  noop,
  logout,
  id,
  language,
  startTls,
  authenticate,
  login,
  unauthenticate,
  enable,
  compress,
  select,
  examine,
  create,
  deleteMailbox,
  rename,
  subscribe,
  unsubscribe,
  list,
  lsub,
  namespace,
  notify,
  getJmapAccess,
  setAcl,
  deleteAcl,
  getAcl,
  listRights,
  myRights,
  status,
  getMetadata,
  setMetadata,
  getQuota,
  getQuotaRoot,
  setQuota,
  append,
  replace,
  resetKey,
  genUrlAuth,
  urlFetch,
  idle,
  check,
  close,
  unselect,
  expunge,
  search,
  cancelUpdate,
  esearch,
  comparator,
  sort,
  thread,
  uidBatches,
  fetch,
  conversionsCommand,
  convert,
  store,
  copy,
  move,
]

const byName: ReadonlyMap<string, AnyCommand> = new Map(commands.map((command) => [command.name, command]))

/** The command with this name, in capitals; with `byUid`, only one that has a `UID` form. */
export function commandNamed(name: string, byUid: boolean): AnyCommand | undefined {
  const command = byName.get(name)
  return command && (byUid ? command.uid !== undefined : command.uid !== 'only') ? command : undefined
}
