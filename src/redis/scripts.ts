import { readFileSync, readdirSync } from 'node:fs'
import { SluiceError } from '../errors.js'
import type { Header, Row } from './script-header.js'
import { nameInLua, readHeader } from './script-header.js'

/** One field of a reply. `isFlag`: 0 or 1 on the wire. `items`: the fields of each entry of a list. */
export interface ReplyField { name: string, isFlag: boolean, items: ReplyField[] | null }

/**
 * A Lua file, read and checked. Its header declares its keys, its arguments and its replies, in the order of the call. A script that
 * takes several messages at once has `own` keys and arguments for each message, after those that all of them share.
 */
export interface Script {
  name: string
  keys: string[]
  args: string[]
  own?: { keys: string[], args: string[] }
  /** The fields of each reply, by its status. */
  replies: Map<string, ReplyField[]>
  lua: string
}

/** The text of an include by its name, or null where there is none. */
export type ReadInclude = (name: string) => string | null

const folder = new URL('../../lua/', import.meta.url)

/** Reads every script of lua/. Throws SCRIPT_INVALID where a header and its body disagree. */
export function loadScripts (): Script[] {
  return readdirSync(folder).filter(file => file.endsWith('.lua')).map(file => file.slice(0, -4)).sort()
    .map(name => parseScript(name, readFileSync(new URL(`${name}.lua`, folder), 'utf8')))
}

/**
 * Checks a script, inserts its includes and gives it its names: `key.NAME` becomes `KEYS[i]`, `arg.NAME` becomes `ARGV[i]`, and a script
 * with per-message keys or arguments finds its messages in the list `messages`. A key such as `queue:<lane>` stands for three keys and is
 * a list. Names that are used without a declaration, or declared and never used, are refused, in includes too.
 */
export function parseScript (name: string, text: string, read: ReadInclude = readInclude): Script {
  const refuse = (detail: string): never => { throw new SluiceError('SCRIPT_INVALID', { detail: `lua/${name}.lua: ${detail}` }) }
  const lines = text.split('\n')
  const end = lines.findIndex((line, at) => at > 0 && !line.startsWith('--'))
  const [flags = '', ...headLines] = lines.slice(0, end)
  if (!flags.startsWith('#!lua')) refuse('the first line must be "#!lua" and its flags')
  const header = readHeader(headLines, refuse)
  const code = [...collectIncludes(headLines, read, refuse), lines.slice(end).join('\n')].map(withoutComments).join('\n')
  checkNames(header, code, refuse)
  const own = { keys: header.ownKeys.map(row => row.name), args: header.ownArgs.map(row => row.name) }
  return {
    name,
    keys: header.keys.flatMap(wireKeys),
    args: header.args.map(row => row.name),
    replies: header.replies,
    lua: [flags, ...prelude(header), substitute(header, code)].join('\n'),
    ...(own.keys.length + own.args.length > 0 ? { own } : {})
  }
}

/** The includes of the header, each once, after those that it includes itself. */
function collectIncludes (header: string[], read: ReadInclude, refuse: (detail: string) => never): string[] {
  const done = new Map<string, string>()
  function collect (lines: string[], chain: string[]): void {
    for (const line of lines) {
      if (!line.startsWith('---')) continue
      const name = /^--- @include (\w+)$/.exec(line)?.[1] ?? refuse(`"${line}" is not an include`)
      if (chain.includes(name)) refuse(`includes form a cycle: ${[...chain, name].join(' -> ')}`)
      if (done.has(name)) continue
      const text = read(name) ?? refuse(`there is no include/${name}.lua`)
      collect(text.split('\n'), [...chain, name])
      done.set(name, text)
    }
  }
  collect(header, [])
  return [...done.values()]
}

function readInclude (name: string): string | null {
  try {
    return readFileSync(new URL(`include/${name}.lua`, folder), 'utf8')
  } catch {
    return null
  }
}

/** Removes comments, which must not count as uses of a name. Their lines stay empty, so that line numbers in errors are right. */
function withoutComments (lua: string): string {
  return lua.replaceAll(/^[ \t]*--.*$/gm, '')
}

