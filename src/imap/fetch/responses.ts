import type { Selection } from '../../session/view.ts'
import { StoreFailure } from '../../store/store.ts'
import type { SessionIn } from '../command.ts'
import { maxBatchMessages, maxBatchOctets, messagesPerTurn } from './limits.ts'
import { announcement, MessageSource, type Value } from './octets.ts'
import type { FetchPlan } from './plan.ts'
import type { ReadValue } from './sections.ts'
import type { Troubles } from './troubles.ts'

/**
 * Writes the responses of one FETCH, one per message and in ascending order (RFC 9051 §7.5.2). Whatever fails, every
 * response that is begun is well-formed: octets are read before they are announced, and where a long literal breaks off
 * the connection does, too.
 */
export class FetchResponses {
  readonly #session: SessionIn<'selected'>
  readonly #plan: FetchPlan
  readonly #troubles: Troubles
  readonly #source: MessageSource
  readonly #readers: readonly ReadValue[]
  /** What stands between the number of a message and its items. */
  readonly #name: string
  readonly #values: Value[] = []

  constructor(session: SessionIn<'selected'>, plan: FetchPlan, troubles: Troubles) {
    this.#session = session
    this.#plan = plan
    this.#troubles = troubles
    this.#source = new MessageSource(session.selected.account, plan, () => session.io.breathe())
    this.#name = session.uidOnly ? ' UIDFETCH (' : ' FETCH (' // RFC 9586 §3.3
    this.#readers = plan.steps.flatMap((step) => (step.kind === 'octets' ? [step.read] : []))
  }

  /** Answers for messages of the view; those with row -1 are passed over. */
  async write(selection: Selection): Promise<void> {
    const { seqNums } = selection
    try {
      for (let from = 0; from < seqNums.length;) {
        const to = this.#batchEnd(selection, from)
        await this.#batch({ seqNums: seqNums.subarray(from, to), rows: selection.rows.subarray(from, to) })
        from = to
      }
    } finally {
      this.#source.end()
    }
  }

  #batchEnd({ rows }: Selection, from: number): number {
    if (this.#plan.computed.length === 0) return rows.length
    const { sizes } = this.#session.selected.view.snapshot
    const limit = Math.min(rows.length, from + maxBatchMessages)
    let octets = sizes[rows[from]!] ?? 0 // inside bounds, here and below; but a row may be -1
    let to = from + 1
    while (to < limit && octets <= maxBatchOctets) octets += sizes[rows[to++]!] ?? 0
    return to
  }

