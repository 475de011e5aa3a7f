import { Refusal } from '../../model/refusal.ts'
import type { AccountStore } from '../../store/store.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import type { MessageArgs } from '../append-messages.ts'
import { offers } from '../capabilities.ts'
import type { SessionIn } from '../command.ts'
import { authorisedMessage } from './authorised-urls.ts'
import { octetsOfOwnUrl, readUrl } from './own-urls.ts'
import { badUrl, type Octets, octetsOfUrl } from './url-octets.ts'

/**
 * Brings messages that are put together up to where the command is (RFC 4469 §3): what URLs name is copied behind the
 * texts that came before it. Of an open message, the last text is about to come. Throws `Refusal` (`BADURL`, `TOOBIG`,
 * `LIMIT`).
 */
export async function catchUp(
  session: SessionIn<'authenticated'>,
  account: AccountStore,
  messages: readonly MessageArgs[],
): Promise<void> {
  const { staging, services } = session
  for (let message = messages[staging.staged.length]; message; message = messages[staging.staged.length]) {
    if (!message.isCatenated) return // it is about to come
    if (!offers(session, 'CATENATE')) throw new BadSyntax('A message is one literal here', 0)
    if (staging.staged.length >= services.limits.maxAppendMessages) {
      throw new Refusal('LIMIT', `One command may append ${services.limits.maxAppendMessages} messages at most`)
    }
    const { parts, isOpen } = message
    for (let done = staging.assembled(account).parts; done < parts.length; done++) {
      const part = parts[done]! // inside bounds
      if (part.kind === 'text') {
        if (!isOpen || done < parts.length - 1) throw new Error('a literal of the message is missing')
        return requireRoom(session, account, part.size)
      }
      const octets = await octetsOfPart(session, part.url)
      requireRoom(session, account, octets.length)
      if (staging.copiedOctets + octets.length > services.limits.maxCatenatedBytes) {
        throw new Refusal(
          'LIMIT',
          `The URLs of one command may name ${services.limits.maxCatenatedBytes} octets at most`,
        )
      }
      await staging.copy(octets.pieces())
    }
    await staging.finishAssembled()
    if (staging.failure) throw staging.failure
  }
}

function requireRoom({ staging, services }: SessionIn<'authenticated'>, account: AccountStore, octets: number): void {
  const { maxMessageBytes } = services.limits
  if (staging.assembled(account).octets + octets > maxMessageBytes) {
    throw new Refusal('TOOBIG', `A message may have ${maxMessageBytes} octets at most`)
  }
}

/** What a URL names: among what the user may read, or by the proof that it carries (RFC 5550 §5.7.1). */
async function octetsOfPart(session: SessionIn<'authenticated'>, text: string): Promise<Octets> {
  const { login } = session
  const url = readUrl(session, text)
  let octets: Octets | undefined
  if (url && !url.access) octets = await octetsOfOwnUrl(session, login, url)
  else if (url && offers(session, 'URLAUTH')) {
    const source = await authorisedMessage(session, login, url, text)
    octets = source && (await octetsOfUrl(source, url))
  }
  if (!octets) throw badUrl(text)
  return octets
}
