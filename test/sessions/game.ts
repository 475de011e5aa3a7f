import { setImmediate as turn } from 'node:timers/promises'
import { flagSetOf } from '../../src/model/flags.ts'
import { resultOf } from '../../src/model/operation.ts'
import { allRights, rightsOf } from '../../src/model/rights.ts'
import { Refusal } from '../../src/model/refusal.ts'
import type { MailboxSnapshot } from '../../src/model/snapshot.ts'
import type { Store } from '../../src/store/store.ts'
import { account, inProcessServer, type InProcessServer } from '../fuzz/in-process-server.ts'
import { Random } from '../fuzz/random.ts'
import {
  type Choices,
  fetchAll,
  makers,
  mailboxNames,
  sharedPrefix,
  MessageMaker,
  notify,
  notifySelected,
  selectCommand,
  setAcl,
} from './commands.ts'
import { Journal } from './journal.ts'
import { shakyStore } from './shaky-store.ts'
import { flagText, type ToldView } from './told-view.ts'
import { ToldClient } from './told-client.ts'

/** What one of the clients, or somebody outside of IMAP, does next. */
export interface Step {
  readonly client: number
  /** Which command: a number in {@link makers}, or one beyond them for what is not a command. */
  readonly action: number
  readonly choices: Choices
  /** What to wait for before the next step: nothing, some turns of the event loop, the answer, all answers. */
  readonly pause: 'at once' | 'turns' | 'answer' | 'rest'
}

/** One game: what each client speaks, and the steps in order. */
export interface Game {
  /** Extensions that each client enables at first. */
  readonly dialects: readonly (readonly string[])[]
  readonly steps: readonly Step[]
  /** A bit for each client but the first: whether it is somebody with whom the mailboxes are shared. */
  readonly guests: number
  /** For the delays of the store. */
  readonly seed: number
}

/** Actions that are no commands. */
const otherActions = ['deliver', 'limit', 'vanish', 'check', 'grant', 'grant', 'grant', 'grant'] as const
/** How many actions there are. */
export const actionCount: number = makers.length + otherActions.length

/** A store to play on. */
export interface Board {
  readonly store: Store
  /** Closes the store and opens it again; absent where nothing would be left. */
  readonly reopen?: () => Promise<Store>
  /** What contradicts itself in the account. */
  readonly check?: (store: Store) => Promise<readonly string[]>
}

/** With whom mailboxes are shared. */
const guest = 'bob'

/** Commands a client may have waiting; more, and it waits for answers. */
const maxPipelined = 5

/** How long a game may take, in milliseconds. A guard only: a game without a stall takes far less. */
const patienceMs = 20_000

/** Plays a game to its end and answers with what was wrong, which should be nothing. */
export async function play(game: Game, board: Board): Promise<readonly string[]> {
  const table = new Table(board, game)
  const { promise: stalled, reject } = Promise.withResolvers<never>()
  const guard = setTimeout(() => reject(new Stalled()), patienceMs)
  try {
    await Promise.race([table.play(game.steps), stalled])
  } catch (error) {
    if (!(error instanceof Stalled)) throw error
    table.reportStall()
  } finally {
    clearTimeout(guard)
    await table.close()
  }
  return table.journal.faults
}

class Stalled extends Error {}

class Table {
  readonly journal: Journal = new Journal()
  readonly #board: Board
  readonly #dialects: readonly (readonly string[])[]
  readonly #random: Random
  readonly #guests: number
  readonly #maker: MessageMaker = new MessageMaker()
  #store: Store
  #server: InProcessServer
  #clients: ToldClient[] = []
  #delivering: Promise<unknown> = Promise.resolve()

  constructor(board: Board, { seed, dialects, guests }: Game) {
    this.#board = board
    this.#store = board.store
    this.#random = new Random(seed)
    this.#dialects = dialects
    this.#guests = guests
    this.#server = this.#serve()
  }

