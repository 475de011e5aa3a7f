import { setImmediate as turn } from 'node:timers/promises'
import { generateCommand } from './generate.ts'
import type { InProcessServer } from './in-process-server.ts'
import type { Material, Monologue } from './material.ts'
import { mutate } from './mutate.ts'
import { Fault, ProbedConnection } from './probed-connection.ts'
import type { Random } from './random.ts'
import type { FetchData, Response } from './response-grammar.ts'
import { uidsOf } from './response-grammar.ts'
import { WireClient } from './wire-client.ts'

/** What an attack has to work with. */
export interface Scene {
  readonly server: InProcessServer
  readonly material: Material
  readonly random: Random
  /** Where the attack leaves its connections, for the report and to be closed. */
  readonly connections: ProbedConnection[]
  /** Where it says what it sent otherwise. */
  readonly notes: string[]
}

function connect({ server, connections }: Scene): ProbedConnection {
  const connection = new ProbedConnection(server.connectImap())
  connections.push(connection)
  return connection
}

async function enter(connection: ProbedConnection, start: Monologue['start'], random: Random): Promise<void> {
  if (start === 'greeted') return
  await connection.mustDo('LOGIN alice secret')
  if (random.oneIn(3))
    await connection.mustDo(`ENABLE ${random.pick(['IMAP4rev2', 'CONDSTORE', 'QRESYNC', 'UTF8=ACCEPT'])}`)
  if (start === 'selected') await connection.mustDo(`${random.pick(['SELECT', 'EXAMINE'])} INBOX`)
}

const pieceBytes = (random: Random): number => random.pick([Infinity, Infinity, Infinity, 1, 7, 1_000])

/** A dialogue of the suite, its words a little wrong. */
async function wrongDialogue(scene: Scene): Promise<void> {
  const { material, random } = scene
  const { from, start, sends } = random.pick(material.monologues)
  scene.notes.push(from)
  const connection = connect(scene)
  await enter(connection, start, random)
  for (const octets of sends) {
    connection.send(random.oneIn(2) ? mutate(octets, random, 'protocol') : octets, pieceBytes(random))
    if (random.oneIn(3)) await turn()
  }
  await end(connection, random)
}

/** Commands at the edges of the grammar, sometimes wrong beyond them. */
async function oddCommands(scene: Scene): Promise<void> {
  const { random } = scene
  const connection = connect(scene)
  await enter(connection, random.pick(['greeted', 'authenticated', 'selected', 'selected', 'selected']), random)
  for (let n = 1 + random.below(8); n > 0; n--) {
    const command = generateCommand(random, `a${n}`)
    connection.send(random.oneIn(3) ? mutate(command, random, 'protocol') : command, pieceBytes(random))
    if (random.oneIn(3)) await connection.probe()
    if (connection.ended) return
  }
  await end(connection, random)
}

/** Octets without any sense. */
async function noise(scene: Scene): Promise<void> {
  const { random } = scene
  const connection = connect(scene)
  await enter(connection, random.pick(['greeted', 'selected']), random)
  const octets = Array.from({ length: random.below(5_000) }, () => random.below(random.oneIn(9) ? 32 : 256))
  connection.send(Buffer.from(octets).toString('latin1'), pieceBytes(random))
  await end(connection, random)
}

async function end(connection: ProbedConnection, random: Random): Promise<void> {
  if (random.oneIn(10)) return connection.destroy() // in the middle of whatever it is
  await connection.probe()
}

/** A message that is not as it should be: taken in, it comes back octet by octet, and all that is said of it is grammar. */
async function oddMail(scene: Scene): Promise<void> {
  const { material, random } = scene
  const original = random.pick(material.messages)
  const message = random.oneIn(8) ? original : mutate(original, random, 'mail')
  if (message === '') return
  scene.notes.push(JSON.stringify(message))
  const connection = connect(scene)
  await connection.mustDo('LOGIN alice secret')
  if (random.oneIn(3)) await connection.mustDo('ENABLE IMAP4rev2')
  // A mailbox of its own, where no other attack deletes anything.
  const mailbox = `mail-${random.next()}`
  await connection.mustDo(`CREATE ${mailbox}`)
  await connection.mustDo(`SELECT ${mailbox}`)
  const mark = message.includes('\0') ? '~' : ''
  const told = await connection.mustDo(`APPEND ${mailbox} ${mark}{${message.length}+}\r\n${message}`)
  await readBack(connection, uidOf(told), message, random)
  await connection.mustDo(`DELETE ${mailbox}`)
}

function uidOf(responses: readonly Response[]): number {
  const last = responses.at(-1)
  const uid = last?.kind === 'condition' ? uidsOf(last.code?.rest.split(' ')[1] ?? '')[0] : undefined
  if (uid === undefined) throw new Fault('APPEND told no UID')
  return uid
}

const always =
  '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE EMAILID THREADID SAVEDATE PREVIEW MODSEQ ' +
  'BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[]<3.7> ' +
  'BODY.PEEK[HEADER.FIELDS (Subject From)] BODY.PEEK[HEADER.FIELDS.NOT (Subject From)] BODY.PEEK[1.HEADER] ' +
  'BODY.PEEK[2.1.TEXT] RFC822.HEADER)'

