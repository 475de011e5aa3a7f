/** A picture of the ratios, one bar for each row, on a logarithmic scale. */
import type { Row } from './report.ts'

const rowHeight = 18
const labelWidth = 300
const barWidth = 420
const mostRatio = 1000
const colours = { ahead: '#2a7f62', behind: '#b5443c', goal: '#444444', text: '#1b1b1b' }

/** An SVG with, for each row, how many times better Crispin is in what the row's goal counts, and that goal as a mark. */
export function pictureOf(rows: readonly Row[], messages: number): string {
  const shown = rows.flatMap(({ name, goal, ratios }) => {
    const ratio = goal && ratios[goal.by]
    return goal && ratio !== undefined ? [{ name, ratio, factor: goal.factor }] : []
  })
  const height = 60 + shown.length * rowHeight
  const bars = shown.map(({ name, ratio, factor }, index) => {
    const y = 50 + index * rowHeight
    const [from, to] = [xOf(1), xOf(ratio)]
    const fill = ratio >= 1 ? colours.ahead : colours.behind
    return (
      `<text x="${labelWidth - 8}" y="${y + 12}" text-anchor="end">${escape(name)}</text>` +
      `<rect x="${Math.min(from, to)}" y="${y + 2}" width="${Math.max(1, Math.abs(to - from))}" height="12" fill="${fill}"/>` +
      `<line x1="${xOf(factor)}" x2="${xOf(factor)}" y1="${y}" y2="${y + 16}" stroke="${colours.goal}" stroke-width="2"/>` +
      `<text x="${labelWidth + barWidth + 8}" y="${y + 12}">${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(1)}x</text>`
    )
  })
  const scale = [0.1, 1, 10, 100, 1000].map(
    (at) =>
      `<line x1="${xOf(at)}" x2="${xOf(at)}" y1="44" y2="${height - 8}" stroke="#cccccc"/>` +
      `<text x="${xOf(at)}" y="40" text-anchor="middle">${at}x</text>`,
  )
  const width = labelWidth + barWidth + 60
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" ` +
    `fill="${colours.text}">\n<rect width="${width}" height="${height}" fill="white"/>\n<text x="8" y="18" font-size="13">` +
    `Times better than Dovecot, ${messages.toLocaleString('en')} messages (mark: goal)</text>\n` +
    `${[...scale, ...bars].join('\n')}\n</svg>\n`
  )
}

/** From a tenth to a thousand times, each power of ten as wide as the other. */
function xOf(ratio: number): number {
  const share = (Math.log10(Math.min(mostRatio, Math.max(0.1, ratio))) + 1) / (Math.log10(mostRatio) + 1)
  return Math.round((labelWidth + share * barWidth) * 10) / 10
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
