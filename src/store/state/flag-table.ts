import { type FlagSet, flagSet } from '../../model/flags.ts'
import { countedKeywords, isRegisteredKeyword } from '../../model/keywords.ts'
import { maxKeywordBytes } from '../../model/limits.ts'
import { Refusal } from '../../model/refusal.ts'

/** A table smaller than this is never rebuilt. */
const leastRebuild = 64

/**
 * The distinct flag sets of a mailbox and its keywords, at one moment. The two indexes are shared by all versions of
 * the table and may know more than this version holds (a commit that was refused leaves its sets there), so what they
 * say counts only if the lists agree.
 */
export interface FlagTable {
  readonly sets: readonly FlagSet[]
  readonly keywords: readonly string[]
  /** Positions in `sets` by text. */
  readonly setIndex: Map<string, number>
  /** Positions in `keywords` by lower-case form. */
  readonly keywordIndex: Map<string, number>
  /** With this many sets it is time to look which are still in use. */
  readonly rebuildAt: number
}

/** The table of a mailbox that holds these sets and has seen these keywords. */
export function flagTable(
  sets: readonly FlagSet[],
  keywords: readonly string[],
  inUse: number = sets.length,
): FlagTable {
  return {
    sets,
    keywords,
    setIndex: new Map(sets.map((set, position) => [set.text, position])),
    keywordIndex: new Map(keywords.map((keyword, position) => [keyword.toLowerCase(), position])),
    rebuildAt: Math.max(leastRebuild, 2 * inUse),
  }
}

/** A flag table while a commit adds to it. */
export class FlagTableDraft {
  readonly #base: FlagTable
  readonly #maxKeywords: number
  #sets: FlagSet[] | undefined
  #keywords: string[] | undefined

  constructor(base: FlagTable, maxKeywords: number) {
    this.#base = base
    this.#maxKeywords = maxKeywords
  }

  get sets(): readonly FlagSet[] {
    return this.#sets ?? this.#base.sets
  }

  get keywords(): readonly string[] {
    return this.#keywords ?? this.#base.keywords
  }

  get wantsRebuild(): boolean {
    return this.sets.length >= this.#base.rebuildAt
  }

  /**
   * The position of a set, added if it is new; its keywords in the mailbox's spelling.
   * Throws `Refusal` (`LIMIT`) for a keyword that is too long or one too many.
   */
  intern(set: FlagSet): number {
    const known = this.#position(set.text)
    if (known !== undefined) return known
    const spelled = this.#inOurSpelling(set)
    const position = this.#position(spelled.text)
    if (position !== undefined) return position
    this.#sets ??= [...this.#base.sets]
    this.#base.setIndex.set(spelled.text, this.#sets.length)
    return this.#sets.push(spelled) - 1
  }

  finish(): FlagTable {
    if (!this.#sets && !this.#keywords) return this.#base
    return { ...this.#base, sets: this.sets, keywords: this.keywords }
  }

  #position(text: string): number | undefined {
    const position = this.#base.setIndex.get(text)
    return position !== undefined && this.sets[position]?.text === text ? position : undefined
  }

  #inOurSpelling(set: FlagSet): FlagSet {
    const spelled = set.keywords.map((keyword) => this.#spelling(keyword))
    return spelled.every((keyword, position) => keyword === set.keywords[position]) ? set : flagSet(set.system, spelled)
  }

  #spelling(keyword: string): string {
    const key = keyword.toLowerCase()
    const { keywordIndex } = this.#base
    const known = this.keywords[keywordIndex.get(key) ?? -1]
    if (known?.toLowerCase() === key) return known
    if (Buffer.byteLength(keyword) > maxKeywordBytes) throw new Refusal('LIMIT', 'Keyword is too long')
    // Counted only where it may matter, since there may be many.
    const mayBeFull = this.keywords.length >= this.#maxKeywords && !isRegisteredKeyword(keyword)
    if (mayBeFull && countedKeywords(this.keywords) >= this.#maxKeywords) {
      throw new Refusal('LIMIT', 'Too many keywords in this mailbox')
    }
    this.#keywords ??= [...this.#base.keywords]
    keywordIndex.set(key, this.#keywords.push(keyword) - 1)
    return keyword
  }
}
