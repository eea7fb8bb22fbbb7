/**
 * What Redis wrote, by its append-only files: an observer that is neither the gateway nor a client. A script's effects stand there one by one,
 * before any client got its reply.
 */
import { createReadStream, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { nameOf, type Fact, type Granted } from './history.js'

/** Keeps everything in one file: a rewrite would replace the writes by their result. */
export const keepLedger = ['--auto-aof-rewrite-percentage', '0']

/** The file that a server appends to now. */
export function ledgerOf (dir: string): string | null {
  const folder = join(dir, 'appendonlydir')
  const files = readdirSync(folder).filter(name => name.endsWith('.incr.aof'))
  // By the number in their names: appendonly.aof.12.incr.aof
  const newest = files.sort((a, b) => Number(a.split('.').at(-3)) - Number(b.split('.').at(-3))).at(-1)
  return newest === undefined ? null : join(folder, newest)
}

export function sizeOf (file: string): number {
  return statSync(file).size
}

/** Calls `take` with each command of a file from a byte on. */
export async function readCommands (file: string, take: (command: string[], end: number) => void, start = 0): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  let read = start
  for await (const chunk of createReadStream(file, { start, highWaterMark: 1 << 22 })) {
    const bytes = rest.length === 0 ? chunk as Buffer : Buffer.concat([rest, chunk as Buffer])
    read += (chunk as Buffer).length
    rest = parse(bytes, take, read - bytes.length)
  }
}

/** Takes all whole commands and returns what is left. `offset`: where the bytes stand in the file. */
function parse (bytes: Buffer, take: (command: string[], end: number) => void, offset: number): Buffer {
  let at = 0
  for (;;) {
    const whole = commandAt(bytes, at)
    if (whole === null) return bytes.subarray(at)
    take(whole.words, offset + whole.end)
    at = whole.end
  }
}

/** The command that begins at a byte; null if its end is missing. What a cut left of another command is skipped. */
function commandAt (bytes: Buffer, from: number): { words: string[], end: number } | null {
  let at = from
  if (bytes[at] !== 42) {
    at = bytes.indexOf('\r\n*', at)
    if (at < 0) return null
    at += 2
  }
  let line = bytes.indexOf('\r\n', at)
  if (line < 0) return null
  const count = Number(bytes.toString('latin1', at + 1, line))
  const words: string[] = []
  for (at = line + 2; words.length < count; at += 2) {
    line = bytes.indexOf('\r\n', at)
    if (line < 0) return null
    const length = Number(bytes.toString('latin1', at + 1, line))
    at = line + 2 + length
    if (at + 2 > bytes.length) return null
    words.push(bytes.toString('utf8', line + 2, at))
  }
  return { words, end: at }
}

/** The grants in a file from a byte on. A grant: id, attempt, end of the lease, holder, moment of the grant in µs. */
export async function grantsIn (file: string, start = 0): Promise<Granted[]> {
  const granted: Granted[] = []
  await readCommands(file, ([name = '', key = '', ...rest]) => {
    if (!/^HM?SET$/i.test(name) || !key.endsWith(':grants')) return
    const sender = key.slice(key.indexOf(':') + 1, key.indexOf('}'))
    for (let at = 0; at + 1 < rest.length; at += 2) {
      const [id, attempt, , , us] = (rest[at + 1] ?? '').split(' ')
      granted.push({ fact: 'granted', at: Number(us) / 1000, opaque: `${id}.${attempt}`, pair: `${sender}/${(rest[at] ?? '').slice(1)}` })
    }
  }, start)
  return granted
}

/** Reading starts this far before a cut, since the script that is cut in two is lost as a whole. */
const BEFORE_CUT = 1 << 18

/** Which messages and pairs the writes are about that a file loses where it is cut at a byte: a script's writes stand between MULTI and EXEC. */
export async function aboutIn (file: string, cut: number): Promise<{ ids: string[], pairs: string[] }> {
  const ids = new Set<string>()
  const pairs = new Set<string>()
  let script: string[][] = []
  await readCommands(file, (words, end) => {
    const name = (words[0] ?? '').toUpperCase()
    if (name === 'MULTI') script = []
    script.push(words)
    if (end <= cut) return
    for (const one of script) collect(one, ids, pairs)
    script = []
  }, Math.max(0, cut - BEFORE_CUT))
  return { ids: [...ids], pairs: [...pairs] }
}

/** The whole commands in a part of a file. */
export function commandsIn (bytes: Buffer): string[][] {
  const commands: string[][] = []
  parse(bytes, words => { commands.push(words) }, 0)
  return commands
}

/** Commands that occur once: they name a message and a moment. Others, such as the rules of a sender, are written again after a failover. */
const isUnique = ([, key = '', ...rest]: string[]): boolean => /:(?:grants|inflight)$/.test(key) && /\d{16}/.test(rest.join(' '))

/**
 * Which messages and pairs the writes of a former master are about that its successor lacks: a replica writes the same commands in the same
 * order, so everything behind the last common one is lost.
 */
export function lostBetween (former: string[][], successor: string[][]): { ids: string[], pairs: string[] } {
  const textOf = (words: string[]): string => words.join(' ')
  const kept = new Set(successor.filter(isUnique).map(textOf))
  const last = former.findLastIndex(words => isUnique(words) && kept.has(textOf(words)))
  const ids = new Set<string>()
  const pairs = new Set<string>()
  for (const words of former.slice(last + 1)) collect(words, ids, pairs)
  return { ids: [...ids], pairs: [...pairs] }
}

/** Digests of ids, and recipients in the members and fields of a sender's keys. */
export function collect (words: string[], ids: Set<string>, pairs: Set<string>): void {
  const [, key = ''] = words
  const sender = /^\{[^:}]+:([^}]+)\}/.exec(key)?.[1]
  for (const word of words.slice(1)) {
    for (const [, digest = ''] of word.matchAll(/(?<![\w-])([\w-]{22})(?=\.[0-9a-f]{8,14}\b)/g)) ids.add(digest)
    const [, named] = /:msg:([\w-]{22})$/.exec(word) ?? []
    if (named !== undefined) ids.add(named)
    const [, digits] = /^-?p(\d{7,15})(?:$|[ :])/.exec(word) ?? []
    if (digits !== undefined && sender !== undefined) pairs.add(`${sender}/${digits}`)
  }
}

/** All grants of several servers, each once: a replica writes what its master wrote. */
export async function grantsOf (dirs: string[]): Promise<Fact[]> {
  const found = new Map<string, Granted>()
  for (const dir of dirs) {
    const files = readdirSync(join(dir, 'appendonlydir')).filter(name => name.endsWith('.incr.aof')).map(name => join(dir, 'appendonlydir', name))
    for (const file of files) for (const one of await grantsIn(file)) found.set(`${one.opaque} ${one.at}`, one)
  }
  return [...found.values()].filter(({ opaque }) => nameOf(opaque) !== '')
}