function checkNames (header: Header, code: string, refuse: (detail: string) => never): void {
  if (/\b(KEYS|ARGV)\b/.test(code)) refuse('use key.NAME and arg.NAME instead of KEYS and ARGV')
  check('key', header.keys, usesOf(code, /\bkey\.(\w+)/g))
  check('arg', header.args, usesOf(code, /\barg\.(\w+)/g))
  check('message', [...header.ownKeys, ...header.ownArgs], usesOf(code, /\bmessage\.(\w+)|\(messages, '(\w+)'/g))

  function check (kind: string, rows: Row[], used: Set<string>): void {
    const declared = rows.map(row => nameInLua(row.name))
    for (const [at, one] of declared.entries()) if (declared.indexOf(one) !== at) refuse(`${kind}.${one} is declared twice`)
    for (const one of used) if (!declared.includes(one)) refuse(`${kind}.${one} is used and not declared`)
    for (const one of declared) if (!used.has(one)) refuse(`${kind}.${one} is declared and not used`)
  }
}

function usesOf (code: string, pattern: RegExp): Set<string> {
  return new Set([...code.matchAll(pattern)].map(match => match[1] ?? match[2] ?? ''))
}

/** The keys that a row of the header stands for: `queue:<lane>` is three. */
function wireKeys ({ name }: Row): string[] {
  return name.endsWith(':<lane>') ? ['urgent', 'normal', 'bulk'].map(lane => name.replace('<lane>', lane)) : [name]
}

/** Code before the script: a list for each group of keys, a local for each converted argument, and the list of messages. */
function prelude (header: Header): string[] {
  const lines = ['local KEYS, ARGV = KEYS, ARGV']
  let at = 0
  for (const row of header.keys) {
    const count = wireKeys(row).length
    if (count > 1) lines.push(`local key_${nameInLua(row.name)} = { ${Array.from({ length: count }, (_, n) => `KEYS[${at + n + 1}]`).join(', ')} }`)
    at += count
  }
  header.args.forEach((row, index) => {
    if (row.conversion !== 'text') lines.push(`local arg_${row.name} = ${converted(row, `ARGV[${index + 1}]`)}`)
  })
  const { ownKeys, ownArgs } = header
  if (ownKeys.length + ownArgs.length === 0) return lines
  const fields = [
    ...ownKeys.map((row, index) => `${nameInLua(row.name)} = KEYS[k + ${index + 1}]`),
    ...ownArgs.map((row, index) => `${row.name} = ${converted(row, `ARGV[a + ${index + 1}]`)}`)
  ]
  return [
    ...lines,
    'local messages = {}',
    `for m = 0, (#ARGV - ${header.args.length}) / ${ownArgs.length} - 1 do`,
    `  local k, a = ${at} + m * ${ownKeys.length}, ${header.args.length} + m * ${ownArgs.length}`,
    `  messages[m + 1] = { ${fields.join(', ')} }`,
    'end'
  ]
}

function converted (row: Row, value: string): string {
  switch (row.conversion) {
    case 'number': return `tonumber(${value})`
    case 'flag': return `${value} == '1'`
    case 'text': return value
    default: return row.conversion satisfies never
  }
}

function substitute (header: Header, code: string): string {
  const keys = new Map<string, string>()
  let at = 0
  for (const row of header.keys) {
    const count = wireKeys(row).length
    keys.set(nameInLua(row.name), count > 1 ? `key_${nameInLua(row.name)}` : `KEYS[${at + 1}]`)
    at += count
  }
  const args = new Map(header.args.map((row, index) => [row.name, row.conversion === 'text' ? `ARGV[${index + 1}]` : `arg_${row.name}`]))
  return code
    .replaceAll(/\bkey\.(\w+)/g, (_, name: string) => keys.get(name) ?? '')
    .replaceAll(/\barg\.(\w+)/g, (_, name: string) => args.get(name) ?? '')
}
