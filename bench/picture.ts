/** A picture of the ratios, one bar for each row, on a logarithmic scale; for readers in the light and in the dark. */
import type { Goal } from './goals.ts'
import type { Row } from './report.ts'

const rowHeight = 20
const labelWidth = 290
const barWidth = 440
const top = 64
const rightWidth = 64
const leastRatio = 0.1
const mostRatio = 1000

/** Light as it is; what the reader's system prefers may make it dark. */
const style = `
text { fill: #1f2328 } .faint { fill: #59636e } .paper { fill: #ffffff } .rule { stroke: #d8dee4 } .one { stroke: #818b98 }
.ahead { fill: #2a7f62 } .behind { fill: #c2493f } .goal { stroke: #1f2328; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .faint { fill: #9198a1 } .paper { fill: #0d1117 } .rule { stroke: #30363d } .one { stroke: #656c76 }
  .ahead { fill: #3fae86 } .behind { fill: #e5695e } .goal { stroke: #e6edf3 }
}
`.trim()

interface Bar {
  readonly name: string
  readonly ratio: number
  readonly goal: number
}

/** An SVG with, for each row, how many times better Crispin is in what the row's goal counts, and that goal as a mark. */
export function pictureOf(rows: readonly Row[], messages: number): string {
  const bars = rows.flatMap((row) => barOf(row) ?? [])
  const width = labelWidth + barWidth + rightWidth
  const height = top + bars.length * rowHeight + 12
  const title = `Times better than Dovecot, ${messages.toLocaleString('en')} messages`
  const scale = [0.1, 1, 10, 100, 1000].map(
    (at) =>
      `<line class="${at === 1 ? 'one' : 'rule'}" x1="${xOf(at)}" x2="${xOf(at)}" y1="${top - 6}" y2="${height - 8}"/>` +
      `<text class="faint" x="${xOf(at)}" y="${top - 12}" text-anchor="middle">${at}x</text>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}" font-family="system-ui, sans-serif" font-size="12">`,
    `<style>${style}</style>`,
    `<rect class="paper" width="${width}" height="${height}" rx="6"/>`,
    `<text x="12" y="24" font-size="15" font-weight="600">${title}</text>`,
    `<text class="faint" x="12" y="42">a bar for each workload; the mark is its goal</text>`,
    ...scale,
    ...bars.map((bar, index) => drawn(bar, top + index * rowHeight)),
    '</svg>',
    '',
  ].join('\n')
}

function drawn({ name, ratio, goal }: Bar, y: number): string {
  const [from, to] = [xOf(1), xOf(ratio)].sort((a, b) => a - b)
  const place = `x="${from}" y="${y + 4}" width="${Math.max(1, (to ?? 0) - (from ?? 0)).toFixed(1)}" height="12" rx="1"`
  return (
    `<text x="${labelWidth - 10}" y="${y + 14}" text-anchor="end">${escape(name)}</text>` +
    `<rect class="${ratio >= 1 ? 'ahead' : 'behind'}" ${place}/>` +
    `<line class="goal" x1="${xOf(goal)}" x2="${xOf(goal)}" y1="${y + 1}" y2="${y + 19}"/>` +
    `<text x="${labelWidth + barWidth + 10}" y="${y + 14}">${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(1)}x</text>`
  )
}

/** By the first of a row's goals; where that is a figure of its own, as many times better than Dovecot as it would take. */
function barOf({ name, goals: [goal], ratios, dovecot }: Row): Bar | undefined {
  const ratio = goal && ratios[goal.by]
  return !goal || ratio === undefined ? undefined : { name, ratio, goal: factorOf(goal, dovecot[goal.by] ?? 0) }
}

const factorOf = (goal: Goal, theirs: number): number => goal.factor ?? theirs / goal.atMost

/** Each power of ten is as wide as the other. */
function xOf(ratio: number): number {
  const [least, most] = [Math.log10(leastRatio), Math.log10(mostRatio)]
  const share = (Math.log10(Math.min(mostRatio, Math.max(leastRatio, ratio))) - least) / (most - least)
  return Math.round((labelWidth + share * barWidth) * 10) / 10
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
