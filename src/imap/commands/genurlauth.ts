import { normalMailboxName } from '../../model/mailbox.ts'
import { Refusal } from '../../model/refusal.ts'
import { parseImapUrl } from '../../wire/imap-url.ts'
import { string } from '../../wire/strings.ts'
import { BadSyntax } from '../../wire/syntax-error.ts'
import { defineCommand, type Command, type SessionIn } from '../command.ts'
import { findMailbox } from '../namespaces.ts'
import { allows, requireRight } from '../reference.ts'
import { internal, isKnownAccess, tokenFor } from '../url/authorised-urls.ts'
import { maxUrls, parseMechanism } from '../url/arguments.ts'
import { isSelf, isThisServer } from '../url/own-urls.ts'

interface Wanted {
  readonly url: string
  /** In capitals. */
  readonly mechanism: string
}

/** GENURLAUTH, RFC 4467 §7: proves URLs of the user's messages, so that others may have what they name. */
export const genUrlAuth: Command<'authenticated', readonly Wanted[]> = defineCommand({
  name: 'GENURLAUTH',
  capability: 'URLAUTH',
  state: 'authenticated',

  parse(cursor) {
    const wanted: Wanted[] = []
    do {
      if (wanted.length === maxUrls) throw cursor.bad('too many URLs')
      cursor.space()
      const url = cursor.astring('a URL')
      cursor.space()
      wanted.push({ url, mechanism: parseMechanism(cursor) })
    } while (cursor.hasMore)
    cursor.end()
    return wanted
  },

  async run(session, wanted) {
    const proved: string[] = []
    for (const { url, mechanism } of wanted) {
      if (mechanism !== internal) throw new Refusal(undefined, `INTERNAL is the only mechanism, not ${mechanism}`)
      proved.push(`${url}:internal:${await tokenOfUrl(session, url)}`)
      await session.io.breathe()
    }
    session.out.line('* GENURLAUTH ' + proved.map(string).join(' '))
    return { text: 'GENURLAUTH completed' }
  },
})

/** Checks a URL as RFC 4467 §7 asks; whatever is wrong with it is answered with BAD. */
async function tokenOfUrl(session: SessionIn<'authenticated'>, text: string): Promise<string> {
  const { login } = session
  const { server, mailbox, uid, access, verifier } = parseImapUrl(text)
  if (!/^imap:/i.test(text) || !server) throw bad('the URL names no server')
  if (mailbox === undefined || uid === undefined) throw bad('the URL names no message')
  if (!access) throw bad('the URL says not who may use it: URLAUTH is missing')
  if (verifier) throw bad('the URL has its proof already')
  if (!isKnownAccess(session, access)) throw bad('the URL says of nobody known that they may use it')
  if (server.user === undefined) throw bad('the URL names no user')
  if (!isThisServer(session, server) || !(await isSelf(session, login, server.user))) {
    throw bad('the URL is not of this user, at this server')
  }
  const reference = await findMailbox(session, login, normalMailboxName(mailbox))
  if (!reference || !(allows(reference, 'r') || allows(reference, 'l'))) throw bad('the URL names no mailbox')
  requireRight(reference, 'r')
  return tokenFor(session, login, reference, text)
}

const bad = (text: string): BadSyntax => new BadSyntax(text, 0)
