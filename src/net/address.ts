import { isIP } from 'node:net'

/** Where to listen: a TCP host and port (0: any free one), or the path of a Unix socket. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** A text that names no address. */
export class BadAddress extends Error {
  constructor(text: string) {
    super(`'${text}' is no address: HOST:PORT, [IPV6]:PORT or unix:PATH is expected`)
    this.name = 'BadAddress'
  }
}

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`. `*` as the host means every address of the machine.
 * Throws {@link BadAddress}.
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    if (path === '') throw new BadAddress(text)
    return { kind: 'unix', path }
  }
  const found = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  if (!found) throw new BadAddress(text)
  const [, ipv6, host = '', digits = ''] = found
  const port = Number(digits)
  if (port > 65_535 || (ipv6 !== undefined && isIP(ipv6.replace(/%.*$/, '')) !== 6)) throw new BadAddress(text)
  return { kind: 'tcp', host: ipv6 ?? (host === '*' ? '::' : host), port }
}

/** The address as {@link parseListenAddress} reads it. */
export function writeListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

/** Whether only programs of the same machine can reach the address. */
export function isLoopback(address: ListenAddress): boolean {
  return address.kind === 'unix' || /^(?:127\.|::1$|localhost$)/.test(address.host)
}

/** An IPv4 address that a dual-stack socket shows as `::ffff:192.0.2.1`, in its own form; others as they are. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
}

/**
 * What counts as one client when connections are counted: an IPv4 address, or the /64 of an IPv6 address, since one
 * household or host is given at least that much.
 */
export function addressGroup(remoteAddress: string): string {
  const address = plainAddress(remoteAddress)
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  // An IPv4 tail (`64:ff9b::192.0.2.1`) stands for two groups.
  const width = front.length + back.length + (back.at(-1)?.includes('.') || front.at(-1)?.includes('.') ? 1 : 0)
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - width }, () => '0')
  const groups = [...front, ...zeros, ...back].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return groups.join(':') + '::/64'
}
