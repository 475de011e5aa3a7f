/** What workers of the kill tests do, in IMAP. */
import { type Deed, type Territory, octetsOf } from './territory.ts'

/** What IMAP does in several commands is as many deeds. */
export function inSteps(deed: Deed): Deed[] {
  if (deed.do === 'expunge') return [{ ...deed, do: 'flags', flag: '\\Deleted' }, deed]
  // DELETE and CREATE would make a state between them that the model does not know.
  return deed.do === 'recreate' ? [] : [deed]
}

/** A deed in IMAP: what is said before it and behind it changes nothing. */
export interface Commands {
  readonly before?: string
  readonly command: string
  readonly behind?: string
}

/** The commands of a deed that is one of {@link inSteps}. */
export function commandsOf(territory: Territory, deed: Deed): Commands {
  switch (deed.do) {
    case 'append': {
      const flags = deed.flagged ? '(\\Flagged) ' : ''
      const mails = deed.mails.map((mail) => {
        const octets = octetsOf(mail).toString('latin1')
        return ` ${flags}"09-Sep-2001 01:46:40 +0000" {${octets.length}+}\r\n${octets}`
      })
      return { command: `APPEND ${territory[deed.box].name}${mails.join('')}` }
    }
    case 'copy':
    case 'move': {
      const to = territory[deed.from === 'a' ? 'b' : 'a'].name
      return selected(territory[deed.from].name, `UID ${deed.do} ${deed.uids.join()} ${to}`)
    }
    case 'flags':
      return selected(territory[deed.box].name, `UID STORE ${deed.uids.join()} FLAGS.SILENT (${deed.flag})`)
    case 'expunge':
      return selected(territory[deed.box].name, `UID EXPUNGE ${deed.uids.join()}`)
    case 'rename':
      return { command: `RENAME ${territory[deed.box].name} ${deed.to}` }
    case 'annotate': {
      const value = deed.note === '' ? 'NIL' : `"${deed.note}"`
      return { command: `SETMETADATA ${territory[deed.box].name} (/shared/comment ${value})` }
    }
    case 'share':
      return { command: `SETACL ${territory[deed.box].name} bob "${deed.rights}"` }
    case 'recreate':
      throw new Error('not one command of IMAP')
  }
}

function selected(mailbox: string, command: string): Commands {
  return { before: `SELECT ${mailbox}`, command, behind: 'UNSELECT' }
}
