/** The loader, and that lua/README.md and the headers of lua/ tell the same. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { senderKey } from '../../src/redis/keys.js'
import { loadScripts, parseScript } from '../../src/redis/scripts.js'
import { rowOf, rows, scriptRows } from '../lua/layout.js'

const good = `#!lua flags=allow-oom
-- Counts.
--
-- KEYS[1]  counter  string  a number
-- KEYS[2]  log      zset    what was counted
--
-- ARGV[1]  now   µs     '' for Redis's clock
-- ARGV[2]  step  count  to add
--
-- Returns:
--   {'counted', the sum}
--- @include clock
local counter, log = KEYS[1], KEYS[2]
local given, step = ARGV[1], tonumber(ARGV[2])
redis.call('ZADD', log, clock(given), step)
return { 'counted', redis.call('INCRBY', counter, step) }
`
const refused = (text: string, message: RegExp) => t.throws(() => parseScript('count', text), { code: 'SCRIPT_INVALID', message })
const keysOf = (name: string) => senderKey('wa', '100000000000001', name, { digest: 'A'.repeat(22), recipient: 'p15550000001' })

await t.test('names of keys and arguments come from the header, in order', async t => {
  t.match(parseScript('count', good), { name: 'count', keys: ['counter', 'log'], args: ['now', 'step'] })
})

await t.test('what travels to Redis is the flags, the includes and the body', async t => {
  const { lua } = parseScript('count', good)
  t.match(lua, /^#!lua flags=allow-oom\n/)
  t.match(lua, 'local function clock(given)')
  t.ok(lua.indexOf('local function clock') < lua.indexOf('local counter, log'))
  t.notMatch(lua, /KEYS\[1\] {2}counter|Returns|@include/)
})

await t.test('a script that takes several messages names what each brings, and is told how many that are', async t => {
  const several = good
    .replace('-- ARGV[2]  step  count  to add', '-- and of each:\n-- OWN_ARGV[1]  step  count  to add')
    .replace('local given, step = ARGV[1], tonumber(ARGV[2])', 'local given, step = ARGV[1], tonumber(part(ARGV, SHARED_ARGV, EACH_ARGV, 1)[1]) -- OWN_ARGV[1]')
  t.match(parseScript('count', several), { keys: ['counter', 'log'], args: ['now'], own: { keys: [], args: ['step'] } })
  t.match(parseScript('count', several).lua, 'local SHARED_KEYS, EACH_KEYS, SHARED_ARGV, EACH_ARGV = 2, 0, 1, 1\n')
  refused(several.replace(' -- OWN_ARGV[1]\n', '\n'), /OWN_ARGV\[1\] \(step\) is named and not used/)
})

await t.test('an include that is not there is an error', async t => {
  t.throws(() => parseScript('count', good.replace('@include clock', '@include sundial')), { code: 'SCRIPT_INVALID' })
})

await t.test('a header that does not fit its body is refused', async t => {
  refused(good.replace('local counter, log = KEYS[1], KEYS[2]', 'local counter, log, more = KEYS[1], KEYS[2], KEYS[3]'), /count\.lua: KEYS\[3\] is used and not named/)
  refused(good.replace('tonumber(ARGV[2])', 'tonumber(ARGV[3])'), /ARGV\[3\] is used and not named/)
  refused(good.replace('KEYS[1], KEYS[2]', 'KEYS[1], nil'), /KEYS\[2\] \(log\) is named and not used/)
  refused(good.replace('tonumber(ARGV[2])', '1'), /ARGV\[2\] \(step\) is named and not used/)
})

await t.test('a gap, or another order, is refused', async t => {
  refused(good.replaceAll('KEYS[2]', 'KEYS[3]'), /KEYS\[3\] stands where KEYS\[2\] is due/)
  refused(good.replace('-- ARGV[1]', '-- ARGV[x]').replace('-- ARGV[2]', '-- ARGV[1]').replace('[x]', '[2]'), /ARGV\[2\] stands where ARGV\[1\] is due/)
})

await t.test('a line without type or meaning names nothing', async t => {
  refused(good.replace('-- KEYS[2]  log      zset    what was counted', '-- KEYS[2]  log'), /KEYS\[2\] is used and not named/)
})

await t.test('a script that does not say what it returns, or what flags it has, is refused', async t => {
  refused(good.replace('-- Returns:', '-- Gives:'), /does not say what it returns/)
  refused(good.replace('#!lua flags=allow-oom\n', ''), /first line/)
  refused(good.replace('#!lua', '--!lua'), /first line/)
})

await t.test('every script of the house is read', async t => {
  const scripts = loadScripts()
  t.ok(scripts.length > 10)
  t.strictSame(scripts.map(script => script.name), [...scripts.map(script => script.name)].sort())
  t.same(scripts.find(script => script.name === 'admit')?.own?.keys, ['msg'])
})

await t.test('each script has a row in lua/README.md, and each row a script', async t => {
  t.strictSame([...scriptRows].sort(), loadScripts().map(script => script.name))
})

await t.test('each key of a header has a row, with the same type', async t => {
  for (const { name } of loadScripts()) {
    const header = readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8')
    for (const [, key = '', type] of header.matchAll(/^-- (?:OWN_)?KEYS\[\d+\]\s+(\S+)\s+(\S+)/gm)) {
      t.equal(rowOf(keysOf(key), 'wa')?.type, type, `${name}: ${key}`)
    }
  }
})

await t.test('each script that is told to write a key names it in its header', async t => {
  const scripts = loadScripts()
  for (const row of rows.filter(row => row.key.includes('<sender>'))) {
    for (const script of scripts.filter(({ name }) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(row.written))) {
      t.ok([...script.keys, ...script.own?.keys ?? []].some(key => rowOf(keysOf(key), 'wa') === row), `${script.name} writes ${row.key}`)
    }
  }
})
