import type { RedisOptions } from 'ioredis'
import { SluiceError } from '../errors.js'

/** The servers of a `REDIS_URL`: one server, directly or by its sentinels, or a cluster by some of its nodes. */
export type Address =
  | { kind: 'server', options: RedisOptions }
  | { kind: 'cluster', nodes: Host[], options: RedisOptions }

interface Host { host: string, port: number }

/** The last `@` ends the password, which may contain others. */
const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:(.*)@)?([^/?#@]+)(?:\/([^/?#@]*))?$/
const SHAPES = '`redis://`, `redis+sentinel://host:port,host:port/name` or `redis+cluster://host:port,host:port`, or `rediss://` for TLS'

/**
 * Reads `redis[s]://[user:password@]host:port[/database]`, `redis[s]+sentinel://[user:password@]host:port,.../name` (user and
 * password are those of the servers, not of the sentinels) or `redis[s]+cluster://[user:password@]host:port,...`. Throws CONFIG_INVALID without
 * the address, since that contains a password.
 */
export function parseAddress (text: string): Address {
  const [, scheme, kind, login = '', hosts = '', path = ''] = SHAPE.exec(text) ?? []
  if (scheme === undefined) throw invalid(`REDIS_URL has to be ${SHAPES}`)
  const [username = '', ...password] = login.split(':')
  const common: RedisOptions = {
    ...(username === '' ? {} : { username: decode(username, 'user') }),
    ...(password.length === 0 ? {} : { password: decode(password.join(':'), 'password') }),
    ...(scheme === 'rediss' ? { tls: {} } : {})
  }
  const list = hosts.split(',').map(host => parseHost(host, kind === 'sentinel' ? 26379 : 6379))
  switch (kind) {
    case 'cluster':
      if (path !== '') throw invalid('a cluster has neither a name nor databases: REDIS_URL ends with its last host')
      return { kind, nodes: list, options: common }
    case 'sentinel':
      if (path === '') throw invalid('REDIS_URL has to end with the name by which the sentinels know the master')
      return {
        kind: 'server',
        options: { ...common, sentinels: list, name: path, ...(scheme === 'rediss' ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}) }
      }
    default:
      if (list.length > 1) throw invalid(`several hosts are sentinels or a cluster: REDIS_URL has to be ${SHAPES}`)
      if (!/^\d*$/.test(path)) throw invalid('the database in REDIS_URL has to be a number')
      return { kind: 'server', options: { ...common, ...list[0], db: Number(path) } }
  }
}

function decode (text: string, part: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(`the ${part} in REDIS_URL contains a % that begins no escape: write %25 for %`)
  }
}

function parseHost (text: string, standard: number): Host {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined) throw invalid('a host in REDIS_URL has to be host or host:port')
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)) throw invalid('a port in REDIS_URL has to be from 1 to 65535')
  return { host, port: Number(port ?? standard) }
}

function invalid (detail: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', { detail, field: 'REDIS_URL' })
}
