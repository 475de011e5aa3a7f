import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HtmlText } from './html-text.ts'

function convert(html: string, cut: number = html.length): string {
  const reader = new HtmlText()
  return reader.write(html.slice(0, cut)) + reader.write(html.slice(cut)) + reader.end()
}

/** Lines of text, each with its CRLF. */
const lines = (...all: readonly string[]): string => all.map((line) => line + '\r\n').join('')

const rows: readonly (readonly [html: string, text: string])[] = [
  ['', ''],
  [' \n ', ''],
  ['hello', lines('hello')],
  ['<p>one</p>\n<p>two</p>', lines('one', '', 'two')],
  ['<div>one</div><div>two</div>', lines('one', 'two')],
  ['one<br>two<br/><br>three<br><br><br><br>four', lines('one', 'two', '', 'three', '', 'four')],
  ['a  b\n\tc', lines('a b c')],
  ['a<b>b</b> c <i> d</i>', lines('ab c d')],
  ['<h1>Title</h1>text', lines('Title', '', 'text')],
  ['<ul><li>one<li>two</ul>end', lines('- one', '- two', '', 'end')],
  ['<ol><li>one</li><li>two<ul><li>in</li></ul></li></ol>', lines('1. one', '2. two', '  - in')],
  ['<table><tr><th>Name</th><th>Age</th></tr><tr><td>Ann</td><td>7</td></tr></table>', lines('Name\tAge', 'Ann\t7')],
  [
    'said:<blockquote>a<br>b<blockquote>c</blockquote></blockquote>d',
    lines('said:', '>', '> a', '> b', '>>', '> > c', '', 'd'),
  ],
  ['<pre>a  b\n\n\n  c</pre>', lines('a  b', '', '', '  c')],
  ['a<hr>b', lines('a', '--------------------', 'b')],
  ['<a href="https://example.com/">Example</a>!', lines('Example <https://example.com/>!')],
  ['see <a href="https://example.com/">example.com</a> .', lines('see example.com .')],
  ['<a href=mailto:a@b.c>a@b.c</a>', lines('a@b.c')],
  ['<a href="javascript:alert(1)">x</a><a name=y>z</a>', lines('xz')],
  ['<img alt="A cat" src=x><img src=y>', lines('A cat')],
  ['&lt;b&gt; &amp; &auml;&#228;&#xe4; &euro; &nope; &#0; a&nbsp;b', lines('<b> & äää € &nope; a b')],
  ['a < b <3 c', lines('a < b <3 c')],
  ['x<script>if (a</b) alert("</p>")</script>y', lines('xy')],
  ['<style>p { color: red }</STYLE >text', lines('text')],
  ['<head><title>No</title><meta x></head><body>Yes</body>', lines('Yes')],
  ['a<!-- <p>b --> c<!---->d', lines('a cd')],
  ['<p title="a>b">c</p>', lines('c')],
  ["<p title=it's>c</p>", lines('c')],
  ['<script>never closed', ''],
  ['text <a href="never closed', lines('text')],
  ['a\0b', lines('a b')],
  ['<![CDATA[x]]><?xml y?><!DOCTYPE html>z', lines('z')],
  ['&am', lines('&am')],
]

test('HTML and what a reader sees of it', () => {
  for (const [html, text] of rows) assert.equal(convert(html), text, html)
})

test('where the HTML is cut makes no difference', () => {
  for (const [html, text] of rows) {
    for (let cut = 0; cut <= html.length; cut++) assert.equal(convert(html, cut), text, `${html} at ${cut}`)
  }
})

test('any HTML gives text without controls, and ends', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '<p>',
    '</',
    '<!--',
    '-->',
    '<script>',
    '</script',
    '"',
    '&',
    '#',
    ';',
    'a',
    ' ',
    '=',
    '<td>',
    '<li>',
    '<ol>',
    '<pre>',
    '\n',
    '<blockquote>',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(60), (pieces, cut) => {
      const html = pieces.join('')
      const text = convert(html, cut)
      assert.ok(text === '' || text.endsWith('\r\n'))
      assert.equal(text.replaceAll('\r\n', '').includes('\n'), false)
    }),
    { numRuns: 300 },
  )
})

test('much of anything is no trouble', () => {
  for (const piece of ['<', '<a ', '<p>', '<ol>', '<blockquote>x', '&', '<!--', '"', '<a href="x', '<li>', '</']) {
    convert(piece.repeat(20_000))
  }
})
