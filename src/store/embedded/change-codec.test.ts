import fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Change } from '../../model/change.ts'
import { flagSet } from '../../model/flags.ts'
import { specialUses } from '../../model/mailbox.ts'
import { asMailboxId, asMessageNum, asModSeq, asUid } from '../../model/numbers.ts'
import { decodeChangeRecord, encodeChangeRecord } from './change-codec.ts'

const uid = fc.integer({ min: 1, max: 0xffff_ffff })
const uids = fc.array(uid, { maxLength: 5 })
const mailbox = fc.integer({ min: 1, max: 0xffff_ffff }).map(asMailboxId)
const seconds = fc.integer({ min: -(2 ** 50), max: 2 ** 50 })
const flags = fc
  .tuple(fc.integer({ min: 0, max: 31 }), fc.array(fc.stringMatching(/^[a-z$]{1,8}$/), { maxLength: 3 }))
  .map(([system, keywords]) => flagSet(system, keywords))
const name = fc.string({ unit: 'grapheme', maxLength: 20 })

const entry = fc
  .record({ uid, message: uid, size: uid, internalDate: seconds, saveDate: seconds, thread: uid, flags })
  .map((one) => ({ ...one, uid: asUid(one.uid), message: asMessageNum(one.message) }))

const metadata = fc.tuple(
  name,
  fc.option(
    fc.uint8Array({ maxLength: 20 }).map((octets) => Buffer.from(octets)),
    { nil: null },
  ),
)
const limit = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const limits = fc.record(
  { storage: limit, messages: limit, mailboxes: limit, annotations: limit },
  { requiredKeys: [] },
)

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant('mailboxCreated' as const),
    mailbox,
    name,
    uidValidity: uid,
    specialUse: fc.subarray([...specialUses]),
  }),
  fc.record({ kind: fc.constant('mailboxDeleted' as const), mailbox }),
  fc.record({ kind: fc.constant('mailboxRenamed' as const), mailbox, name }),
  fc.record({ kind: fc.constant('subscribed' as const), user: name, name, subscribed: fc.boolean() }),
  fc.record({ kind: fc.constant('appended' as const), mailbox, entries: fc.array(entry, { maxLength: 5 }) }),
  fc.record({
    kind: fc.constant('flagsChanged' as const),
    mailbox,
    groups: fc.array(fc.record({ flags, uids }), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('seenChanged' as const), mailbox, user: name, seen: fc.boolean(), uids }),
  fc.record({ kind: fc.constant('expunged' as const), mailbox, uids }),
  fc.record({ kind: fc.constant('recentClaimed' as const), mailbox, firstRecentUid: uid.map(asUid) }),
  fc.record(
    { kind: fc.constant('metadataSet' as const), mailbox, user: name, entries: fc.array(metadata, { maxLength: 3 }) },
    { requiredKeys: ['kind', 'entries'] },
  ),
  fc.record({ kind: fc.constant('specialUseSet' as const), mailbox, specialUse: fc.subarray([...specialUses]) }),
  fc.record(
    { kind: fc.constant('quotaSet' as const), mailbox, limits: fc.option(limits, { nil: undefined }) },
    { requiredKeys: ['kind', 'limits'] },
  ),
  fc.record({
    kind: fc.constant('aclSet' as const),
    mailbox,
    acl: fc.array(fc.tuple(name, fc.constantFrom('lr', 'lrswipkxtea')), { maxLength: 3 }).map((acl) => new Map(acl)),
  }),
  fc.record({ kind: fc.constant('seenPerUserSet' as const), mailbox, perUser: fc.boolean() }),
)

const record = fc.record({
  ownFiles: fc.array(fc.record({ message: uid, segment: uid }), { maxLength: 3 }),
  changeSet: fc.record({
    modSeq: fc.integer({ min: 0, max: 2 ** 53 - 1 }).map(asModSeq),
    time: seconds,
    changes: fc.array(change, { maxLength: 6 }),
  }),
})

test('a change set comes back as it was', () => {
  fc.assert(
    fc.property(record, (one) => {
      assert.deepEqual(plain(decodeChangeRecord(encodeChangeRecord(one))), plain(one))
    }),
    { numRuns: 300 },
  )
})

