import { writeBodyStructure } from './body-structure.ts'
import { describeEntity, isAttachment, nestedMessage, newEntity, plainText, toPart, type Entity } from './entity.ts'
import { writeEnvelope, type Envelope } from './envelope.ts'
import { encodeHeaderLines } from './header-lines.ts'
import { HeaderStore } from './header-store.ts'
import { encodeKeys } from './keys.ts'
import { encodeSortKeys } from './sort-keys.ts'
import {
  maxBoundaryLineOctets,
  maxDepth,
  maxHeaderOctets,
  maxParts,
  maxPreviewParts,
  maxPreviewSourceOctets,
} from './limits.ts'
import { readFields } from './message-fields.ts'
import { keysOf } from './message-keys.ts'
import type { IndexedMessage } from './message.ts'
import { encodeParts } from './parts.ts'
import { makePreview } from './preview.ts'
import { encodeFields } from './search-fields.ts'

const lineFeed = 0x0a
const carriageReturn = 0x0d
const hyphen = 0x2d

/** An open multipart, innermost last. */
interface Boundary {
  readonly text: string
  /** Its multipart's place in the stack of open entities. */
  readonly depth: number
}

/** A line that is a boundary. */
interface Match {
  readonly place: number
  readonly closes: boolean
}

/** Indexes a message that is at hand as a whole. */
export function indexMessage(octets: Buffer): IndexedMessage {
  const indexer = new MessageIndexer()
  indexer.write(octets)
  return indexer.end()
}

/**
 * Finds out all there is to know about a message while its octets pass by; how they are cut into chunks makes no
 * difference. Keeps headers (within limits) and some KiB of text for the preview, never the body. No input makes
 * it throw: what is not valid MIME is read as RFC 2045 §5.2 and RFC 2046 §5.1 let it be read.
 */
export class MessageIndexer {
  /** Offset of the first octet that was not taken in yet; it is the first of `#held`. */
  #offset = 0
  /** The start of a line that cannot be judged before more of it is there. */
  #held: Buffer = Buffer.alloc(0)
  /** Whether the next octet is inside a line whose start was taken in. */
  #insideLine = false
  /** The two octets before `#offset`. */
  #before = 0
  #last = 0
  #lineFeeds = 0
  readonly #header = new HeaderStore()
  #inHeader = true
  /** A boundary line was seen that starts a part, and is not over yet. */
  #partFollows = false
  #entities = 1
  readonly #root: Entity = newEntity(0, plainText, true)
  readonly #open: Entity[] = [this.#root]
  /** Line feeds before the body of each open entity. */
  readonly #lineFeedsBefore: number[] = [0]
  readonly #boundaries: Boundary[] = []
  /** How many octets of the current leaf may still be kept for the preview. */
  #previewRoom = 0
  #previewPieces: Buffer[] = []
  #previewTries = 0
  #preview = ''
  #envelope: Envelope | undefined
  #fields: Buffer = Buffer.alloc(0)
  #headerLines: Buffer = Buffer.alloc(0)
  #ended = false