  #serve(): InProcessServer {
    return inProcessServer(shakyStore(this.#store, this.#random), { maxBadCommands: 1_000_000 })
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.#start()
    for (const step of steps) {
      await this.#step(step)
      if (this.journal.faults.length > 0) return
    }
    await this.#rest()
    await this.#restart()
  }

  /** Who waits for what. */
  reportStall(): void {
    this.journal.fault('nothing goes on')
    for (const client of this.#clients) client.reportStall()
  }

  async #start(): Promise<void> {
    await Promise.all(this.#dialects.map((_, n) => this.#connect(n)))
    await this.#clients[0]?.send({ pieces: ['CREATE one\r\n'], name: 'CREATE' })
    for (const name of ['INBOX', 'one']) {
      const grant = `SETACL ${name} bob ${this.#random.pick(['lrswipkxte', 'lrswite', 'lrs'])}`
      await this.#clients[0]?.send({ pieces: [grant + '\r\n'], name: 'SETACL' })
    }
    for (let n = this.#random.below(8); n > 0; n--) await this.#deliver([n * 2, n, 0])
    for (const client of this.#clients) {
      const wish = this.#random.oneIn(3) ? notify(client, this.#someChoices(), this.#maker) : undefined
      if (wish) await client.send(wish)
      if (this.#random.oneIn(3)) continue // it begins without a mailbox, or without having looked at it
      await client.send(selectCommand(client, this.#random.pick(['INBOX', 'one'])))
      const fetch = this.#random.oneIn(3) ? undefined : fetchAll(client)
      if (fetch) await client.send(fetch)
    }
  }

  #someChoices(): Choices {
    const choice = (): number => this.#random.below(0x1_0000)
    return [choice(), choice(), choice()]
  }

  async #connect(n: number): Promise<ToldClient> {
    const isGuest = n > 0 && ((this.#guests >> n) & 1) === 1
    const about = { isGuest, kept: this.#clients[n]?.kept }
    const client = new ToldClient('ABCDEFGH'.charAt(n), this.#server, this.journal, about)
    this.#clients[n] = client
    await client.send({ pieces: [`LOGIN ${isGuest ? guest : 'alice'} secret\r\n`], name: 'LOGIN' })
    const enables = this.#dialects[n] ?? []
    if (enables.length > 0) await client.send({ pieces: [`ENABLE ${enables.join(' ')}\r\n`], name: 'ENABLE', enables })
    return client
  }

  async #step({ client: n, action, choices, pause }: Step): Promise<void> {
    const at = n % this.#dialects.length
    let client = this.#clients[at]
    if (!client || client.over) client = await this.#connect(at)
    while (client.unanswered >= maxPipelined && !client.idling && !client.over) await turn()
    const make = makers[action]
    let answered: Promise<unknown> = Promise.resolve()
    if (make) {
      const command = make(client, choices, this.#maker)
      if (!command) return
      const idles = command.name === 'IDLE'
      answered = client.send(command)
      if (idles) answered = Promise.resolve()
    } else {
      switch (otherActions[action - makers.length]) {
        case 'deliver':
          answered = this.#delivering = Promise.all([this.#delivering, this.#deliver(choices)])
          break
        case 'limit':
          answered = this.#limit(choices)
          break
        case 'grant':
          answered = this.#grant(choices)
          break
        case 'vanish':
          if (choices[0] % 2 === 0) client.vanish()
          break
        case 'check':
          if (choices[0] % 4 === 0) await this.#rest()
          break
        case undefined:
          throw new Error(`there is no action ${action}`)
      }
    }
    if (pause === 'turns') for (let turns = 1 + (choices[0] % 6); turns > 0; turns--) await turn()
    else if (pause === 'answer') await answered
    else if (pause === 'rest') await this.#quiet()
  }

  /** What LMTP does: a commit that no session made. */
  async #deliver([a, b]: Choices): Promise<void> {
    const share = await this.#store.openAccount(account)
    try {
      const mailbox = (await share.tree()).byName.get(mailboxNames[a % mailboxNames.length] ?? '')
      if (!mailbox) return
      const message = this.#maker.next()
      const stager = share.stage()
      await stager.write(Buffer.from(message))
      const staged = await stager.finish()
      const flags = flagSetOf(b % 3 === 0 ? ['\\Flagged'] : [])
      const committed = await share.commit([{ op: 'append', mailbox: mailbox.id, messages: [{ staged, flags }] }])
      const { uidValidity, uids } = resultOf(committed, 0, 'append')
      this.journal.appended(uidValidity, uids, [message])
    } catch (error) {
      if (!(error instanceof Refusal)) throw error // the mailbox may be deleted meanwhile
    } finally {
      await share.close()
    }
  }

  /** What an operator does: sets the quota of the account, at times below what there is, or takes it away. */
  async #limit([a, b]: Choices): Promise<void> {
    const share = await this.#store.openAccount(account)
    try {
      const limits = a % 3 === 0 ? { messages: b % 40, storage: 1000 + (b % 8000) } : undefined
      await share.commit([{ op: 'setQuota', limits }])
    } finally {
      await share.close()
    }
  }

  /** Whoever else is playing: the owner gives others rights, or takes them away. */
  async #grant(choices: Choices): Promise<void> {
    const owner = this.#clients[0]
    const command = owner && !owner.over && owner.unanswered < maxPipelined && setAcl(owner, choices, this.#maker)
    if (command) await owner.send(command)
  }

  async #quiet(): Promise<void> {
    for (const client of this.#clients) client.done()
    await this.#delivering
    while (this.#clients.some((client) => client.unanswered > 0 && !client.over)) await turn()
  }

  /** Everybody hears what there is to hear; then what they think must be what is. */
  async #rest(): Promise<void> {
    await this.#quiet()
    for (const client of this.#clients) {
      // NOTIFY tells of all that has accumulated (RFC 5465 §3.1).
      if (client.isDeaf) await client.send(notifySelected)
      await client.send({ pieces: ['NOOP\r\n'], name: 'NOOP' })
    }
    await this.#compare()
    const all = { pieces: ['UID FETCH 1:* (UID FLAGS)\r\n'], name: 'UID FETCH', selected: true }
    await Promise.all(this.#clients.filter(({ view }) => view).map((client) => client.send(all)))
    await this.#compare()
    // What is told between commands is told by now.
    for (const client of this.#clients) await client.send({ pieces: ['NOOP\r\n'], name: 'NOOP' })
    await this.#compareOthers()
    await this.journal.check(this.#store)
    for (const problem of (await this.#board.check?.(this.#store)) ?? []) this.journal.fault(problem)
    for (const error of this.#server.takeErrors()) this.journal.fault(error)
  }

  async #compare(): Promise<void> {
    const share = await this.#store.openAccount(account)
    try {
      const mailboxes = [...(await share.tree()).byName.values()]
      for (const client of this.#clients) {
        const { view, over } = client
        if (!view || over) continue
        const mailbox = mailboxes.find(({ uidValidity }) => uidValidity === view.uidValidity)
        if (!mailbox && view.mayBeDeleted) continue
        if (!mailbox) client.complain('is in a mailbox that does not exist')
        else compareView(client, view, await share.snapshot(mailbox.id, client.isGuest ? guest : undefined))
      }
    } finally {
      await share.close()
    }
  }

  /** What clients were told of other mailboxes must be what is. */
  async #compareOthers(): Promise<void> {
    const share = await this.#store.openAccount(account)
    try {
      const mailboxes = [...(await share.tree()).byName.values()]
      for (const client of this.#clients) {
        const { others, view, over, isGuest } = client
        if (!others.wish || over) continue
        const watched = mailboxes.filter(({ acl, uidValidity }) => {
          const rights = isGuest ? rightsOf(acl, [guest, 'anyone']) : allRights
          return uidValidity !== view?.uidValidity && rights.includes('l') && rights.includes('r')
        })
        const ids = watched.map(({ id }) => id)
        const statuses = await share.status(ids, isGuest ? guest : undefined)
        for (const [n, status] of statuses.entries()) {
          const wrong = others.wrongAbout((isGuest ? sharedPrefix : '') + (watched[n]?.name ?? ''), status)
          if (wrong !== undefined) client.complain(wrong)
        }
      }
    } finally {
      await share.close()
    }
  }

  /** The same store, opened again, holds the same. */
  async #restart(): Promise<void> {
    if (!this.#board.reopen || this.journal.faults.length > 0) return
    await this.#server.close()
    this.#store = await this.#board.reopen()
    this.#server = this.#serve()
    await this.journal.check(this.#store)
    for (const [n] of this.#dialects.entries()) {
      const client = await this.#connect(n)
      const command = makers[0]?.(client, [n, 4 * n + 6, 0], this.#maker)
      if (command) await client.send(command)
    }
    await this.#rest()
  }

  async close(): Promise<void> {
    await this.#delivering
    for (const client of this.#clients) client.vanish()
    await this.#server.close()
    for (const error of this.#server.takeErrors()) this.journal.fault(error)
  }
}

/** Complains of all that the client thinks and is not so. */
function compareView(client: ToldClient, view: ToldView, { uids, flags, flagSets, modSeqs }: MailboxSnapshot): void {
  const fault = (text: string): void => client.complain(text)
  if (view.messages.length !== uids.length) return fault(`knows of ${view.messages.length}, there are ${uids.length}`)
  for (const [n, message] of view.messages.entries()) {
    if (view.uidOnly && message.uid === undefined) continue
    const row = view.uidOnly ? uids.indexOf(message.uid ?? 0) : n
    if (row === -1) {
      fault(`thinks there is UID ${message.uid}`)
      continue
    }
    const uid = uids[row]
    const text = flagSets[flags.at(row)]?.text ?? ''
    const there = flagText(text === '' ? [] : text.split(' '))
    if (message.uid !== undefined && message.uid !== uid) fault(`thinks ${row + 1} is UID ${message.uid}, not ${uid}`)
    if (message.flags && !message.flags.includes(there)) {
      fault(`thinks UID ${uid} has (${message.flags.join(' or ')}), it has (${there})`)
    }
    if (message.modSeq !== undefined && message.modSeq !== modSeqs.at(row)) {
      fault(`thinks UID ${uid} has MODSEQ ${message.modSeq}, it has ${modSeqs.at(row)}`)
    }
  }
}
