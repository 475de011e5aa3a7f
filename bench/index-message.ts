/** How fast messages are indexed: `node bench/index-message.ts`. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { indexMessage, MessageIndexer } from '../src/mime/index.ts'

const rounds = 5

/** Prints the best of some rounds of `run` over messages of `octets` in all. */
function measure(what: string, messages: number, octets: number, run: () => void): void {
  let best = Infinity
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  const rate = octets / 1e6 / (best / 1e3)
  console.log(`${what}: ${rate.toFixed(0)} MB/s, ${((best * 1e3) / messages).toFixed(1)} µs per message`)
}

const corpus = globSync(join(import.meta.dirname, '../../shared/corpus/*.eml')).map((path) => readFileSync(path))
const total = corpus.reduce((sum, message) => sum + message.length, 0)
if (corpus.length > 0) {
  measure(`corpus (${corpus.length} messages)`, corpus.length, total, () => {
    for (const message of corpus) indexMessage(message)
  })
}

const ofMail = (text: string, octets: number): string => text.repeat(Math.ceil(octets / text.length)).slice(0, octets)
const header =
  'Received: from a.example (a.example [192.0.2.1]) by b.example with ESMTPS id 1234;\r\n\tMon, 1 Jan 2024 00:00:00 +0000\r\n'.repeat(8) +
  'From: "A. Person" <a.person@example.org>\r\nTo: B <b@example.net>, C <c@example.com>\r\nSubject: Re: [list] a subject\r\n' +
  'Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nReferences: <2@example.org> <3@example.org>\r\n' +
  'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=_b"\r\n\r\n' // prettier-ignore
const base64Line = 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n'
const textPart = '--=_b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello,\r\n\r\nthis is text.\r\n'
const mailOf = (octets: number): Buffer =>
  Buffer.from(
    header + textPart + '--=_b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n' +
      ofMail(base64Line, octets) + '\r\n--=_b--\r\n',
  ) // prettier-ignore

const small = mailOf(6_000)
measure(`${small.length} octets, two parts`, 1000, 1000 * small.length, () => {
  for (let n = 0; n < 1000; n++) indexMessage(small)
})

const large = mailOf(50_000_000)
measure('50 MB attachment at once', 1, large.length, () => indexMessage(large))
measure('50 MB attachment in pieces of 64 KiB', 1, large.length, () => {
  const indexer = new MessageIndexer()
  for (let at = 0; at < large.length; at += 65_536) indexer.write(large.subarray(at, at + 65_536))
  indexer.end()
})
