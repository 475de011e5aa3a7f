/**
 * PROXY protocol, version 2: the binary header by which a load balancer says for whom it connects.
 * Source: "The PROXY protocol", HAProxy Technologies, versions 1 & 2, section 2.2.
 */
import type { Duplex } from 'node:stream'

/** Octets of address block and TLVs behind the fixed 16; balancers send some hundred. */
export const maxProxyHeaderBytes = 4096

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const fixedBytes = 16

/** Whom the balancer connects for; `undefined` addresses: it speaks for itself (LOCAL, or no TCP). */
export interface ProxySource {
  readonly address: string
  readonly port: number
}

/** What the octets so far are. */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly why: string }
  | { readonly kind: 'complete'; readonly bytes: number; readonly source: ProxySource | undefined }

const incomplete: ProxyHeader = { kind: 'incomplete' }
const invalid = (why: string): ProxyHeader => ({ kind: 'invalid', why })

/** Reads the header at the start of `octets`. Says `invalid` at the first octet that cannot belong to one. */
export function parseProxyHeader(octets: Buffer): ProxyHeader {
  const known = Math.min(octets.length, signature.length)
  if (octets.compare(signature, 0, known, 0, known) !== 0) return invalid('not a PROXY v2 signature')
  if (octets.length > 12) {
    const versionAndCommand = octets.readUInt8(12)
    if (versionAndCommand >>> 4 !== 2) return invalid('version is not 2')
    if ((versionAndCommand & 15) > 1) return invalid('unknown command')
  }
  if (octets.length < fixedBytes) return incomplete
  const isLocal = (octets.readUInt8(12) & 15) === 0
  const familyAndProtocol = octets.readUInt8(13)
  const length = octets.readUInt16BE(14)
  if (length > maxProxyHeaderBytes) return invalid(`longer than ${maxProxyHeaderBytes} octets`)
  // The fields of LOCAL are to be skipped whatever they hold.
  if (!isLocal && !isKnownFamily(familyAndProtocol)) return invalid('unknown address family or protocol')
  const addressBytes = isLocal ? 0 : addressBytesOf(familyAndProtocol)
  if (length < addressBytes) return invalid('too short for its address family')
  const bytes = fixedBytes + length
  if (octets.length < bytes) return incomplete
  return { kind: 'complete', bytes, source: isLocal ? undefined : sourceOf(octets, familyAndProtocol) }
}

const tcpOverIpv4 = 0x11
const tcpOverIpv6 = 0x21

function isKnownFamily(familyAndProtocol: number): boolean {
  return familyAndProtocol >>> 4 <= 3 && (familyAndProtocol & 15) <= 2
}

function addressBytesOf(familyAndProtocol: number): number {
  return [0, 12, 36, 216][familyAndProtocol >>> 4] ?? 0
}

function sourceOf(octets: Buffer, familyAndProtocol: number): ProxySource | undefined {
  if (familyAndProtocol === tcpOverIpv4) {
    return { address: [...octets.subarray(16, 20)].join('.'), port: octets.readUInt16BE(24) }
  }
  if (familyAndProtocol === tcpOverIpv6) {
    const groups = Array.from({ length: 8 }, (_, group) => octets.readUInt16BE(16 + 2 * group).toString(16))
    return { address: groups.join(':'), port: octets.readUInt16BE(48) }
  }
  return undefined
}

/** The other side sent no proper header, or none in time. */
export class ProxyHeaderFailure extends Error {
  constructor(why: string) {
    super(`PROXY header: ${why}`)
    this.name = 'ProxyHeaderFailure'
  }
}

/**
 * Takes the header off the front of a connection; what follows it stays in the socket. Throws
 * {@link ProxyHeaderFailure} when it is wrong, does not come within `timeoutMs`, or the connection ends.
 */
export async function readProxyHeader(socket: Duplex, timeoutMs: number): Promise<ProxySource | undefined> {
  return await new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0)
    const finish = (): void => {
      clearTimeout(timer)
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd)
    }
    const fail = (why: string): void => {
      finish()
      reject(new ProxyHeaderFailure(why))
    }
    const onEnd = (): void => fail('the connection ended')
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null // no encoding is set
      if (chunk === null) return
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const header = parseProxyHeader(held)
      if (header.kind === 'invalid') return fail(header.why)
      if (header.kind === 'incomplete') return
      finish()
      if (header.bytes < held.length) socket.unshift(held.subarray(header.bytes))
      resolve(header.source)
    }
    const timer = setTimeout(() => fail(`none within ${timeoutMs} ms`), timeoutMs)
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd)
  })
}
