import { notePassed } from '../../net/young-garbage.ts'
import { announcement } from '../fetch/octets.ts'
import type { ImapSession } from '../session.ts'
import type { Octets } from '../url/url-octets.ts'

/**
 * Writes octets in the middle of a response, as they are read; with `binary` as a literal8, for NUL among them. What
 * fails once they are announced ends the connection, since nothing well-formed could follow.
 */
export async function writeOctets({ out, io }: ImapSession, octets: Octets, binary: boolean): Promise<void> {
  if (octets.length === 0) return out.text('""')
  out.text(announcement(octets.length, binary))
  try {
    for await (const piece of octets.pieces()) {
      out.bytes(Buffer.from(piece)) // the piece is good until the next, and the writer keeps it until it is sent
      notePassed(piece.length)
      if (!out.full) continue
      out.flush()
      await io.settled()
    }
  } catch (error) {
    io.abort(error)
  }
}
