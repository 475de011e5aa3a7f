import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzyWords, similarity, wordsOf } from './similar-words.ts'
import { fold } from './casemap.ts'

test('how much words look alike', () => {
  const rows: readonly (readonly [wanted: string, word: string, score: number])[] = [
    ['work', 'work', 100],
    ['work', 'works', 87],
    ['work', 'workshop', 78],
    ['works', 'work', 75],
    ['swimming', 'swimmer', 65],
    ['work', 'network', 55],
    ['helo', 'hello', 50],
    ['hello', 'helo', 50],
    ['hello', 'hallo', 50],
    ['hello', 'hlelo', 50],
    ['hello', 'hello1', 87],
    ['hello', 'yellow', 0],
    ['word', 'ward', 50],
    ['cat', 'cut', 0],
    ['a', 'ab', 0],
    ['break', 'broken', 0],
    ['international', 'internal', 0],
    ['re', 'report', 78],
  ]
  for (const [wanted, word, score] of rows) assert.equal(similarity(wanted, word), score, `${wanted} ${word}`)
})

test('words without case and marks', () => {
  assert.deepEqual(wordsOf(fold('Crème brûlée, Straße 7!')), ['CREME', 'BRULEE', 'STRAßE', '7'])
  assert.deepEqual(fuzzyWords('one two One'), ['ONE', 'TWO'])
  assert.equal(fuzzyWords('---'), undefined)
  assert.equal(fuzzyWords('日本 mail'), undefined)
})
