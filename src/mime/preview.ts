import type { Part } from './message.ts'

export function makePreview(octets: Buffer, part: Part): string {
  void octets
  void part
  return ''
}