/** Asks all there is to ask of a message, and deletes it. */
async function readBack(connection: ProbedConnection, uid: number, message: string, random: Random): Promise<void> {
  const data = dataOf(await connection.mustDo(`UID FETCH ${uid} ${always}`), uid)
  const octets = (name: string): string => data.items.get(name) ?? ''
  const expect = (what: string, agrees: boolean): void => {
    if (!agrees) throw new Fault(`${what} is not as the message is`)
  }
  expect('BODY[]', octets('BODY[]') === message)
  expect('RFC822.SIZE', octets('RFC822.SIZE') === String(message.length))
  expect('header and text', octets('BODY[HEADER]') + octets('BODY[TEXT]') === message)
  expect('RFC822.HEADER', octets('RFC822.HEADER') === octets('BODY[HEADER]'))
  expect('the partial', octets('BODY[]<3>') === message.slice(3, 10))
  for (const part of ['1', '2', '1.1', '1.2'])
    await connection.command(`UID FETCH ${uid} (BINARY.SIZE[${part}] BINARY.PEEK[${part}])`)
  const word = /[a-z]{3,40}/i.exec(message.slice(random.below(message.length)))?.[0] ?? 'x'
  await connection.mustDo(`UID SEARCH RETURN (COUNT) OR TEXT ${word} OR SUBJECT ${word} HEADER From ${word}`)
  await connection.mustDo(`UID SEARCH OR SENTSINCE 1-Jan-2000 BODY ${word}`)
  await connection.mustDo('UID SORT (SUBJECT REVERSE DATE FROM TO CC SIZE DISPLAYFROM) UTF-8 ALL')
  await connection.mustDo('UID THREAD REFERENCES UTF-8 ALL')
  await connection.mustDo('UID THREAD ORDEREDSUBJECT UTF-8 ALL')
  await connection.mustDo(`UID STORE ${uid} +FLAGS.SILENT (\\Deleted)`)
  await connection.mustDo(`UID EXPUNGE ${uid}`)
}

function dataOf(responses: readonly Response[], uid: number): FetchData {
  for (const response of responses) if (response.kind === 'fetch' && response.data.uid === uid) return response.data
  throw new Fault(`FETCH says nothing of UID ${uid}`)
}

const lmtpLines: readonly string[] = [
  ['LHLO x', 'LHLO', 'EHLO x', 'NOOP', 'RSET', 'VRFY alice', 'HELP', 'MAIL FROM:<>'],
  ['MAIL FROM:<a@b> SIZE=99999999999', 'MAIL FROM:<a@b> BODY=8BITMIME'],
  ['MAIL FROM:<"a b"@[1.2.3.4]> SMTPUTF8', 'RCPT TO:<alice>', 'RCPT TO:<alice@localhost>'],
  ['RCPT TO:<alice+one@x>', 'RCPT TO:<nobody>', 'RCPT TO:<>', 'RCPT TO:<@a,@b:c@d>', 'DATA'],
  ['BDAT 5\r\na: b\n', 'BDAT 0 LAST', 'BDAT 99999999999999999999', 'BDAT -1', 'QUIT', 'STARTTLS'],
  ['XCLIENT A=B', '.'],
].flat()

/** A delivery, its words and its mail a little wrong. */
async function oddDelivery(scene: Scene): Promise<void> {
  const { server, material, random, notes } = scene
  const answers: string[] = []
  const wire = new WireClient(server.connectLmtp(), { onResponse: (text) => answers.push(text), onEnd: () => {} })
  const send = (octets: string): void => {
    notes.push('L: ' + JSON.stringify(octets.slice(0, 20_000)))
    wire.send(octets)
  }
  try {
    send('LHLO fuzz\r\n')
    for (let n = random.below(8); n > 0; n--) {
      const line = random.pick(lmtpLines) + '\r\n'
      send(random.oneIn(3) ? mutate(line, random, 'protocol') : line)
    }
    if (random.oneIn(2)) {
      const mail = mutate(random.pick(material.messages), random, 'mail')
      send(`RSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice>\r\nDATA\r\n${mail}\r\n.\r\n`)
    }
    if (random.oneIn(8)) return wire.destroy()
    // Ends DATA, whatever was before; BDAT may want more octets than anybody has, so there is no waiting for QUIT.
    send('\r\n.\r\nRSET\r\nQUIT\r\n')
    for (let turns = 0; turns < 300 && !wire.ended; turns++) await turn()
    const odd = answers.find((text) => !/^[2-5]\d\d[ -][ -~]*$/.test(text))
    if (odd !== undefined) throw new Fault(`LMTP answered ${JSON.stringify(odd)}`)
  } finally {
    wire.destroy()
  }
}

/** One way to do harm. Throws {@link Fault} when it succeeds. */
export type Attack = (scene: Scene) => Promise<void>

/** All of them, by name, as often as they should come up. */
export const attacks: readonly (readonly [name: string, attack: Attack])[] = [
  ['wrong dialogue', wrongDialogue],
  ['wrong dialogue', wrongDialogue],
  ['odd commands', oddCommands],
  ['odd commands', oddCommands],
  ['odd mail', oddMail],
  ['odd mail', oddMail],
  ['odd delivery', oddDelivery],
  ['noise', noise],
]

/** What a client that does nothing wrong sees: a server that works. */
export async function control(server: InProcessServer): Promise<void> {
  const connection = new ProbedConnection(server.connectImap())
  try {
    await connection.mustDo('LOGIN alice secret')
    await connection.mustDo('SELECT INBOX')
    const message = 'Subject: control\r\n\r\nAll is well.\r\n'
    const uid = uidOf(await connection.mustDo(`APPEND INBOX {${message.length}+}\r\n${message}`))
    const data = dataOf(await connection.mustDo(`UID FETCH ${uid} (UID BODY.PEEK[])`), uid)
    if (data.items.get('BODY[]') !== message) throw new Fault('a new message came back as another')
    await connection.mustDo('LIST "" *')
    await connection.mustDo('STATUS INBOX (MESSAGES UNSEEN)')
    await connection.mustDo('LOGOUT')
  } finally {
    connection.destroy()
  }
}
