import { defineCommand, type Command } from '../command.ts'
import { requireRight } from '../reference.ts'
import { code } from '../responses/codes.ts'
import { requireWritable } from '../responses/updates.ts'
import { answerWithin } from '../message-limit.ts'
import { copyMessages, parseCopy, type CopyArgs } from './copy.ts'

/**
 * MOVE and UID MOVE, RFC 9051 §6.4.8 (RFC 6851 §3). COPYUID comes untagged, ahead of the EXPUNGE responses, as RFC 6851
 * §4.3 asks for. It takes the rights of STORE, COPY and EXPUNGE together (§4.2).
 */
export const move: Command<'selected', CopyArgs> = defineCommand({
  name: 'MOVE',
  capability: 'MOVE',
  state: 'selected',
  uid: 'also',
  parse: parseCopy,

  async run(session, args, { byUid }) {
    requireWritable(session.selected)
    requireRight(session.selected, 't')
    requireRight(session.selected, 'e')
    const { copyUid, modSeq, limitCode } = await copyMessages(session, 'move', args, byUid)
    if (modSeq === undefined) return { text: 'MOVE completed, nothing to move' }
    if (copyUid !== undefined) session.say('OK', copyUid, 'Moved')
    const done = { ...(session.condstore && { code: code.highestModSeq(modSeq) }), text: 'MOVE completed' }
    return answerWithin(session, limitCode, done)
  },
})
