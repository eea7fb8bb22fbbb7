import { readFileSync, readdirSync } from 'node:fs'
import { SluiceError } from '../errors.js'

/**
 * A Lua file, read and checked: its header is the declaration of its keys and arguments, in order. A script that takes several messages at
 * once has `own` ones for each, behind those that all of them share.
 */
export interface Script {
  name: string
  keys: string[]
  args: string[]
  own?: { keys: string[], args: string[] }
  lua: string
}

const folder = new URL('../../lua/', import.meta.url)

/** Reads every script of lua/. Throws SCRIPT_INVALID where a header and its body disagree. */
export function loadScripts (): Script[] {
  return readdirSync(folder).filter(file => file.endsWith('.lua')).sort()
    .map(file => parseScript(file.slice(0, -4), readFileSync(new URL(file, folder), 'utf8')))
}

/**
 * Checks a script and puts its includes in. The header has to name `KEYS[1]` to `KEYS[n]` and `ARGV[1]` to `ARGV[n]`
 * without a gap, and so `OWN_KEYS` and `OWN_ARGV` of a script that takes several messages, which is told how many there are of each; an index that is used and not named, or named and not used, is refused, and so is a script that does not
 * say what it returns.
 */
export function parseScript (name: string, text: string): Script {
  const lines = text.split('\n')
  const end = lines.findIndex((line, at) => at > 0 && !line.startsWith('--'))
  const header = lines.slice(0, end)
  const body = lines.slice(end).join('\n')
  if (!(lines[0] ?? '').startsWith('#!lua')) throw invalid(name, 'the first line has to be "#!lua" and its flags')
  if (!header.some(line => line.startsWith('-- Returns:'))) throw invalid(name, 'the header does not say what it returns')
  const keys = declared(name, header, body, 'KEYS')
  const args = declared(name, header, body, 'ARGV')
  const own = { keys: declared(name, header, body, 'OWN_KEYS'), args: declared(name, header, body, 'OWN_ARGV') }
  const takesSeveral = own.keys.length + own.args.length > 0
  const counts = takesSeveral ? [`local SHARED_KEYS, EACH_KEYS, SHARED_ARGV, EACH_ARGV = ${keys.length}, ${own.keys.length}, ${args.length}, ${own.args.length}`] : []
  const lua = [lines[0], ...counts, ...header.map(line => include(name, line)), body].join('\n')
  return { name, keys, args, lua, ...(takesSeveral ? { own } : {}) }
}

function declared (name: string, header: string[], body: string, kind: 'KEYS' | 'ARGV' | 'OWN_KEYS' | 'OWN_ARGV'): string[] {
  const names = header.flatMap(line => {
    const match = new RegExp(`^-- ${kind}\\[(\\d+)\\]\\s+(\\S+)\\s+\\S`).exec(line)
    return match === null ? [] : [{ index: Number(match[1]), name: match[2] ?? '' }]
  })
  names.forEach((entry, at) => {
    if (entry.index !== at + 1) throw invalid(name, `${kind}[${entry.index}] stands where ${kind}[${at + 1}] is due`)
  })
  const used = new Set([...body.matchAll(new RegExp(`\\b${kind}\\[(\\d+)\\]`, 'g'))].map(match => Number(match[1])))
  for (const index of used) {
    if (index > names.length) throw invalid(name, `${kind}[${index}] is used and not named`)
  }
  for (const entry of names) {
    if (!used.has(entry.index)) throw invalid(name, `${kind}[${entry.index}] (${entry.name}) is named and not used`)
  }
  return names.map(entry => entry.name)
}

/** `--- @include gcra` becomes lua/include/gcra.lua; other header lines don't travel to Redis. */
function include (name: string, line: string): string {
  if (!line.startsWith('---')) return ''
  const included = /^--- @include (\w+)$/.exec(line)?.[1]
  if (included === undefined) throw invalid(name, `"${line}" is no include`)
  try {
    return readFileSync(new URL(`include/${included}.lua`, folder), 'utf8')
  } catch (cause) {
    throw invalid(name, `there is no include/${included}.lua`, cause)
  }
}

function invalid (name: string, detail: string, cause?: unknown): SluiceError {
  return new SluiceError('SCRIPT_INVALID', { detail: `lua/${name}.lua: ${detail}`, ...(cause === undefined ? {} : { cause }) })
}
