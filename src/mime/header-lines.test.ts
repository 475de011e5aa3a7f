import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fieldSelector } from './header-fields.ts'
import { encodeHeaderLines, headerLineSelector } from './header-lines.ts'

/** Selects by what is kept, among other octets around it. */
function select(header: string, names: readonly string[]): string | undefined {
  const packed = 'before' + encodeHeaderLines(header).toString('latin1') + 'behind'
  return headerLineSelector(names)?.(packed, 'before'.length, packed.length - 'behind'.length)
}

const header =
  'Received: from a\r\n by b\r\nFrom: a@example.org\r\nX-Other: 1\r\nSUBJECT : folded\r\n line\r\nno field\r\n' +
  'To: b@example.org\r\nTo: c@example.org\r\nDate: \xff\r\n\r\nFrom: body\r\n'

describe('kept lines of a header', () => {
  const table: readonly (readonly [names: readonly string[], selected: string | undefined])[] = [
    [['From'], 'From: a@example.org\r\n\r\n'],
    [['to', 'DATE'], 'To: b@example.org\r\nTo: c@example.org\r\nDate: \xff\r\n\r\n'],
    [['subject', 'from'], 'From: a@example.org\r\nSUBJECT : folded\r\n line\r\n\r\n'],
    [['cc'], '\r\n'],
    [['from', 'received'], undefined],
    [['no field'], undefined],
  ]
  for (const [names, selected] of table) {
    it(`are picked for ${names.join(' ')}`, () => assert.equal(select(header, names), selected))
  }

  it('are none where they do not fit or end in the middle of a line', () => {
    for (const odd of [`To: ${'x'.repeat(9_000)}\r\n`, 'To: a\r\n'.repeat(256), 'To: a\r\nDate: b']) {
      assert.equal(encodeHeaderLines(odd).length, 0)
      assert.equal(select(odd, ['to']), undefined)
    }
  })

  it('do not answer for names that were not known when they were stored', () => {
    const stored = encodeHeaderLines('From: a\r\n')
    stored[0] = 2
    const packed = stored.toString('latin1')
    assert.equal(headerLineSelector(['from'])?.(packed, 0, packed.length), 'From: a\r\n\r\n')
    assert.equal(headerLineSelector(['from', 'to'])?.(packed, 0, packed.length), undefined)
  })

  it('are the same as those of the whole header, whatever it is', () => {
    const piece = fc.constantFrom(
      'From', 'to', 'Date', 'X-Other', ':', ' ', '\t', '\r\n', '\n', '\r', '\xff', '\0', 'a', '\r\nSubject: ', '\r\nTo:',
    ) // prettier-ignore
    const headers = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
    const names = fc.subarray(['from', 'TO', 'Date', 'subject', 'cc'], { minLength: 1 })
    fc.assert(
      fc.property(headers, names, (text, asked) => {
        const selected = select(text, asked)
        if (selected !== undefined) assert.equal(selected, fieldSelector(asked, false)(text))
      }),
      { numRuns: 300 },
    )
  })
})