/** Each kind of change with the octets it once was written as: logs that hold them are read for ever. */
const written: readonly (readonly [hex: string, change: object])[] = [
  [
    '00020557c3b6726b80e2cfaa0601055c53656e74',
    { kind: 'mailboxCreated', mailbox: 2, name: 'Wörk', uidValidity: 1_700_000_000, specialUse: ['\\Sent'] },
  ],
  ['0102', { kind: 'mailboxDeleted', mailbox: 2 }],
  ['020203612f62', { kind: 'mailboxRenamed', mailbox: 2, name: 'a/b' }],
  ['0305616c6963650557c3b6726b01', { kind: 'subscribed', user: 'alice', name: 'Wörk', subscribed: true }],
  [
    '040201020a80c49fd50c82c49fd50c08ac0200080104546f646f',
    {
      kind: 'appended',
      mailbox: 2,
      entries: [
        {
          uid: 1,
          message: 5,
          internalDate: 1_700_000_000,
          saveDate: 1_700_000_001,
          thread: 4,
          size: 300,
          flags: flagSet(8, ['Todo']),
        },
      ],
    },
  ],
  ['0502010000000102', { kind: 'flagsChanged', mailbox: 2, groups: [{ flags: flagSet(0), uids: [1] }] }],
  ['060203626f62010102', { kind: 'seenChanged', mailbox: 2, user: 'bob', seen: true, uids: [1] }],
  ['07020102', { kind: 'expunged', mailbox: 2, uids: [1] }],
  ['080202', { kind: 'recentClaimed', mailbox: 2, firstRecentUid: 2 }],
  [
    '09010103626f62020a2f707269766174652f78010200ff0a2f707269766174652f7900',
    {
      kind: 'metadataSet',
      mailbox: 1,
      user: 'bob',
      entries: [
        ['/private/x', Buffer.from([0, 255])],
        ['/private/y', null],
      ],
    },
  ],
  ['09000001092f7368617265642f78010178', { kind: 'metadataSet', entries: [['/shared/x', Buffer.from('x')]] }],
  ['0a0101055c4a756e6b', { kind: 'specialUseSet', mailbox: 1, specialUse: ['\\Junk'] }],
  [
    '0b00030773746f7261676580e497d012086d6573736167657307',
    { kind: 'quotaSet', limits: { storage: 5_000_000_000, messages: 7 } },
  ],
  ['0b0100', { kind: 'quotaSet', mailbox: 1, limits: undefined }],
  ['0c010103626f62026c72', { kind: 'aclSet', mailbox: 1, acl: new Map([['bob', 'lr']]) }],
  ['0d0101', { kind: 'seenPerUserSet', mailbox: 1, perUser: true }],
]

test('what was written once is read for ever', () => {
  for (const [hex, expected] of written) {
    const { changeSet } = decodeChangeRecord(Buffer.from('00010001' + hex, 'hex'))
    assert.deepEqual(changeSet, { modSeq: 1, time: 0, changes: [expected] })
  }
})

test('octets that end too early, or go on, are no change set', () => {
  fc.assert(
    fc.property(record, (one) => {
      const bytes = encodeChangeRecord(one)
      for (let length = 0; length < bytes.length; length += 1 + (bytes.length >>> 4)) {
        assert.throws(() => decodeChangeRecord(bytes.subarray(0, length)), RangeError)
      }
      assert.throws(() => decodeChangeRecord(Buffer.concat([bytes, Buffer.alloc(1)])), RangeError)
    }),
    { numRuns: 100 },
  )
})

test('many entries take few octets', () => {
  const entries = Array.from({ length: 10_000 }, (_, n) => ({
    uid: asUid(n + 1),
    message: asMessageNum(n + 50),
    size: 4000 + n,
    internalDate: 1_700_000_000 + n * 60,
    saveDate: 1_800_000_000,
    thread: n + 1,
    flags: flagSet(n % 3, ['Work']),
  }))
  const changeSet = {
    modSeq: asModSeq(7),
    time: 1_800_000_000,
    changes: [{ kind: 'appended' as const, mailbox: asMailboxId(1), entries }],
  }
  assert.ok(encodeChangeRecord({ ownFiles: [], changeSet }).length < 10_000 * 10)
})

/** Without prototypes, which fast-check leaves off. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
