import type { EmbeddedLimits } from './index.ts'

/** Small segments, so that histories cross their ends. */
export const small: EmbeddedLimits = { segmentBytes: [8 * 1024, 16 * 1024], idleAccounts: 0 }
/** A checkpoint after every commit, and whatever can be compacted then is. */
export const compacting: EmbeddedLimits = {
  segmentBytes: [4 * 1024],
  idleAccounts: 0,
  checkpointBytes: 1,
  compactionShare: 0,
  compactionGraceMs: 0,
}