  /** Takes in the next octets. They may be overwritten when the call returns. Throws after {@link end}. */
  write(chunk: Uint8Array): void {
    if (this.#ended) throw new Error('the message has ended')
    const octets = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.#take(this.#held.length === 0 ? octets : Buffer.concat([this.#held, octets]), false)
  }

  /** Says that the message is complete, and what it is. Throws when called again. */
  end(): IndexedMessage {
    if (this.#ended) throw new Error('the message has ended')
    this.#take(this.#held, true)
    this.#ended = true
    // A boundary line that is cut off starts no part.
    while (this.#inHeader && !this.#partFollows) this.#endHeader(Buffer.alloc(0), this.#offset)
    this.#closeAbove(-1, this.#offset, 0)
    const root = this.#root
    const { fields } = root
    if (!fields || !this.#envelope) throw new Error('a message without a root') // the root's header ended above
    const part = toPart(root)
    const keys = keysOf(fields, this.#envelope)
    return {
      size: this.#offset,
      root: part,
      keys,
      envelope: Buffer.from(this.#envelope.text, 'latin1'),
      body: Buffer.from(writeBodyStructure(root, false), 'latin1'),
      bodyStructure: Buffer.from(writeBodyStructure(root, true), 'latin1'),
      parts: encodeParts(part),
      encodedKeys: encodeKeys(keys),
      sortKeys: encodeSortKeys(keys),
      preview: Buffer.from(this.#preview),
      fields: this.#fields,
      headerLines: this.#headerLines,
    }
  }

  #take(octets: Buffer, isLast: boolean): void {
    const used = this.#scan(octets, isLast)
    this.#held = used === octets.length ? Buffer.alloc(0) : Buffer.from(octets.subarray(used))
    if (used > 0) {
      this.#before = used > 1 ? octets[used - 2]! : this.#last
      this.#last = octets[used - 1]!
      this.#offset += used
    }
  }

  /** Reads as far as possible; returns how many octets were taken in. */
  #scan(octets: Buffer, isLast: boolean): number {
    let at = 0
    while (at < octets.length) {
      if (this.#partFollows) {
        const newline = octets.indexOf(lineFeed, at)
        if (newline === -1) return octets.length
        this.#lineFeeds++
        at = newline + 1
        this.#insideLine = false
        this.#beginPart(this.#offset + at)
        continue
      }
      const next = this.#inHeader ? this.#scanHeader(octets, at, isLast) : this.#scanBody(octets, at, isLast)
      if (next < 0) return -next - 1
      at = next
    }
    return at
  }

  /**
   * Reads lines of a header from `from` on. Returns where something else starts, or -1 - n when no more than n octets
   * can be judged now.
   */
  #scanHeader(octets: Buffer, from: number, isLast: boolean): number {
    let at = from
    for (;;) {
      if (!this.#insideLine) {
        const first = octets[at]
        let empty = first === lineFeed
        if (first === carriageReturn) {
          if (at + 1 === octets.length && !isLast) break
          empty = octets[at + 1] === lineFeed
        }
        if (empty) {
          const bodyStart = at + (first === lineFeed ? 1 : 2)
          this.#lineFeeds++
          this.#endHeader(octets.subarray(from, at), this.#offset + bodyStart)
          return bodyStart
        }
        if (first === hyphen && this.#boundaries.length > 0) {
          const match = this.#matchBoundary(octets, at, isLast)
          if (match === 'unclear') break
          if (match) {
            this.#endHeader(octets.subarray(from, at), this.#offset + at)
            // A nested message without anything in it has a header that ends here, too.
            while (this.#inHeader) this.#endHeader(octets.subarray(at, at), this.#offset + at)
            this.#crossBoundary(match, octets, at)
            return at
          }
        }
      }
      const newline = octets.indexOf(lineFeed, at)
      this.#insideLine = newline === -1
      at = newline === -1 ? octets.length : newline + 1
      if (newline !== -1) this.#lineFeeds++
      if (at === octets.length) break
    }
    this.#header.add(octets.subarray(from, at))
    return -1 - at
  }

  /** Reads lines of a body, in the same way as {@link #scanHeader}. */
  #scanBody(octets: Buffer, from: number, isLast: boolean): number {
    const { length } = octets
    if (this.#boundaries.length === 0) {
      this.#keepForPreview(octets, from, length)
      this.#lineFeeds += countLineFeeds(octets, from)
      return -1 - length
    }
    let at = from
    let lineFeeds = 0
    let atStart = !this.#insideLine
    let match: Match | 'unclear' | undefined
    while (at < length) {
      if (atStart && octets[at] === hyphen && (match = this.#matchBoundary(octets, at, isLast)) !== undefined) break
      const newline = octets.indexOf(lineFeed, at)
      if (newline === -1) {
        at = length
        atStart = false
        break
      }
      lineFeeds++
      at = newline + 1
      atStart = true
    }
    this.#lineFeeds += lineFeeds
    this.#insideLine = !atStart
    this.#keepForPreview(octets, from, at)
    if (match === undefined || match === 'unclear') return -1 - at
    this.#crossBoundary(match, octets, at)
    return at
  }

  /**
   * Whether the line that starts at `at` is a boundary of an open multipart. It is enough that it begins with one
   * (RFC 2046 §5.1.1); but where several would do, a line that is nothing else goes first, and then the longest.
   */
  #matchBoundary(octets: Buffer, at: number, isLast: boolean): Match | 'unclear' | undefined {
    const available = Math.min(octets.length - at, maxBoundaryLineOctets)
    if (available > 1 && octets[at + 1] !== hyphen) return undefined
    if (available > 2 && !this.#boundaries.some(({ text }) => text.charCodeAt(0) === octets[at + 2])) return undefined
    const lineEnd = octets.subarray(at, at + available).indexOf(lineFeed)
    if (lineEnd === -1 && available < maxBoundaryLineOctets && !isLast) return 'unclear'
    const whole = lineEnd !== -1 || (isLast && available < maxBoundaryLineOctets)
    const line = octets.toString('latin1', at + 2, at + (lineEnd === -1 ? available : lineEnd))
    let best: Match | undefined
    let bestRank = 0
    for (let place = this.#boundaries.length - 1; place >= 0; place--) {
      const { text } = this.#boundaries[place]! // inside bounds
      if (available < 2 || !line.startsWith(text)) continue
      const closes = line.startsWith('--', text.length)
      const isAll = whole && onlyBlanks(line, text.length + (closes ? 2 : 0))
      const rank = text.length + (isAll ? 2 * maxBoundaryLineOctets : 1)
      if (rank > bestRank) {
        best = { place, closes }
        bestRank = rank
      }
    }
    return best
  }

  /** The boundary line at `at` ends all parts inside its multipart, and starts a part or ends the multipart's parts. */
  #crossBoundary({ place, closes }: Match, octets: Buffer, at: number): void {
    const boundary = this.#boundaries[place]! // a match is of one that is there
    const last = at > 0 ? octets[at - 1] : this.#last
    const before = at > 1 ? octets[at - 2] : at === 1 ? this.#last : this.#before
    const lineEnd = last !== lineFeed ? 0 : before === carriageReturn ? 2 : 1
    this.#closeAbove(boundary.depth, this.#offset + at, lineEnd)
    this.#boundaries.length = place + 1
    this.#insideLine = true
    if (!closes) this.#partFollows = true
    else {
      // The rest is epilogue; at an inner level the outer boundaries still count.
      this.#boundaries.length = place
    }
  }

  /** Closes the open entities above `depth`: their bodies end before the line end in front of `at` (RFC 2046 §5.1.1). */
  #closeAbove(depth: number, at: number, lineEnd: number): void {
    // The line end of a header's last line stays with the header.
    const cut = lineEnd > 0 && at - lineEnd >= (this.#open.at(-1)?.bodyStart ?? 0)
    while (this.#open.length - 1 > depth) {
      const entity = this.#open.pop()
      const lineFeedsBefore = this.#lineFeedsBefore.pop()
      if (!entity || lineFeedsBefore === undefined) return
      entity.bodyEnd = cut ? at - lineEnd : at
      entity.lines = this.#lineFeeds - (cut ? 1 : 0) - lineFeedsBefore
      if (entity.kind === 'multipart' && entity.children.length === 0) entity.children.push(onlyPart(entity))
      if (this.#previewRoom > 0 || this.#previewPieces.length > 0) this.#finishPreview(entity)
    }
  }

  #beginPart(start: number): void {
    this.#partFollows = false
    const parent = this.#open.at(-1)
    if (!parent) return
    const isDigest = parent.contentType.subtype.toLowerCase() === 'digest'
    this.#begin(parent, newEntity(start, isDigest ? nestedMessage : plainText, false))
  }

  #begin(parent: Entity, entity: Entity): void {
    parent.children.push(entity)
    this.#open.push(entity)
    this.#lineFeedsBefore.push(this.#lineFeeds)
    this.#entities++
    this.#inHeader = true
    if (this.#entities >= maxParts) this.#boundaries.length = 0
  }

  /** The header of the innermost open entity is complete; its body starts at `bodyStart`. */
  #endHeader(last: Buffer, bodyStart: number): void {
    const entity = this.#open.at(-1)
    if (!entity) return
    this.#inHeader = false
    this.#insideLine = false
    const header = this.#header.finish(last)
    const fields = readFields(header)
    // Of a longer header only the beginning was kept, and what a search would see of its last field is not known.
    if (entity === this.#root && bodyStart <= maxHeaderOctets) {
      this.#fields = encodeFields(header)
      this.#headerLines = encodeHeaderLines(header)
    }
    entity.bodyStart = bodyStart
    this.#lineFeedsBefore[this.#open.length - 1] = this.#lineFeeds
    describeEntity(entity, fields, this.#open.length < maxDepth && this.#entities < maxParts)
    if (entity.isMessageRoot) {
      const envelope = writeEnvelope(fields)
      entity.envelope = envelope.text
      if (entity === this.#root) this.#envelope = envelope
    }
    switch (entity.kind) {
      case 'multipart':
        if (entity.boundary !== undefined)
          this.#boundaries.push({ text: entity.boundary, depth: this.#open.length - 1 })
        return
      case 'message':
        this.#begin(entity, newEntity(bodyStart, plainText, true))
        return
      case 'leaf':
        if (this.#wantsPreview(entity)) this.#previewRoom = maxPreviewSourceOctets
    }
  }

  #wantsPreview(entity: Entity): boolean {
    const { type, subtype } = entity.contentType
    return (
      this.#preview === '' &&
      this.#previewTries < maxPreviewParts &&
      type.toLowerCase() === 'text' &&
      /^(?:plain|html)$/i.test(subtype) &&
      !isAttachment(entity)
    )
  }

  #keepForPreview(octets: Buffer, from: number, to: number): void {
    const taken = Math.min(this.#previewRoom, to - from)
    if (taken <= 0) return
    this.#previewPieces.push(Buffer.from(octets.subarray(from, from + taken)))
    this.#previewRoom -= taken
  }

  #finishPreview(entity: Entity): void {
    if (this.#previewPieces.length > 0) {
      this.#previewTries++
      this.#preview = makePreview(Buffer.concat(this.#previewPieces), toPart(entity))
    }
    this.#previewPieces = []
    this.#previewRoom = 0
  }
}

/** A multipart in which no boundary was found has one part all the same: its text (RFC 9051 §9 wants at least one). */
function onlyPart(parent: Entity): Entity {
  const part = newEntity(parent.bodyStart, plainText, false)
  part.bodyEnd = parent.bodyEnd
  part.lines = parent.lines
  part.charset = 'us-ascii'
  return part
}

function onlyBlanks(line: string, from: number): boolean {
  for (let at = from; at < line.length; at++) {
    const char = line.charCodeAt(at)
    if (char !== 0x20 && char !== 0x09 && char !== carriageReturn) return false
  }
  return true
}

/** Line feeds from `from` to the end. Hot: once per octet, since a search per line is slow where lines are short. */
function countLineFeeds(octets: Buffer, from: number): number {
  let count = 0
  for (let at = from; at < octets.length; at++) if (octets[at] === lineFeed) count++
  return count
}
