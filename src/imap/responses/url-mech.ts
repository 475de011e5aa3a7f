import { offers } from '../capabilities.ts'
import type { ImapSession } from '../session.ts'
import { keyGeneration } from '../url/access-keys.ts'
import { code } from './codes.ts'

/** Whether clients may be told of mechanisms here: not where others listen (RFC 4467 §10). */
export function tellsMechanisms(session: ImapSession): boolean {
  const { transport } = session
  return (transport.secure || transport.allowPlaintextLogin) && offers(session, 'URLAUTH')
}

/**
 * Tells the mechanisms when a mailbox is selected, and again when another session has changed the user's key to it
 * (RFC 4467 §7, §8).
 */
export async function writeUrlMechanisms(session: ImapSession): Promise<void> {
  const { login, selected } = session
  if (!login || !selected) return
  const tree = await login.account.tree()
  const metadata = tree.metadata()
  if (selected.keysTold?.metadata === metadata) return // nearly always
  const generation = keyGeneration(tree, login.identity.user, selected)
  const isNew = selected.keysTold?.generation !== generation
  selected.keysTold = { metadata, generation }
  if (isNew && tellsMechanisms(session)) session.say('OK', code.urlMech, 'Mechanisms of URLs')
}

/** Notes that the client knows of the user's key as it is now. */
export async function noteUrlMechanisms({ login, selected }: ImapSession): Promise<void> {
  if (!login || !selected) return
  const tree = await login.account.tree()
  selected.keysTold = { metadata: tree.metadata(), generation: keyGeneration(tree, login.identity.user, selected) }
}
