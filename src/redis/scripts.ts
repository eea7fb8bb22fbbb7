import { readFileSync, readdirSync } from 'node:fs'
import { SluiceError } from '../errors.js'
import { lanes } from '../message.js'
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
 * with per-message keys or arguments finds its messages as `messages[1]` to `messages[#messages]`. A key such as `queue:<lane>` stands for three
 * keys and is a list. Names that are used without a declaration, or declared and never used, are rejected, in includes too.
 */
export function parseScript (name: string, text: string, read: ReadInclude = readInclude): Script {
  const fail = (detail: string): never => { throw new SluiceError('SCRIPT_INVALID', { detail: `lua/${name}.lua: ${detail}` }) }
  const lines = text.split('\n')
  const end = lines.findIndex((line, i) => i > 0 && !line.startsWith('--'))
  const [flags = '', ...headLines] = lines.slice(0, end)
  if (!flags.startsWith('#!lua')) fail('the first line must be "#!lua" and its flags')
  const header = readHeader(headLines, fail)
  const body = lines.slice(end).join('\n')
  const used = keepUsed(partsOf(headLines), body)
  const code = used.map((part, i) => expand(part.text, used.slice(0, i))).join('') + expand(body, used)
  checkNames(header, code, fail)
  const own = { keys: header.ownKeys.map(row => row.name), args: header.ownArgs.map(row => row.name) }
  return {
    name,
    keys: header.keys.flatMap(wireKeys),
    args: header.args.map(row => row.name),
    replies: header.replies,
    lua: [flags, ...prelude(header, code), substitute(header, code)].join('\n'),
    ...(own.keys.length + own.args.length > 0 ? { own } : {})
  }

  function partsOf (includeLines: string[]): Part[] {
    return [...collectIncludes(includeLines, read, fail)].flatMap(([file, include]) =>
      include.split(/^(?=local function )|(?<=^end\n)/m).map(part => ({ file, text: part, name: /^local function (\w+)/.exec(part)?.[1] })))
  }

  /** Without comments; in place of an include in a block what it has and what nothing before it has. */
  function expand (part: string, before: Part[]): string {
    return withoutComments(part.replaceAll(/^[ \t]+(--- @include \w+)$/gm, (_, line: string) => {
      const isNew = (one: Part): boolean => !before.some(({ file, name: known }) => one.name === undefined ? file === one.file : known === one.name)
      const inner = keepUsed(partsOf([line]).filter(isNew), part)
      return inner.map((one, i) => expand(one.text, [...before, ...inner.slice(0, i)])).join('')
    }))
  }
}

