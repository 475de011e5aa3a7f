import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CrispinServer, startServer } from '../index.ts'
import { allRights } from '../model/rights.ts'
import { type Client, connectClient } from './url/client.test-support.ts'

/** Commands on alice's mailbox `W`, and which rights of bob's let him use them; `anyOf`: one of these besides. */
const rows: readonly { readonly command: string; readonly needs: string; readonly anyOf?: string }[] = [
  { command: 'GETMETADATA W /shared/comment', needs: 'l', anyOf: 'rswip' },
  { command: 'GETMETADATA W /private/comment', needs: 'l', anyOf: 'rswip' },
  { command: 'SETMETADATA W (/private/comment "x")', needs: 'l', anyOf: 'rswip' },
  { command: 'SETMETADATA W (/shared/comment "x")', needs: 'lw' },
  { command: 'GETQUOTAROOT W', needs: 'r' },
  { command: 'SETQUOTA W (MESSAGE 5)', needs: 'a' },
]

async function cast(context: { after(end: () => Promise<void>): void }): Promise<readonly [Client, Client]> {
  const accounts = ['alice', 'bob'].map((name) => ({ name, password: 'secret' }))
  const server: CrispinServer = await startServer({ accounts })
  context.after(() => server.close())
  return [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
}

const outcomeOf = (answer: string): string => /^t\d+ (.*)\r\n$/m.exec(answer)?.[1] ?? answer

test('annotations and quotas of another take the rights that their RFCs say, and hide what is hidden', async (context) => {
  const [alice, bob] = await cast(context)
  await alice.say('CREATE w')
  const say = async (command: string, name: string): Promise<string> =>
    outcomeOf(await bob.say(command.replace(/\bW\b/, `"Other Users/alice/${name}"`)))
  for (const { command, needs, anyOf = '' } of rows) {
    const enough = anyOf === '' ? [needs] : Array.from(anyOf, (right) => needs + right)
    for (const rights of enough) {
      await alice.say(`SETACL w bob ${rights}`)
      assert.match(await say(command, 'w'), /^OK/, `${command} with ${rights}`)
    }
    const groups = [...Array.from(needs), ...(anyOf === '' ? [] : [anyOf])]
    for (const gone of groups) {
      const rights = Array.from(allRights, (right) => (gone.includes(right) ? '' : right)).join('')
      await alice.say(`SETACL w bob ${rights}`)
      const answer = await say(command, 'w')
      assert.match(
        answer,
        gone === 'l' ? /^NO \[NONEXISTENT\]|^NO \[NOPERM\]/ : /^NO \[NOPERM\]/,
        `${command} without ${gone}`,
      )
    }
    await alice.say(`SETACL w bob k`)
    assert.equal(await say(command, 'w'), await say(command, 'none'), `${command} of what is hidden`)
  }
})

test("private annotations are each one's own, shared ones are everybody's; a special use is the owner's", async (context) => {
  const [alice, bob] = await cast(context)
  await alice.say('CREATE w (USE (\\Archive))')
  await alice.say('SETACL w bob lrw')
  await alice.say('SETMETADATA w (/private/comment "alice\'s" /shared/comment "all")')
  const entries = '(/private/comment /shared/comment /private/specialuse)'
  const seenByBob = await bob.say(`GETMETADATA "Other Users/alice/w" ${entries}`)
  assert.match(seenByBob, /\(\/private\/comment NIL \/shared\/comment "all" \/private\/specialuse NIL\)/)
  assert.match(await bob.say('SETMETADATA "Other Users/alice/w" (/private/comment "bob\'s")'), / OK /)
  assert.match(
    await alice.say(`GETMETADATA w ${entries}`),
    /"alice's" \/shared\/comment "all" \/private\/specialuse "\\\\Archive"/,
  )
  const use = 'SETMETADATA "Other Users/alice/w" (/private/specialuse "\\\\Sent")'
  assert.match(await bob.say(use), /NO \[METADATA NOPRIVATE\]/)
})

test("private annotations of another's mailbox are kept, and counted, by who has them", async (context) => {
  const [alice, bob] = await cast(context)
  await alice.say('CREATE w')
  await alice.say('SETACL w bob lr')
  const used = async (client: Client): Promise<string> =>
    /ANNOTATION-STORAGE (\d+)/.exec(await client.say('GETQUOTA ""'))?.[1] ?? ''
  const set = (name: string, entries: string): Promise<string> =>
    bob.say(`SETMETADATA "Other Users/alice/${name}" (${entries})`)
  assert.match(await set('w', `/private/a "${'x'.repeat(1000)}" /private/b "y"`), / OK /)
  assert.deepEqual([await used(alice), await used(bob)], ['0', '2'])
  // With an entry that may not be set, none is.
  assert.match(await set('w', '/private/a NIL /shared/a "z"'), /NO \[NOPERM\]/)
  await alice.say('RENAME w v')
  assert.match(await bob.say('GETMETADATA (DEPTH 1) "Other Users/alice/v" /private'), /\/private\/b "?y"?/)
  assert.match(await bob.say('GETMETADATA (DEPTH infinity) "" /private'), /\(\/private NIL\)/)
  // What was set of a mailbox that is gone goes when others of the account are set.
  await alice.say('DELETE v')
  await alice.say('CREATE v')
  await alice.say('SETACL v bob lr')
  assert.match(await bob.say('GETMETADATA "Other Users/alice/v" /private/b'), /\/private\/b NIL/)
  await set('v', '/private/c "1"')
  assert.equal(await used(bob), '1')
})

test('what cannot be set of two accounts is set in neither', async (context) => {
  const [alice, bob] = await cast(context)
  await alice.say('CREATE w')
  await alice.say('SETACL w bob lrw')
  await bob.say('SETMETADATA "Other Users/alice/w" (/private/a "before")')
  const many = Array.from({ length: 257 }, (_, n) => `/shared/${n} ""`).join(' ')
  const refused = await bob.say(`SETMETADATA "Other Users/alice/w" (/private/a "after" ${many})`)
  assert.match(refused, /NO \[METADATA TOOMANY\]/)
  assert.match(await bob.say('GETMETADATA "Other Users/alice/w" /private/a'), /"before"/)
})

test('LIST tells annotations only of mailboxes that may be used', async (context) => {
  const [alice, bob] = await cast(context)
  for (const name of ['seen', 'listed']) {
    await alice.say(`CREATE ${name}`)
    await alice.say(`SETMETADATA ${name} (/shared/comment "of ${name}")`)
  }
  await alice.say('SETACL seen bob lr')
  await alice.say('SETACL listed bob l')
  const listed = await bob.say('LIST "" "Other Users/*" RETURN (METADATA (/shared/comment))')
  assert.match(listed, /\* METADATA "Other Users\/alice\/seen" \(\/shared\/comment "of seen"\)/)
  assert.match(listed, /\* LIST .* "Other Users\/alice\/listed"/)
  assert.doesNotMatch(listed, /of listed/)
})

test('changes to the annotations of a selected mailbox of another are told while the user may read them', async (context) => {
  const [alice, bob] = await cast(context)
  await alice.say('CREATE w')
  await alice.say('SETACL w bob lr')
  await bob.say('ENABLE METADATA')
  await bob.say('SELECT "Other Users/alice/w"')
  await bob.say('NOOP')
  await alice.say('SETMETADATA w (/private/comment "mine" /shared/comment "new")')
  await alice.say('SETMETADATA INBOX (/shared/comment "not bob\'s to know")')
  assert.equal((await bob.say('NOOP')).split('\r\n')[0], '* METADATA "Other Users/alice/w" /shared/comment')
})

test('usage of others is told to those who administer the account, or may read what is limited', async (context) => {
  const [alice, bob] = await cast(context)
  await alice.say('CREATE w')
  await alice.say('SETACL w bob lr')
  const name = '"Other Users/alice/w"'
  assert.match(await bob.say(`GETQUOTAROOT ${name}`), /^\* QUOTAROOT "Other Users\/alice\/w"\r\nt\d+ OK/)
  await alice.say('SETQUOTA w (MESSAGE 5)')
  assert.match(await bob.say(`GETQUOTAROOT ${name}`), /^\* QUOTAROOT (".*") \1\r\n\* QUOTA \1 \(MESSAGE 0 5\)/)
  assert.match(await bob.say(`GETQUOTA ${name}`), /MESSAGE 0 5/)
  await alice.say('SETACL w bob la')
  assert.match(await bob.say(`GETQUOTA ${name}`), /NO \[NONEXISTENT\]/)
  assert.match(await bob.say(`SETQUOTA ${name} (MESSAGE 4)`), /^t\d+ OK/)
  assert.match(await alice.say('GETQUOTA w'), /MESSAGE 0 4/)
})

test('an administrator sets the quotas of others, and nobody else does', async (context) => {
  const accounts = ['alice', 'bob'].map((name) => ({ name, password: 'secret' }))
  const server = await startServer({ accounts, config: { server: { administrators: ['Bob@localhost'] } } })
  context.after(() => server.close())
  const [alice, bob] = [await connectClient(server, 'alice'), await connectClient(server, 'bob')]
  assert.match(await bob.say('SETQUOTA "Other Users/alice" (MESSAGE 1)'), /\* QUOTA "Other Users\/alice" \(MESSAGE 0 1/)
  assert.match(await alice.say('GETQUOTA ""'), /MESSAGE 0 1/)
  assert.match(await bob.say('GETQUOTA "Other Users/nobody"'), /NO \[NONEXISTENT\]/)
  assert.match(await alice.say('SETQUOTA "Other Users/bob" (MESSAGE 1)'), /NO \[NONEXISTENT\]/)
  assert.match(await alice.say('SETQUOTA "" (MESSAGE 9)'), /NO \[NOPERM\]/)
})

test("private annotations of another's mailbox are as many as those of an own one", async (context) => {
  const [alice, bob] = await cast(context)
  await alice.say('SETACL INBOX bob lr')
  const mailbox = '"Other Users/alice/INBOX"'
  const entries = Array.from({ length: 256 }, (_, n) => `/private/e${n} "x"`)
  assert.match(await bob.say(`SETMETADATA ${mailbox} (${entries.join(' ')})`), /^t\d+ OK/m)
  assert.match(await bob.say(`SETMETADATA ${mailbox} (/private/more "x")`), /NO \[METADATA TOOMANY\]/)
  assert.match(await bob.say(`SETMETADATA ${mailbox} (/private/e0 NIL /private/more "x")`), /^t\d+ OK/m)
  assert.match(await bob.say(`GETMETADATA ${mailbox} (/private/e0 /private/more)`), /e0 NIL \/private\/more "x"/)
})
