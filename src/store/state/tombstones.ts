import { asModSeq, type ModSeq } from '../../model/numbers.ts'
import type { TombstoneImage } from './images.ts'
import { extended, float64, uint32 } from './paged-draft.ts'

/** Ranges of expunged UIDs that a mailbox remembers. When there are more, the older half is forgotten. */
export const maxTombstoneRanges = 16_384

/** A mailbox from which nothing was ever expunged. */
export const noTombstones: TombstoneImage = {
  floor: asModSeq(0),
  modSeqs: new Float64Array(0),
  firsts: new Uint32Array(0),
  lasts: new Uint32Array(0),
}

/** The tombstones with those of one more expunge. `uids` are ascending; `modSeq` is not below any before. */
export function buried(before: TombstoneImage, modSeq: ModSeq, uids: readonly number[]): TombstoneImage {
  const ranges = rangesOf(uids)
  const start = before.modSeqs.length
  const modSeqs = extended(float64, before.modSeqs, start + ranges.length)
  const firsts = extended(uint32, before.firsts, start + ranges.length)
  const lasts = extended(uint32, before.lasts, start + ranges.length)
  ranges.forEach(([first, last], n) => {
    modSeqs[start + n] = modSeq
    firsts[start + n] = first
    lasts[start + n] = last
  })
  const grown = { floor: before.floor, modSeqs, firsts, lasts }
  return modSeqs.length > maxTombstoneRanges ? withoutOlderHalf(grown) : grown
}

/** Forgets whole expunges only, so that what is left is exact above the floor. */
function withoutOlderHalf({ modSeqs, firsts, lasts }: TombstoneImage): TombstoneImage {
  const floor = modSeqs[modSeqs.length >>> 1]! // there are many
  const from = firstAbove(modSeqs, floor)
  return { floor: asModSeq(floor), modSeqs: modSeqs.slice(from), firsts: firsts.slice(from), lasts: lasts.slice(from) }
}

/** Expunged above `modSeq`: ascending ranges that do not touch; undefined when that is no longer remembered. */
export function buriedSince(tombstones: TombstoneImage, modSeq: ModSeq): [first: number, last: number][] | undefined {
  if (modSeq < tombstones.floor) return undefined
  const ranges: [number, number][] = []
  for (let n = firstAbove(tombstones.modSeqs, modSeq); n < tombstones.modSeqs.length; n++) {
    ranges.push([tombstones.firsts[n]!, tombstones.lasts[n]!])
  }
  ranges.sort(([a], [b]) => a - b)
  const merged: [number, number][] = []
  for (const range of ranges) {
    const last = merged.at(-1)
    if (last && last[1] + 1 === range[0]) last[1] = range[1]
    else merged.push(range)
  }
  return merged
}

/** The UIDs below `uidNext` that no message has. */
export function missingUids(uids: Uint32Array, uidNext: number): [first: number, last: number][] {
  const ranges: [number, number][] = []
  let expected = 1
  for (const uid of uids) {
    if (uid > expected) ranges.push([expected, uid - 1])
    expected = uid + 1
  }
  if (uidNext > expected) ranges.push([expected, uidNext - 1])
  return ranges
}

function rangesOf(uids: readonly number[]): [first: number, last: number][] {
  const ranges: [number, number][] = []
  for (const uid of uids) {
    const last = ranges.at(-1)
    if (last && last[1] + 1 === uid) last[1] = uid
    else ranges.push([uid, uid])
  }
  return ranges
}

function firstAbove(modSeqs: Float64Array, modSeq: number): number {
  let low = 0
  let high = modSeqs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (modSeqs[middle]! <= modSeq) low = middle + 1
    else high = middle
  }
  return low
}
