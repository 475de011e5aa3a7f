import type { Operation, StagedMessage } from '../../model/operation.ts'
import { Staged } from '../embedded/staging.ts'
import type { SentMessage } from './protocol.ts'

/** The staged messages that operations name. */
export function stagedIn(operations: readonly Operation[]): Staged[] {
  const staged: Staged[] = []
  for (const operation of operations) {
    if (operation.op !== 'append') continue
    for (const message of operation.messages) {
      // A mistake of the caller, not of a client.
      if (!isOurs(message.staged)) throw new Error('a message was named that is not staged, or twice')
      staged.push(message.staged)
    }
  }
  return staged
}

function isOurs(staged: StagedMessage): staged is Staged {
  return staged instanceof Staged && staged.isUsable
}

/** Operations as plain data: a staged message is what tells its octets. */
export function sentOperations(operations: readonly Operation[]): readonly Operation[] {
  return withStaged(operations, (staged) => {
    if (!(staged instanceof Staged)) throw new Error('a message of another store') // `stagedIn` has looked at it
    const { octets, segment } = staged
    const sent: SentMessage = segment === undefined ? { octets: octets ?? none } : { segment, indexed: staged.indexed }
    return sent as unknown as StagedMessage // on the way only: `receivedOperations` undoes it
  })
}

/** Operations as they were before {@link sentOperations}; `stagedOf` makes the messages. */
export function receivedOperations(
  operations: readonly Operation[],
  stagedOf: (sent: SentMessage) => StagedMessage,
): readonly Operation[] {
  return withStaged(operations, (sent) => stagedOf(sent as unknown as SentMessage)) // as `sentOperations` made it
}

function withStaged(
  operations: readonly Operation[],
  exchange: (staged: StagedMessage) => StagedMessage,
): readonly Operation[] {
  return operations.map((operation) =>
    operation.op === 'append'
      ? { ...operation, messages: operation.messages.map((one) => ({ ...one, staged: exchange(one.staged) })) }
      : operation,
  )
}

const none = Buffer.alloc(0)
