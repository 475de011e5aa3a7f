import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from '../index.ts'
import { allRights } from '../model/rights.ts'
import { commands } from './commands/index.ts'
import { connectClient, type Client } from './url/client.test-support.ts'

/**
 * What a command asks of a mailbox. In the texts `W` is the mailbox of alice's that bob uses, `P` the one above it, to
 * which he has the right `k`.
 */
interface Row {
  readonly command: string
  /** Every one of these rights to `W` is needed, and no other. */
  readonly needs: string
  /** Whether it is a command of the selected state; `W` is selected then. */
  readonly selected?: boolean
  /** How it is refused where `l` is lacking, too: in the words used where there is no such mailbox. */
  readonly missing?: 'NONEXISTENT' | 'TRYCREATE'
  /** Whether it is done as far as rights allow, and never refused: what then shows that it was done. */
  readonly shows?: { readonly by: string; readonly done: RegExp }
}

const message = '{5+}\r\nA: b\n'

const rows: readonly Row[] = [
  { command: 'SELECT W', needs: 'r', missing: 'NONEXISTENT' },
  { command: 'EXAMINE W', needs: 'r', missing: 'NONEXISTENT' },
  { command: 'STATUS W (MESSAGES)', needs: 'r', missing: 'NONEXISTENT' },
  { command: 'DELETE W', needs: 'x', missing: 'NONEXISTENT' },
  { command: 'CREATE W/inner', needs: 'k' },
  { command: 'RENAME W P/other', needs: 'x', missing: 'NONEXISTENT' },
  { command: 'GETACL W', needs: 'a', missing: 'NONEXISTENT' },
  { command: 'SETACL W carol l', needs: 'a', missing: 'NONEXISTENT' },
  { command: 'DELETEACL W carol', needs: 'a', missing: 'NONEXISTENT' },
  { command: 'LISTRIGHTS W carol', needs: 'a', missing: 'NONEXISTENT' },
  { command: `APPEND W ${message}`, needs: 'i', missing: 'TRYCREATE' },
  { command: `APPEND W ${message} ${message}`, needs: 'i', missing: 'TRYCREATE' },
  { command: 'RESETKEY W', needs: 'r', missing: 'NONEXISTENT' },
  { command: 'LIST "" W', needs: 'l', shows: { by: 'LIST "" W', done: /^\* LIST .*\/w"/m } },
  { command: 'LIST "" W', needs: 'lr', shows: { by: 'LIST "" W RETURN (STATUS (MESSAGES))', done: /^\* STATUS/m } },
  { command: 'LIST "" W', needs: 'l', shows: { by: 'LIST "" W RETURN (MYRIGHTS)', done: /^\* MYRIGHTS/m } },
  // RFC 7377 §2: named mailboxes take r, and those that are found on the way l as well.
  {
    command: 'ESEARCH IN (mailboxes (W)) ALL',
    needs: 'r',
    shows: { by: 'ESEARCH IN (mailboxes (W)) RETURN (COUNT) ALL', done: /MAILBOX .*COUNT 1/ },
  },
  {
    command: 'ESEARCH IN (subtree (P)) ALL',
    needs: 'lr',
    shows: { by: 'ESEARCH IN (subtree (P)) RETURN (COUNT) ALL', done: /MAILBOX .*COUNT 1/ },
  },
  { command: 'SUBSCRIBE W', needs: '' },
  { command: 'UNSUBSCRIBE W', needs: '' },
  { command: 'LSUB "" W', needs: '' },

  { command: 'CHECK', needs: '', selected: true },
  { command: 'UNSELECT', needs: '', selected: true },
  { command: 'IDLE\r\nDONE', needs: '', selected: true },
  { command: 'SEARCH ALL', needs: '', selected: true },
  { command: 'SORT (DATE) UTF-8 ALL', needs: '', selected: true },
  { command: 'THREAD REFERENCES UTF-8 ALL', needs: '', selected: true },
  { command: 'UIDBATCHES 500', needs: '', selected: true },
  { command: 'FETCH 1 (FLAGS BODY.PEEK[])', needs: '', selected: true },
  { command: 'FETCH 1 BODY[]', needs: 's', selected: true, shows: { by: 'FETCH 1 FLAGS', done: /\\Seen/ } },
  { command: 'STORE 1 +FLAGS (\\Seen)', needs: 's', selected: true },
  { command: 'STORE 1 -FLAGS (\\Deleted)', needs: 't', selected: true },
  { command: 'STORE 1 +FLAGS (\\Flagged)', needs: 'w', selected: true },
  { command: 'UID STORE 1 -FLAGS.SILENT (\\Answered)', needs: 'w', selected: true },
  { command: 'STORE 1 +FLAGS ($Work)', needs: 'w', selected: true },
  { command: 'EXPUNGE', needs: 'e', selected: true },
  { command: 'UID EXPUNGE 1', needs: 'e', selected: true },
  { command: 'CLOSE', needs: 'e', selected: true, shows: { by: 'STATUS W (MESSAGES)', done: /MESSAGES 0/ } },
  { command: 'COPY 1 INBOX', needs: '', selected: true },
  { command: 'COPY 1 W', needs: 'i', selected: true },
  { command: 'UID COPY 1 W', needs: 'i', selected: true },
  { command: 'MOVE 1 INBOX', needs: 'te', selected: true },
  { command: 'MOVE 1 W', needs: 'ite', selected: true },
  { command: `REPLACE 1 INBOX ${message}`, needs: 'te', selected: true },
  { command: `REPLACE 1 W ${message}`, needs: 'ite', selected: true },
  { command: `UID REPLACE 1 W ${message}`, needs: 'ite', selected: true },
]

/** With other rules than a row can say; each has a test or dialogues of its own. */
const elsewhere =
  'MYRIGHTS GETMETADATA SETMETADATA GETQUOTA GETQUOTAROOT SETQUOTA GENURLAUTH URLFETCH NOTIFY CONVERT'.split(' ')
/** Nothing of a mailbox is told or changed. */
const ofNoMailbox = [
  'CAPABILITY NOOP LOGOUT ID STARTTLS AUTHENTICATE LOGIN UNAUTHENTICATE ENABLE COMPRESS NAMESPACE',
  'LANGUAGE COMPARATOR CONVERSIONS CANCELUPDATE GETJMAPACCESS',
].flatMap((names) => names.split(' '))

class Stage {
  readonly alice: Client
  readonly bob: Client
  #count = 0

  constructor(alice: Client, bob: Client) {
    this.alice = alice
    this.bob = bob
  }

  /** Does the row's command with these rights to a new mailbox with one message; how it was answered. */
  async play(row: Row, rights: string): Promise<string> {
    const above = `p${++this.#count}`
    const own = `${above}/w`
    const name = `"Other Users/alice/${own}"`
    const fill = (text: string): string =>
      text
        .replace(/\bW\/inner/, `"Other Users/alice/${own}/inner"`)
        .replace(/\bP\/other/, `"Other Users/alice/${above}/other"`)
        .replace(/\bP\b/, `"Other Users/alice/${above}"`)
        .replaceAll(/\bW\b/g, name)
    await ok(this.alice, `CREATE ${own}`)
    await ok(this.alice, `APPEND ${own} (\\Deleted \\Answered) ${message}`)
    await ok(this.alice, `SETACL ${above} bob k`)
    await ok(this.alice, `SETACL ${own} bob ${row.selected ? allRights : rights || '""'}`)
    if (row.selected) {
      await ok(this.bob, `SELECT ${name}`)
      await ok(this.alice, `SETACL ${own} bob ${rights}`)
    }
    const answer = await this.bob.say(fill(row.command))
    const shown = row.shows ? await this.bob.say(fill(row.shows.by)) : ''
    await this.bob.say('UNSELECT')
    if (!row.shows) return outcomeOf(answer)
    assert.equal(outcomeOf(answer).slice(0, 2), 'OK', row.command)
    return row.shows.done.test(shown) ? 'OK done' : 'OK, and nothing done'
  }
}

/** The tagged line without its tag. */
function outcomeOf(answer: string): string {
  return /^t\d+ (.*)\r\n$/m.exec(answer)?.[1] ?? answer
}

async function ok(client: Client, command: string): Promise<void> {
  const answer = await client.say(command)
  assert.match(answer, /^t\d+ OK/m, command)
}

const without = (rights: string, gone: string): string =>
  Array.from(rights)
    .filter((right) => !gone.includes(right))
    .join('')

test('each command with each right: what it takes is enough, and without any of it it is refused', async (context) => {
  const accounts = ['alice', 'bob'].map((name) => ({ name, password: 'secret' }))
  const server = await startServer({ accounts })
  context.after(() => server.close())
  const stage = new Stage(await connectClient(server, 'alice'), await connectClient(server, 'bob'))
  await ok(stage.bob, `APPEND INBOX ${message}`)

  for (const row of rows) {
    const { command, needs, selected, missing, shows } = row
    const implied = selected ? 'r' : ''
    // CLOSE leaves; what was done is asked for by STATUS, which takes r.
    const granted = await stage.play(row, needs + implied)
    assert.match(granted, shows ? /^OK done/ : /^OK/, `${command} with ${needs}${implied}`)
    for (const right of needs) {
      const refused = await stage.play(row, without(allRights, right))
      assert.match(refused, shows ? /^OK, and nothing/ : /^NO \[NOPERM\]/, `${command} without ${right}`)
    }
    if (missing) {
      const hidden = await stage.play(row, without(allRights, 'l' + needs))
      const none = outcomeOf(await stage.bob.say(command.replaceAll(/\bW\b/g, '"Other Users/alice/none"')))
      const nobody = outcomeOf(await stage.bob.say(command.replaceAll(/\bW\b/g, '"Other Users/nobody/none"')))
      assert.deepEqual([hidden, nobody], [none, none], `${command} of what is hidden`)
      assert.match(hidden, new RegExp(`^NO \\[${missing}\\]`), command)
    }
  }
})

test('COPY and MOVE to a mailbox take i, and a hidden target is as one that does not exist', async (context) => {
  const server = await startServer({ accounts: ['alice', 'bob'].map((name) => ({ name, password: 'secret' })) })
  context.after(() => server.close())
  const [alice, bob] = [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
  await ok(alice, 'CREATE w')
  for (let n = 0; n < 3; n++) await ok(bob, `APPEND INBOX ${message}`)
  await ok(bob, 'SELECT INBOX')
  for (const command of ['COPY 1 W', 'UID COPY 1 W', 'MOVE 1 W', 'UID MOVE 1:* W', `REPLACE 1 W ${message}`]) {
    const say = async (name: string) => outcomeOf(await bob.say(command.replaceAll('W', `"Other Users/alice/${name}"`)))
    await ok(alice, `SETACL w bob ${without(allRights, 'i')}`)
    assert.match(await say('w'), /^NO \[NOPERM\]/, command)
    await ok(alice, `SETACL w bob ${without(allRights, 'il')}`)
    assert.equal(await say('w'), await say('none'), command)
    assert.match(await say('w'), /^NO \[TRYCREATE\]/, command)
    await ok(alice, 'SETACL w bob i')
    assert.match(await say('w'), /^OK/, command)
    await ok(bob, `APPEND INBOX ${message}`)
    await bob.say('NOOP')
  }
})

test('RENAME takes k to the new superior mailbox, whatever the rights to the mailbox itself', async (context) => {
  const server = await startServer({ accounts: ['alice', 'bob'].map((name) => ({ name, password: 'secret' })) })
  context.after(() => server.close())
  const [alice, bob] = [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
  await ok(alice, 'CREATE to')
  await ok(alice, 'CREATE w')
  await ok(alice, 'SETACL w bob x')
  await ok(alice, `SETACL to bob ${without(allRights, 'k')}`)
  assert.match(await bob.say('RENAME "Other Users/alice/w" "Other Users/alice/to/w"'), /NO \[NOPERM\]/)
  await ok(alice, 'SETACL to bob k')
  assert.match(await bob.say('RENAME "Other Users/alice/w" "Other Users/alice/to/w"'), / OK /)
})

test('MYRIGHTS takes any one of six rights', async (context) => {
  const server = await startServer({ accounts: ['alice', 'bob'].map((name) => ({ name, password: 'secret' })) })
  context.after(() => server.close())
  const [alice, bob] = [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
  for (const right of allRights) {
    await ok(alice, `SETACL INBOX bob ${right}`)
    const expected = 'lrikxa'.includes(right) ? / OK / : /NO \[NONEXISTENT\] No such mailbox/
    assert.match(await bob.say('MYRIGHTS "Other Users/alice/INBOX"'), expected, right)
  }
})

test('no command is forgotten', () => {
  const named = new Set(rows.map(({ command }) => command.replace(/^UID /, '').split(/[ \r]/, 1)[0]))
  const known = new Set([...named, ...elsewhere, ...ofNoMailbox])
  assert.deepEqual(
    commands.map(({ name }) => name).filter((name) => !known.has(name)),
    [],
    'commands whose rights nobody has said: give them rows',
  )
})
