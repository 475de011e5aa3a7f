import { translations } from './translations.ts'

/** Languages that the server speaks, by their tags; the first is that of the beginning (RFC 5255 §3.1, RFC 2277 §4.5). */
export const languages = ['i-default', 'en', 'de', 'fr'] as const
/** One of {@link languages}. */
export type Language = (typeof languages)[number]

const columns: Readonly<Record<Language, 1 | 2 | undefined>> = { 'i-default': undefined, en: undefined, de: 1, fr: 2 }

/** Rows by their English text; those with something untranslated in them, by what goes around it. */
const exact = new Map(translations.map((row) => [row[0], row]))
const open = translations
  .filter(([english]) => english.includes('*'))
  .map((row) => {
    const [before = '', after = ''] = row[0].replace(/#/g, '\\d+').split('*')
    return { pattern: new RegExp(`^${before}(.+)${after}$`), row }
  })

/** A text of the server in a language; in English where it has no translation. */
export function translated(english: string, language: Language): string {
  const column = columns[language]
  if (column === undefined) return english
  const numbers = english.match(/\d+/g) ?? []
  const withNumbers = (text: string): string => {
    let n = 0
    return text.replace(/#/g, () => numbers[n++] ?? '#')
  }
  const row = exact.get(english.replace(/\d+/g, '#'))
  if (row) return withNumbers(row[column])
  for (const { pattern, row: candidate } of open) {
    const rest = pattern.exec(english)?.[1]
    if (rest !== undefined) return withNumbers(candidate[column]).replace('*', () => rest)
  }
  return english
}

/** The language that the first range with one names: RFC 4647 §3.4, from the whole range on, less and less of it. */
export function languageNamed(ranges: readonly string[]): Language | undefined {
  for (const range of ranges) {
    const lower = range.toLowerCase()
    if (lower === 'default') return 'i-default'
    for (let tag = lower; tag !== ''; tag = tag.slice(0, Math.max(0, tag.lastIndexOf('-')))) {
      const found = languages.find((language) => language === tag)
      if (found) return found
    }
  }
  return ranges.at(-1) === '*' ? 'i-default' : undefined
}
