import { parseNotify, type NotifySet } from '../../wire/notify-grammar.ts'
import { offers } from '../capabilities.ts'
import { defineCommand, type Command } from '../command.ts'
import { requireKnownItems } from '../gmail/labels.ts'
import { TooManyWatched } from '../notify/account-watch.ts'
import { Notifications } from '../notify/notifications.ts'
import { eventNames, requestOf } from '../notify/request.ts'
import { writeUpdates } from '../responses/updates.ts'

/**
 * NOTIFY, RFC 5465 §3.1. What has changed in the selected mailbox is told by its answer, as by that of NOOP; from then on
 * only what the client asks for is told.
 */
export const notify: Command<'authenticated', NotifySet | undefined> = defineCommand({
  name: 'NOTIFY',
  capability: 'NOTIFY',
  state: 'authenticated',

  parse(cursor) {
    const request = parseNotify(cursor)
    cursor.end()
    return request
  },

  async run(session, args) {
    const supported = eventNames(offers(session, 'METADATA'))
    const isSupported = new Set(supported.map((name) => name.toLowerCase()))
    if (args?.groups.some(({ events }) => [...events].some((name) => !isSupported.has(name)))) {
      return { no: true, code: `BADEVENT (${supported.join(' ')})`, text: 'There are no other events' }
    }
    const request = args && requestOf(args, (wire) => session.mailboxName(wire))
    requireKnownItems(session, request?.pushed ?? [])
    if (request?.pushed.some(({ item }) => item === 'MODSEQ')) session.enableCondstore()
    try {
      const before = session.notifications
      session.notifications = undefined // so that what it hid is told
      if (args) await writeUpdates(session, true)
      session.notifications = before
      const next = request
        ? await Notifications.start(session, request, args?.status === true)
        : Notifications.none(session)
      before?.stop()
      session.notifications = next
    } catch (error) {
      if (!(error instanceof TooManyWatched)) throw error
      const { maxNotifyMailboxes } = session.services.limits
      return { no: true, code: 'NOTIFICATIONOVERFLOW', text: `Ask for ${maxNotifyMailboxes} mailboxes at most` }
    }
    return { text: 'NOTIFY completed' }
  },
})