  async #batch(batch: Batch): Promise<void> {
    const there = withoutGone(batch)
    try {
      const loading = this.#load(there.rows)
      if (loading) await loading
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.reason !== 'damaged') throw error
      return this.#loadFailed(there, error)
    }
    await (this.#readers.length === 0 ? this.#kept(there) : this.#octets(there))
  }

  /** One of the batch's messages is damaged: goes on with one at a time, to find out which and answer for the others. */
  async #loadFailed({ seqNums, rows }: Batch, error: StoreFailure): Promise<void> {
    if (rows.length === 1) return this.#fail(error, seqNums[0]!, rows[0]!) // inside bounds
    for (let n = 0; n < rows.length; n++) {
      await this.#batch({ seqNums: seqNums.subarray(n, n + 1), rows: rows.subarray(n, n + 1) })
    }
  }

  /** Loads what was computed of the messages, at once if it is at hand. */
  #load(rows: Int32Array): Promise<void> | undefined {
    const { computed } = this.#plan
    if (computed.length === 0) return undefined
    const { messages } = this.#session.selected.view.snapshot
    const numbers = new Uint32Array(rows.length)
    for (let n = 0; n < rows.length; n++) numbers[n] = messages[rows[n]!]! // inside bounds
    return this.#loadFrom(0, numbers)
  }

  #loadFrom(first: number, messages: Uint32Array): Promise<void> | undefined {
    const { computed } = this.#plan
    for (let place = first; place < computed.length; place++) {
      const batch = computed[place]! // inside bounds
      const packed = this.#session.selected.account.readComputed(batch.kind, messages)
      if (packed instanceof Promise) {
        return packed.then((late) => {
          batch.set(late)
          return this.#loadFrom(place + 1, messages)
        })
      }
      batch.set(packed)
    }
    return undefined
  }

  /** Hot: all of FETCH that needs no octets of messages; bench/fetch. */
  async #kept({ seqNums, rows }: Batch): Promise<void> {
    const { out, io } = this.#session
    const { steps, tail } = this.#plan
    const name = this.#name
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n]! // inside bounds, and so is the sequence number
      let line = '* ' + seqNums[n]! + name
      for (const step of steps) {
        line += step.label
        if (step.kind === 'text') line += step.text(row, n)
        else if (step.kind === 'computed') line = step.batch.write(line, n, out)
      }
      if (tail) line += tail(row)
      out.text(line + ')\r\n')
      if (out.full) await io.settled()
      else if (n % messagesPerTurn === messagesPerTurn - 1) {
        const pause = io.breathe()
        if (pause) await pause
      }
    }
  }

  async #octets({ seqNums, rows }: Batch): Promise<void> {
    const { out, io, selected } = this.#session
    const { messages, sizes } = selected.view.snapshot
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n]! // inside bounds, as are the columns
      this.#source.aim(messages[row]!, sizes[row]!, n)
      try {
        const reading = this.#read(0)
        if (reading) await reading
      } catch (error) {
        await this.#fail(error, seqNums[n]!, row)
        continue
      }
      const writing = this.#write(seqNums[n]!, row, n)
      if (writing) await writing
      if (out.full) await io.settled()
      else if (n % messagesPerTurn === messagesPerTurn - 1) await io.breathe()
    }
  }

  /** Reads the values of a response from the `from`-th on, all before the first is written. */
  #read(from: number): Promise<void> | undefined {
    for (let place = from; place < this.#readers.length; place++) {
      const value = this.#readers[place]!(this.#source) // inside bounds
      if (value instanceof Promise) {
        return value.then((read) => {
          this.#values[place] = read
          return this.#read(place + 1)
        })
      }
      this.#values[place] = value
    }
    return undefined
  }

  /** Writes a response whose values are read; long ones are streamed, which takes time. */
  #write(seqNum: number, row: number, n: number, from: number = 0, place: number = 0): Promise<void> | undefined {
    const { out } = this.#session
    const { steps, tail } = this.#plan
    let line = from === 0 ? '* ' + seqNum + this.#name : ''
    for (let at = from; at < steps.length; at++) {
      const step = steps[at]! // inside bounds
      line += step.label
      if (step.kind === 'text') {
        line += step.text(row, n)
        continue
      }
      if (step.kind === 'computed') {
        line = step.batch.write(line, n, out)
        continue
      }
      const value = this.#values[place++]! // one was read per step of this kind
      if (typeof value === 'string') {
        line += value
        continue
      }
      out.text(line + announcement(value.length, value.binary))
      out.bytes(value.octets)
      line = ''
      if (value.rest) return this.#stream(value.rest()).then(() => this.#write(seqNum, row, n, at + 1, place))
    }
    if (tail) line += tail(row)
    out.line(line + ')')
    return undefined
  }

  async #stream(pieces: AsyncIterable<Buffer>): Promise<void> {
    const { out, io } = this.#session
    try {
      for await (const piece of pieces) {
        await io.settled()
        out.bytes(piece)
      }
      await io.settled()
    } catch (error) {
      io.abort(error) // whatever it is, no answer can follow
    }
  }

  /** There is no response for this message, unless flags of it changed that nobody else will tell. */
  async #fail(error: unknown, seqNum: number, row: number): Promise<void> {
    const { out, selected } = this.#session
    await this.#troubles.note(error, selected.view.snapshot.uids[row]!) // inside bounds
    const changed = this.#plan.changed(row)
    if (changed !== undefined) out.line('* ' + seqNum + this.#name + changed + ')')
  }
}

/** Messages that are answered together: their sequence numbers and rows. */
type Batch = Pick<Selection, 'seqNums' | 'rows'>

/** The batch without messages whose row is -1. */
function withoutGone(batch: Batch): Batch {
  if (!batch.rows.includes(-1)) return batch
  return { seqNums: batch.seqNums.filter((_, n) => batch.rows[n] !== -1), rows: batch.rows.filter((row) => row !== -1) }
}
