/** Every key has an owner and a bound, and nothing of a removed sender stays for ever. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { bounds, rows } from './layout.js'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const scripts = readdirSync(new URL('lua/', root)).filter(name => name.endsWith('.lua'))
/** `{wa:<sender>}:msg:<digest>` -> `msg`; the lanes stay, as in the header of a script. */
const nameOf = (key: string): string => key.replace(/^.*\}:/, '').replace(/:<(?!lane).*$/, '')

/** Keys that a script may use, by its header; it can use no others. */
function keysOf (script: string): string[] {
  const [header = ''] = read(`lua/${script}`).split(/\n(?!--)/)
  return [...header.matchAll(/^-- {3}(\S+) +(?:zset|hash|string|list) /gm)].map(([, name = '']) => name)
}

await t.test('every key of the layout states an owner, which is a module, and a bound', t => {
  t.strictSame(bounds.map(({ key }) => key), rows.map(({ key }) => key), 'the tables have the same keys in the same order')
  for (const { key, owner, bound } of bounds) {
    t.ok(existsSync(new URL(`src/${owner}`, root)), `${key}: ${owner}`)
    t.match(bound, /\w/, key)
    t.notMatch(bound, /\b(none|unbounded|stays)\b/, key)
  }
  t.end()
})

await t.test('a script uses no key without a stated bound', t => {
  const known = new Set(bounds.map(({ key }) => nameOf(key)))
  t.ok(known.size > 30)
  for (const script of scripts) {
    const keys = keysOf(script)
    t.ok(keys.length > 0, script)
    t.strictSame(keys.filter(name => !known.has(name)), [], script)
  }
  t.end()
})

await t.test('a key of the gateway as a whole has a stated bound, unless it is a channel', t => {
  const [, union = ''] = /type GlobalName =([^]*?)\n\n/.exec(read('src/redis/keys.ts')) ?? []
  const names = [...union.matchAll(/'([^']+)'/g)].map(([, name = '']) => name).filter(name => !name.endsWith('wake'))
  t.ok(names.length > 5)
  const known = bounds.filter(({ key }) => key.startsWith('{wa}')).map(({ key }) => nameOf(key))
  t.strictSame(names.filter(name => !known.includes(name)), [])
  t.end()
})

await t.test('forget.lua waits for or removes every key of a sender that has no TTL', t => {
  const handled = keysOf('forget.lua')
  const lasting = bounds.filter(({ key, bound }) => key.includes('<sender>') && !bound.includes('TTL')).map(({ key }) => nameOf(key))
  t.strictSame(lasting.filter(name => !handled.includes(name)), [])
  t.end()
})
