import type { Random } from './random.ts'

/** What protocols and messages are made of, and what breaks them. Octets, one a char. */
const protocolTokens: readonly string[] = [
  ['\r\n', '\n', '\r', '\0', ' ', '  ', '\t', '(', ')', '((', '))', '"', '\\', '"\\', '{', '}', '*', '%'],
  ['+', '~', '$', '{0}\r\n', '{0+}\r\n', '{3}\r\nabc', '{3+}\r\nabc', '~{2+}\r\n\0\0', '{1+}\r\n"'],
  ['{2+}\r\n\r\n', '{999999999}\r\n', '{18446744073709551616+}\r\n', '{-1}\r\n', '{00001+}\r\na'],
  ['{4294967296}\r\n', '0', '1', '*', '1:*', '*:*', '4294967295', '4294967296', '1,1,1', '9007199254740993'],
  ['18446744073709551615', '-1', 'NIL', 'INBOX', 'inbox/', '/', '&-', '&AOQ-', '&AOQ', '&', '\xc3\xa4'],
  ['\xff\xfe', '\xc0\x80', '\xed\xa0\x80', '\\Seen', '\\', '\\*', '()', '(())', '<0.1>', '<4294967295.1>'],
  ['[', ']', 'BODY[', 'BODY[1.2.3.4.5.6.7.8.9]', '=', '====', ' UID ', ' NOT ', ' OR ', ' RETURN (ALL)'],
  [' (CHANGEDSINCE 1)', ' (QRESYNC (1 1))', 'a1 ', ' UTF8 (', 'BINARY[1]'],
].flat()

const mailTokens: readonly string[] = [
  ['\r\n', '\n', '\r', '\0', '\r\n\r\n', '--', '----', '\r\n.\r\n', '\t', ' ', ':', ';', ';;', '=', '"'],
  ['\\', '<', '>', ',', '(', '((((((((', ')', '@', ':;', 'a:b;', '<@a,@b:c@d>', '=?', '?=', '=?utf-8?B?'],
  ['=?utf-8?Q?=ff?=', '=?x?x?x?=', '==', '=\r\n', 'Content-Type: multipart/mixed; boundary=b\r\n'],
  ['Content-Type: message/rfc822\r\n', 'Content-Type: ', '\r\n--b\r\n', '\r\n--b--\r\n', 'boundary="'],
  ['boundary*0=a; boundary*1=b', "charset*=''%ff", 'charset=utf-7', 'charset=x-unknown'],
  ['Content-Transfer-Encoding: base64\r\n', 'Content-Transfer-Encoding: quoted-printable\r\n'],
  ['Content-Disposition: a; b=c\r\n', 'Content-Language: a, b\r\n', 'Subject: ', 'From: ', 'Date: '],
  ['References: <', 'In-Reply-To: ', 'Message-ID: <>\r\n', '\xc3\xa4', '\xff', '\x80', '\xef\xbb\xbf'],
  ['Mon, 31 Feb 2020 25:61:61 +9999', '99999999999999999999', '-1', 'Re: '.repeat(50)],
].flat()

/** Which words to mutate with. */
export type Flavour = 'protocol' | 'mail'

const tokensOf = (flavour: Flavour): readonly string[] => (flavour === 'mail' ? mailTokens : protocolTokens)

/** The longest text that a mutation makes, in octets. */
const maxLength = 200_000

type Mutation = (text: string, random: Random, flavour: Flavour) => string

function cut(text: string, random: Random): [before: string, middle: string, after: string] {
  const from = random.below(text.length + 1)
  const to = Math.min(text.length, from + random.below(random.oneIn(4) ? 400 : 12))
  return [text.slice(0, from), text.slice(from, to), text.slice(to)]
}

const mutations: readonly Mutation[] = [
  // A token at some place, or in place of something.
  (text, random, flavour) => {
    const [before, middle, after] = cut(text, random)
    return before + random.pick(tokensOf(flavour)) + (random.oneIn(2) ? middle : '') + after
  },
  // Octets of any value.
  (text, random) => {
    const [before, , after] = cut(text, random)
    return before + String.fromCharCode(random.below(256), random.below(256)) + after
  },
  // Something missing, twice, or very often.
  (text, random) => {
    const [before, , after] = cut(text, random)
    return before + after
  },
  (text, random) => {
    const [before, middle, after] = cut(text, random)
    return before + middle + middle + after
  },
  (text, random, flavour) => {
    const [before, middle, after] = cut(text, random)
    const repeated = random.oneIn(2) ? random.pick(tokensOf(flavour)) : middle
    return before + repeated.repeat(random.below(1 + Math.min(3_000, 100_000 / (repeated.length + 1)))) + after
  },
  // Another number.
  (text, random) => {
    const numbers = [...text.matchAll(/\d+/g)]
    if (numbers.length === 0) return text
    const { 0: number, index } = random.pick(numbers)
    const other = random.pick([
      '0',
      '1',
      '2',
      '00',
      '4294967295',
      '4294967296',
      '9007199254740992',
      '1' + '0'.repeat(30),
    ])
    return text.slice(0, index) + other + text.slice(index + number.length)
  },
  // Two words in each other's place.
  (text, random) => {
    const words = text.split(' ')
    const [a, b] = [random.below(words.length), random.below(words.length)]
    ;[words[a], words[b]] = [words[b] ?? '', words[a] ?? '']
    return words.join(' ')
  },
  (text, random) => text.slice(0, random.below(text.length + 1)),
  // Of ASCII only: other letters would be octets no more.
  (text) => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()),
  (text) => text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase()),
]

/** The text with a few things wrong with it. */
export function mutate(text: string, random: Random, flavour: Flavour): string {
  let mutated = text
  for (let times = 1 + random.below(4); times > 0; times--) {
    mutated = random.pick(mutations)(mutated, random, flavour).slice(0, maxLength)
  }
  return mutated
}
