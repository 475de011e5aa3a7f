import { asModSeq } from '../../model/numbers.ts'
import { formatRanges, normalise, type NumberSet } from '../../wire/number-set.ts'
import type { SessionIn } from '../command.ts'
import { intersection, without } from '../responses/ranges.ts'

/**
 * Tells which UIDs of a set are gone since a mod-sequence (RFC 7162 §3.2.6). `*` is the highest UID that was ever
 * given, so that `1:*` leaves out none. Messages that this client still counts are told by the end of the command, and
 * not twice.
 */
export async function writeVanished(
  session: SessionIn<'selected'>,
  set: NumberSet,
  changedSince: number,
): Promise<void> {
  const { selected } = session
  const { view } = selected
  const { ranges } = await selected.account.vanishedSince(view.mailbox, asModSeq(changedSince))
  const wanted = set.saved ? session.uidRanges(selected, set) : normalise(set, view.snapshot.uidNext - 1)
  const vanished = without(intersection(ranges, wanted), view.uids)
  if (vanished.length > 0) session.out.line('* VANISHED (EARLIER) ' + formatRanges(vanished))
}