/** The texts of the includes that these lines name, each once, after those that it includes itself. */
function collectIncludes (header: string[], read: ReadInclude, fail: (detail: string) => never): Map<string, string> {
  const done = new Map<string, string>()
  function collect (lines: string[], chain: string[]): void {
    for (const line of lines) {
      if (!line.startsWith('---')) continue
      const name = /^--- @include (\w+)$/.exec(line)?.[1] ?? fail(`"${line}" is not an include`)
      if (chain.includes(name)) fail(`includes form a cycle: ${[...chain, name].join(' -> ')}`)
      if (done.has(name)) continue
      const text = read(name) ?? fail(`there is no include/${name}.lua`)
      collect(text.split('\n'), [...chain, name])
      done.set(name, text)
    }
  }
  collect(header, [])
  return done
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

/** A function of an include, or the lines between two functions. */
interface Part { file: string, text: string, name: string | undefined }

/**
 * The parts without the functions that neither the text nor a part behind them names: each call of a script makes its functions again, which takes
 * Redis as long as a small command. An include in a block of the text does not count, since it brings its own.
 */
function keepUsed (parts: Part[], text: string): Part[] {
  let used = withoutComments(text)
  // From the last one on: a function only uses those before it.
  return parts.reverse().filter(part => {
    if (part.name !== undefined && !new RegExp(`\\b${part.name}\\b`).test(used)) return false
    used += withoutComments(part.text)
    return true
  }).reverse()
}

function checkNames (header: Header, code: string, fail: (detail: string) => never): void {
  if (/\b(KEYS|ARGV)\b/.test(code)) fail('use key.NAME and arg.NAME instead of KEYS and ARGV')
  check('key', header.keys, usesOf(code, /\bkey\.(\w+)/g))
  check('arg', header.args, usesOf(code, /\barg\.(\w+)/g))
  check('message', [...header.ownKeys, ...header.ownArgs], usesOf(code, /\bmessage\.(\w+)/g))

  function check (kind: string, rows: Row[], used: Set<string>): void {
    const declared = rows.map(row => nameInLua(row.name))
    for (const [i, name] of declared.entries()) if (declared.indexOf(name) !== i) fail(`${kind}.${name} is declared twice`)
    for (const name of used) if (!declared.includes(name)) fail(`${kind}.${name} is used and not declared`)
    for (const name of declared) if (!used.has(name)) fail(`${kind}.${name} is declared and not used`)
  }
}

function usesOf (code: string, pattern: RegExp): Set<string> {
  return new Set([...code.matchAll(pattern)].map(match => match[1] ?? ''))
}

/** The keys that a row of the header stands for: `queue:<lane>` is three. */
function wireKeys ({ name }: Row): string[] {
  return name.endsWith(':<lane>') ? lanes.map(lane => name.replace('<lane>', lane)) : [name]
}

/** Code before the script: a list for each group of keys that is used as a whole, and a local for each converted argument that is used twice. */
function prelude (header: Header, code: string): string[] {
  const lines = ['local KEYS, ARGV = KEYS, ARGV']
  let offset = 0
  for (const row of header.keys) {
    const count = wireKeys(row).length
    const name = nameInLua(row.name)
    const isWhole = new RegExp(`\\bkey\\.${name}\\b(?!\\[)`).test(code)
    const group = Array.from({ length: count }, (_, i) => `KEYS[${offset + i + 1}]`)
    if (count > 1 && isWhole) lines.push(`local key_${name} = { ${group.join(', ')} }`)
    offset += count
  }
  header.args.forEach((row, index) => {
    if (isKept(row, code)) lines.push(`local arg_${row.name} = ${converted(row, `ARGV[${index + 1}]`)}`)
  })
  return lines
}

/** Whether an argument is converted once, before the script: where it is used once, it is converted there, since most calls do not get there. */
function isKept (row: Row, code: string): boolean {
  return row.conversion !== 'text' && code.split(new RegExp(`\\barg\\.${row.name}\\b`)).length > 2
}

function converted (row: Row, value: string): string {
  switch (row.conversion) {
    case 'number': return `tonumber(${value})`
    case 'flag': return `(${value} == '1')`
    case 'text': return value
    default: return row.conversion satisfies never
  }
}

/**
 * Puts the places of keys and arguments in place of their names. A message is a number in Lua: where its arguments begin. So `message.NAME` is
 * an argument behind that, and no call makes a table for each message.
 */
function substitute (header: Header, code: string): string {
  const { ownKeys, ownArgs, args } = header
  const keys = new Map<string, { from: number, isGroup: boolean }>()
  let offset = 0
  for (const row of header.keys) {
    const count = wireKeys(row).length
    keys.set(nameInLua(row.name), { from: offset, isGroup: count > 1 })
    offset += count
  }
  const argOf = new Map(args.map((row, index) => [row.name, isKept(row, code) ? `arg_${row.name}` : converted(row, `ARGV[${index + 1}]`)]))
  const own = new Map(ownArgs.map((row, index) => [row.name, converted(row, `ARGV[message + ${index + 1}]`)]))
  const first = `KEYS[${offset} + (message - ${args.length}) / ${ownArgs.length} * ${ownKeys.length} + `
  ownKeys.forEach((row, index) => own.set(nameInLua(row.name), `${first}${index + 1}]`))
  return code
    .replaceAll(/\bkey\.(\w+)(\[)?/g, (_, name: string, index: string | undefined) => {
      const { from, isGroup } = keys.get(name) ?? { from: 0, isGroup: false }
      return isGroup ? index === undefined ? `key_${name}` : `KEYS[${from} + ` : `KEYS[${from + 1}]${index ?? ''}`
    })
    .replaceAll(/\barg\.(\w+)/g, (_, name: string) => argOf.get(name) ?? '')
    .replaceAll(/\bmessage\.(\w+)/g, (_, name: string) => own.get(name) ?? '')
    .replaceAll('#messages', `((#ARGV - ${args.length}) / ${ownArgs.length})`)
    .replaceAll(/\bmessages\[(\w+)\]/g, (_, m: string) => `(${args.length} + (${m} - 1) * ${ownArgs.length})`)
}
