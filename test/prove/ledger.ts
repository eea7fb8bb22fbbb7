/**
 * What Redis wrote, by its append-only files: an observer that is neither the gateway nor a client. A script's effects stand there one by one,
 * before any client got its reply.
 */
import { createReadStream, existsSync, linkSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { nameOf, type Fact, type Granted, type Lost } from './history.js'

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
export async function readCommands (file: string, onCommand: (command: string[], end: number) => void, start = 0): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  let read = start
  for await (const chunk of createReadStream(file, { start, highWaterMark: 1 << 22 })) {
    const bytes = rest.length === 0 ? chunk as Buffer : Buffer.concat([rest, chunk as Buffer])
    read += (chunk as Buffer).length
    rest = parse(bytes, onCommand, read - bytes.length)
  }
}

/** Takes all whole commands and returns what is left. `offset`: where the bytes stand in the file. */
function parse (bytes: Buffer, onCommand: (command: string[], end: number) => void, offset: number): Buffer {
  let start = 0
  for (;;) {
    const whole = commandAt(bytes, start)
    if (whole === null) return bytes.subarray(start)
    onCommand(whole.words, offset + whole.end)
    start = whole.end
  }
}

/** The command that begins at a byte; null if its end is missing. What a cut left of another command is skipped. */
function commandAt (bytes: Buffer, from: number): { words: string[], end: number } | null {
  let offset = from
  if (bytes[offset] !== 42) {
    offset = bytes.indexOf('\r\n*', offset)
    if (offset < 0) return null
    offset += 2
  }
  let line = bytes.indexOf('\r\n', offset)
  if (line < 0) return null
  const count = Number(bytes.toString('latin1', offset + 1, line))
  const words: string[] = []
  for (offset = line + 2; words.length < count; offset += 2) {
    line = bytes.indexOf('\r\n', offset)
    if (line < 0) return null
    const length = Number(bytes.toString('latin1', offset + 1, line))
    offset = line + 2 + length
    if (offset + 2 > bytes.length) return null
    words.push(bytes.toString('utf8', line + 2, offset))
  }
  return { words, end: offset }
}

/** The grants in a file from a byte on. A grant: id, attempt, end of the lease, holder, moment of the grant in µs. */
export async function grantsIn (file: string, start = 0): Promise<Granted[]> {
  const granted = new Map<string, Granted>()
  await readCommands(file, ([name = '', key = '', ...rest]) => {
    if (!/^HM?SET$/i.test(name) || !key.endsWith(':grants')) return
    const sender = key.slice(key.indexOf(':') + 1, key.indexOf('}'))
    for (let i = 0; i + 1 < rest.length; i += 2) {
      const [id, attempt, , , us] = (rest[i + 1] ?? '').split(' ')
      // A change of rules writes a grant again.
      granted.set(`${id} ${attempt} ${us}`, {
        fact: 'granted', at: Number(us) / 1000, opaque: `${id}.${attempt}`, pair: `${sender}/${(rest[i] ?? '').slice(1)}`
      })
    }
  }, start)
  return [...granted.values()]
}

/** Reading starts this far before a cut, since the script that is cut in two is lost as a whole. */
const BEFORE_CUT = 1 << 18

/** What the writes are about that a file loses where it is cut at a byte: a script's writes stand between MULTI and EXEC. */
export async function lostBehind (file: string, cut: number): Promise<Lost> {
  const lost: string[][] = []
  let script: string[][] = []
  await readCommands(file, (words, end) => {
    const name = (words[0] ?? '').toUpperCase()
    if (name === 'MULTI') script = []
    script.push(words)
    if (end <= cut) return
    lost.push(...script)
    script = []
  }, Math.max(0, cut - BEFORE_CUT))
  return aboutOf(lost)
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
 * What the writes of a former master are about that its successor lacks. A replica writes the same commands in the same order:
 * everything is lost from the first one on, after the last unique command in both files, that the successor did not write next.
 */
export function lostBetween (former: string[][], successor: string[][]): Lost {
  const isOwn = ([name = '']: string[]): boolean => /^SELECT$/i.test(name)
  const [before, after] = [former, successor].map(file => file.filter(words => !isOwn(words))) as [string[][], string[][]]
  const textOf = (words: string[] | undefined): string | undefined => words?.join(' ')
  const kept = new Map(after.flatMap((words, i) => isUnique(words) ? [[textOf(words), i] as const] : []))
  let last = before.findLastIndex(words => isUnique(words) && kept.has(textOf(words)))
  if (last >= 0) {
    let next = (kept.get(textOf(before[last])) ?? 0) + 1
    while (last + 1 < before.length && textOf(before[last + 1]) === textOf(after[next++])) last++
  }
  return aboutOf(before.slice(last + 1))
}

/**
 * Digests of ids, recipients in the members and fields of a sender's keys, senders whose rules or state an operator changed, and campaigns whose
 * messages were stopped or released.
 */
function aboutOf (commands: string[][]): Lost {
  const [ids, pairs, senders, campaigns] = [new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>()]
  for (const words of commands) {
    const [, key = '', ...rest] = words
    const [, sender, name] = /^\{[^:}]+:([^}]+)\}:([\w-]+)/.exec(key) ?? []
    if (sender !== undefined && name === 'sender' && rest.some(word => word === 'version' || word === 'status')) senders.add(sender)
    if (name === 'templates') for (const word of rest) if (word.startsWith('#')) campaigns.add(word.slice(1))
    for (const word of [key, ...rest]) {
      for (const [, digest = ''] of word.matchAll(/(?<![\w-])([\w-]{22})(?=\.[0-9a-f]{8,14}\b)/g)) ids.add(digest)
      const [, named] = /:msg:([\w-]{22})$/.exec(word) ?? []
      if (named !== undefined) ids.add(named)
      const [, digits] = /^-?p(\d{7,15})(?:$|[ :])/.exec(word) ?? []
      if (digits !== undefined && sender !== undefined) pairs.add(`${sender}/${digits}`)
    }
  }
  return { ids: [...ids], pairs: [...pairs], senders: [...senders], campaigns: [...campaigns] }
}

/**
 * Keeps the files of servers, which delete theirs when they follow another master: a hard link has the content as long as it is needed. Call it
 * again after each start of a server or of a replication. Grants are read from what is kept.
 */
export function keepFiles (dirs: string[], folder: string): void {
  for (const dir of dirs) {
    for (const name of readdirSync(join(dir, 'appendonlydir')).filter(name => name.endsWith('.incr.aof'))) {
      const file = join(dir, 'appendonlydir', name)
      // It may be deleted at this moment; then it was linked before.
      const inode = statSync(file, { throwIfNoEntry: false })?.ino
      if (inode === undefined || existsSync(join(folder, `${inode}.incr.aof`))) continue
      try {
        linkSync(file, join(folder, `${inode}.incr.aof`))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
  }
}

/** All grants in the files of a folder, each once: a replica writes what its master wrote. */
export async function grantsOf (folder: string): Promise<Fact[]> {
  const found = new Map<string, Granted>()
  for (const file of readdirSync(folder).filter(name => name.endsWith('.incr.aof'))) {
    for (const one of await grantsIn(join(folder, file))) found.set(`${one.opaque} ${one.at}`, one)
  }
  return [...found.values()].filter(({ opaque }) => nameOf(opaque) !== '')
}
