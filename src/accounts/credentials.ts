import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import {
  defaultScramIterations,
  deriveScramKeys,
  minScramIterations,
  scramHashes,
  scramSaltBytes,
} from '../sasl/scram-keys.ts'
import type { ScramHash, ScramKeys } from '../sasl/scram-keys.ts'
import { formatPhc, parsePhc } from './phc.ts'
import type { Argon2Costs } from './phc.ts'

const hashArgon2 = promisify(argon2)

/** How much work a password costs us and those who steal the file. */
export interface HashCosts {
  readonly argon2: Argon2Costs
  /** Rounds of PBKDF2, at least 4,096. */
  readonly scramIterations: number
}

/** 19 MiB and two passes: about 20 ms of one core. */
export const defaultCosts: HashCosts = {
  argon2: { memoryKib: 19_456, passes: 2, lanes: 1 },
  scramIterations: defaultScramIterations,
}

/** As little as the algorithms take: for tests. */
export const testCosts: HashCosts = {
  argon2: { memoryKib: 8, passes: 1, lanes: 1 },
  scramIterations: minScramIterations,
}

const saltBytes = 16
const tagBytes = 32

/** What is kept of a password. */
export interface Credentials {
  /** argon2id, as a PHC string; a new one with every password, so it also says whether that changed. */
  readonly password: string
  readonly scram: Readonly<Record<ScramHash, ScramKeys>>
}

/** The credentials of a prepared password; on the thread pool. */
export async function makeCredentials(password: string, costs: HashCosts): Promise<Credentials> {
  const salt = randomBytes(saltBytes)
  const tag = await hashPassword(password, costs.argon2, salt, tagBytes)
  return {
    password: formatPhc({ ...costs.argon2, salt, tag }),
    scram: {
      'SHA-1': await deriveScramKeys('SHA-1', password, costs.scramIterations),
      'SHA-256': await deriveScramKeys('SHA-256', password, costs.scramIterations),
    },
  }
}

/** Whether the prepared password is the one behind a PHC string; on the thread pool. Throws `Error` if that is none. */
export async function isPassword(phc: string, password: string): Promise<boolean> {
  const { salt, tag, ...costs } = parsePhc(phc)
  return timingSafeEqual(await hashPassword(password, costs, salt, tag.length), tag)
}

/** Credentials that no password fits, and that cost as much to read and to check as real ones. */
export function impossibleCredentials({ argon2: costs, scramIterations: iterations }: HashCosts): Credentials {
  const keys = (hash: ScramHash): ScramKeys => {
    const { bytes } = scramHashes[hash]
    const salt = randomBytes(scramSaltBytes)
    return { salt, iterations, storedKey: randomBytes(bytes), serverKey: randomBytes(bytes) }
  }
  return {
    password: formatPhc({ ...costs, salt: randomBytes(saltBytes), tag: randomBytes(tagBytes) }),
    scram: { 'SHA-1': keys('SHA-1'), 'SHA-256': keys('SHA-256') },
  }
}

function hashPassword(message: string, costs: Argon2Costs, nonce: Buffer, tagLength: number): Promise<Buffer> {
  const { memoryKib: memory, passes, lanes: parallelism } = costs
  return hashArgon2('argon2id', { message, nonce, memory, passes, parallelism, tagLength })
}
