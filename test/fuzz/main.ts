/** `npm run fuzz -- [--seconds N] [--seed N] [--attacks N]`: attacks servers of this process with odd input. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    attacks: { type: 'string' },
    concurrency: { type: 'string' },
  },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
console.log(`seed ${seed}`)
const { attacks, failures, heapBefore, heapAfter } = await fuzz({
  seed,
  seconds: Number(values.seconds),
  ...(values.attacks !== undefined && { attacks: Number(values.attacks) }),
  ...(values.concurrency !== undefined && { concurrency: Number(values.concurrency) }),
})
const mebibytes = (octets: number): string => (octets / 2 ** 20).toFixed(1) + ' MiB'
console.log(`${attacks} attacks, heap ${mebibytes(heapBefore)} before and ${mebibytes(heapAfter)} after`)

const directory = join(tmpdir(), 'crispin-fuzz')
for (const { seed: own, attack, problem, transcript } of failures) {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, `${own}.txt`)
  writeFileSync(path, `${attack}: ${problem}\n${transcript}\n`)
  console.log(`\n${attack}, --seed ${own} --attacks 1\n  ${problem}\n  ${path}`)
}
if (failures.length > 0) process.exitCode = 1
