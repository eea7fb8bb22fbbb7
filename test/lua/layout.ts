/** Reads the tables of lua/README.md, to compare them with what a test left in Redis. */
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'

export interface Row {
  /** As in the table: `{wa:<sender>}:queue:<lane>`. */
  key: string
  type: string
  /** Shapes of its value, or of `member = value`. */
  shapes: string[]
  /** Scripts named as its writers. */
  written: string
}

const text = readFileSync(new URL('../../lua/README.md', import.meta.url), 'utf8')
const parts = new Map(table('Parts').map(([part = '', pattern = '']) => [bare(part), bare(pattern)]))
const fields = table('Fields of :sender').map(([field = '', value = '']) => `${bare(field)} = (${bare(value)})`)

export const rows: Row[] = table('Keys').map(([key = '', type = '', entry = '', written = '']) => ({
  key: bare(key), type, written, shapes: entry.startsWith('[') ? fields : [...entry.matchAll(/`([^`]+)`/g)].map(([, shape = '']) => shape)
}))

/** Owner and bound of each key. */
export const bounds: Array<{ key: string, owner: string, bound: string }> = table('Owners and bounds')
  .map(([key = '', owner = '', bound = '']) => ({ key: bare(key), owner, bound }))

/** Script names of the table of scripts. */
export const scriptRows: string[] = table('Scripts').map(([script = '']) => bare(script).replace('.lua', ''))

/** Keys in Redis under this prefix that match no row: a sentence each. */
export async function strangers (redis: Redis, prefix: string): Promise<string[]> {
  const keys = await redis.keys(`*${prefix}*`)
  const found = await Promise.all(keys.map(async key => await examine(redis, prefix, key)))
  return found.flat().sort()
}

export function rowOf (key: string, prefix: string): Row | undefined {
  return rows.find(row => keyPattern(row.key, prefix).test(key))
}

/** The part of a key that decides its place in a cluster. */
export function hashTag (key: string): string {
  return /\{([^}]+)\}/.exec(key)?.[1] ?? key
}

async function examine (redis: Redis, prefix: string, key: string): Promise<string[]> {
  const row = rowOf(key, prefix)
  if (row === undefined) return [`${key} is in no row`]
  const type = await redis.type(key)
  // Its TTL ended since KEYS named it.
  if (type === 'none') return []
  if (row.type === "BullMQ's") return []
  if (type !== row.type) return [`${key} is a ${type} and the row says ${row.type}`]
  const patterns = row.shapes.map(shape => new RegExp(`^(?:${expand(shape)})$`, 's'))
  return (await entriesOf(redis, key, type)).filter(entry => !patterns.some(pattern => pattern.test(entry)))
    .map(entry => `${key} holds ${JSON.stringify(entry)}`)
}

async function entriesOf (redis: Redis, key: string, type: string): Promise<string[]> {
  if (type === 'string') return [await redis.get(key)].filter(text => text !== null) // its TTL may have ended
  if (type === 'hash') return Object.entries(await redis.hgetall(key)).map(([field, value]) => `${field} = ${value}`)
  if (type === 'stream') return []
  if (type === 'list') return await redis.lrange(key, 0, -1)
  const flat = await redis.zrange(key, 0, -1, 'WITHSCORES')
  return flat.flatMap((member, i) => i % 2 === 0 ? [`${member} = ${flat[i + 1]}`] : [])
}

function keyPattern (name: string, prefix: string): RegExp {
  const [head = '', ...rest] = name.replace('{wa', `{${prefix}`).split(/(?=<)/)
  return new RegExp(`^${[head, ...rest].map(escaped).join('')}$`)
}

/** Literal text around a part; `*` at the end is anything. */
function escaped (piece: string): string {
  const [, part = '', tail = ''] = /^(<[^>]+>)?(.*)$/.exec(piece) ?? []
  return expand(part) + tail.replaceAll(/[{}.]/g, '\\$&').replace(/\*$/, '.*')
}

function expand (shape: string): string {
  return shape.replaceAll(/<[^>]+>/g, part => {
    const pattern = parts.get(part)
    if (pattern === undefined) throw new TypeError(`lua/README.md has no part ${part}`)
    return `(?:${expand(pattern)})`
  })
}

/** The rows of the first table beneath a heading; each a list of cells. */
function table (heading: string): string[][] {
  const [, section = ''] = text.split(new RegExp(`^#+ ${heading}$`, 'm'))
  const lines = section.slice(section.indexOf('\n|') + 1).split('\n')
  const end = lines.findIndex(line => !line.startsWith('|'))
  return lines.slice(2, end === -1 ? undefined : end)
    .map(line => line.slice(1, -1).split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll('\\|', '|')))
}

function bare (cell: string): string {
  return cell.replaceAll('`', '')
}
