import fc from 'fast-check'
import assert from 'node:assert/strict'
import type { OwnBoard } from './boards.ts'
import { actionCount, type Game, play, type Step } from './game.ts'

const dialects: readonly (readonly string[])[] = [
  [],
  ['IMAP4rev2'],
  ['CONDSTORE'],
  ['QRESYNC'],
  ['IMAP4rev2', 'CONDSTORE'],
  ['IMAP4rev2', 'QRESYNC'],
  ['UIDONLY'],
  ['UIDONLY', 'QRESYNC'],
  ['IMAP4rev2', 'UIDONLY', 'CONDSTORE'],
]

const choice = fc.nat({ max: 0xffff })

const step: fc.Arbitrary<Step> = fc.record({
  client: fc.nat({ max: 4 }),
  action: fc.nat({ max: actionCount - 1 }),
  choices: fc.tuple(choice, choice, choice),
  pause: fc.oneof(
    { weight: 5, arbitrary: fc.constant('at once' as const) },
    { weight: 5, arbitrary: fc.constant('turns' as const) },
    { weight: 2, arbitrary: fc.constant('answer' as const) },
    { weight: 1, arbitrary: fc.constant('rest' as const) },
  ),
})

/** Random games of two to five clients. */
export function games(maxSteps: number): fc.Arbitrary<Game> {
  return fc.record({
    dialects: fc.array(fc.constantFrom(...dialects), { minLength: 2, maxLength: 5 }),
    steps: fc.array(step, { minLength: 10, maxLength: maxSteps, size: 'max' }),
    guests: fc.nat({ max: 31 }),
    seed: fc.nat({ max: 0xffff_ffff }),
  })
}

/** Plays a game on a board of its own. Throws an `AssertionError` that says what was wrong. */
export async function playFair(game: Game, newBoard: () => Promise<OwnBoard>): Promise<void> {
  const board = await newBoard()
  try {
    const faults = await play(game, board)
    assert.equal(faults.length, 0, faults.join('\n'))
  } finally {
    await board.close()
  }
}

/** Plays random games; a failing one is made small, and printed with the seed that leads to it. */
export async function playRandomly(
  newBoard: () => Promise<OwnBoard>,
  how: { readonly runs: number; readonly maxSteps: number; readonly seed?: number; readonly seconds?: number },
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(games(how.maxSteps), (game) => playFair(game, newBoard)),
    {
      numRuns: how.runs,
      ...(how.seed !== undefined && { seed: how.seed }),
      ...(how.seconds !== undefined && { interruptAfterTimeLimit: how.seconds * 1000, markInterruptAsFailure: false }),
    },
  )
}
