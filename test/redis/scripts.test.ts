/** The script loader, and that lua/README.md and the headers of lua/ agree. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { senderKey } from '../../src/redis/keys.js'
import type { Script } from '../../src/redis/scripts.js'
import { loadScripts, parseScript } from '../../src/redis/scripts.js'
import { rowOf, rows, scriptRows } from '../lua/layout.js'

const good = `#!lua flags=allow-oom
-- Counts.
--
-- Keys:
--   counter       string  a number
--   queue:<lane>  zset    what was counted
--
-- Arguments:
--   now   µs     empty for Redis's clock
--   step  count  to add
--   name  text   of the step
--   loud  flag   says so
--
-- Returns:
--   counted  sum, isLoud?, steps[]   the sum
--   steps[]  name, size
--   refused  -
--- @include clock

-- key.nothing in a comment is not used.
redis.call('ZADD', key.queue[1], clock(), arg.name)
return { 'counted', redis.call('INCRBY', key.counter, arg.step), arg.loud and 1 or 0, {} }
`
const clock = 'local function clock() return arg.now end\n'
const includes: Record<string, string> = {
  clock,
  nested: '--- @include clock\n--- @include other\nlocal function nested() return clock() + other() end\n',
  other: '--- @include clock\nlocal function other() return clock() end\n',
  round: '--- @include trip\n',
  trip: '--- @include round\n'
}
const parse = (text: string): Script => parseScript('count', text, name => includes[name] ?? null)
const refused = (text: string, message: RegExp) => t.throws(() => parse(text), { code: 'SCRIPT_INVALID', message })
const keysOf = (name: string) => senderKey('wa', '100000000000001', name, { digest: 'A'.repeat(22), recipient: 'p15550000001', hour: 489_001 })

await t.test('names of keys and arguments come from the header, in order, and a key for each lane is three', async t => {
  t.match(parse(good), { name: 'count', keys: ['counter', 'queue:urgent', 'queue:normal', 'queue:bulk'], args: ['now', 'step', 'name', 'loud'] })
})

await t.test('the text sent to Redis is the flags, the includes and the body, with keys and arguments by their places', async t => {
  const { lua } = parse(good)
  t.match(lua, /^#!lua flags=allow-oom\n/)
  t.match(lua, "redis.call('ZADD', KEYS[1 + 1], clock(), ARGV[3])")
  t.match(lua, "redis.call('INCRBY', KEYS[1], tonumber(ARGV[2]))")
  t.notMatch(lua, 'key_queue')
  t.match(parse(good.replace('key.queue[1]', 'unpack(key.queue)')).lua, 'local key_queue = { KEYS[2], KEYS[3], KEYS[4] }\n')
  t.ok(lua.indexOf('local function clock') < lua.indexOf('redis.call'))
  t.notMatch(lua, /counter|Returns|@include|nothing|arg\.|key\./)
})

await t.test('an argument has the type of its row', async t => {
  const { lua } = parse(good)
  t.match(lua, 'return tonumber(ARGV[1])')
  t.match(lua, "(ARGV[4] == '1') and 1 or 0")
  t.match(parse(good.replace('arg.step)', 'arg.step + arg.step)')).lua, 'local arg_step = tonumber(ARGV[2])\n', 'once, where it is used twice')
  refused(good.replace('step  count', 'step  cubits'), /"step" has an unknown type: cubits/)
  refused(good.replace('string  a number', 'tree    a number'), /"counter" has an unknown type: tree/)
})

await t.test('fields of replies come from the header', async t => {
  t.strictSame([...parse(good).replies], [
    ['counted', [
      { name: 'sum', isFlag: false, items: null }, { name: 'isLoud', isFlag: true, items: null },
      { name: 'steps', isFlag: false, items: [{ name: 'name', isFlag: false, items: null }, { name: 'size', isFlag: false, items: null }] }
    ]],
    ['refused', []]
  ])
})

await t.test('a script that takes several messages names the keys and arguments of each, and a message is a place', async t => {
  const several = good
    .replace('--   step  count  to add\n', '')
    .replace('-- Returns:', '-- Keys per message:\n--   msg   string  its own\n-- Arguments per message:\n--   step  count   to add\n-- Returns:')
    .replace("'INCRBY', key.counter, arg.step", "'INCRBY', key.counter, #messages")
    .replace('return', 'local message = messages[1]\nlocal step = message.step .. message.msg\nreturn')
  t.match(parse(several), {
    keys: ['counter', 'queue:urgent', 'queue:normal', 'queue:bulk'],
    args: ['now', 'name', 'loud'],
    own: { keys: ['msg'], args: ['step'] }
  })
  t.match(
    parse(several).lua,
    'local message = (3 + (1 - 1) * 1)\nlocal step = tonumber(ARGV[message + 1]) .. KEYS[4 + (message - 3) / 1 * 1 + 1]\n'
  )
  t.match(parse(several).lua, "'INCRBY', KEYS[1], ((#ARGV - 3) / 1))")
  refused(several.replace('message.step', '1'), /message\.step is declared and not used/)
  refused(several.replace('message.step', 'message.size'), /message\.size is used and not declared/)
})

await t.test('an include may include others, each is inserted once, and a cycle is rejected', async t => {
  const nested = good.replace('--- @include clock', '--- @include nested\n--- @include clock').replace('clock(), arg.name', 'nested(), arg.name')
  const { lua } = parse(nested)
  t.equal(lua.split('local function clock').length, 2)
  t.ok(
    lua.indexOf('local function clock') < lua.indexOf('local function other') &&
      lua.indexOf('local function other') < lua.indexOf('local function nested')
  )
  refused(good.replace('@include clock', '@include round'), /includes form a cycle: round -> trip -> round/)
  refused(good.replace('@include clock', '@include sundial'), /there is no include\/sundial\.lua/)
  refused(good.replace('--- @include clock', '--- include clock'), /"--- include clock" is not an include/)
})

await t.test('functions of an include that nothing uses are left out: each call would make them again', async t => {
  const { lua } = parse(good.replace('--- @include clock', '--- @include nested'))
  t.match(lua, 'local function clock')
  t.notMatch(lua, /function (nested|other)/)
})

await t.test('an include in a block is inserted there, without what the header includes', async t => {
  const { lua } = parse(good.replace("return { 'counted'", "if arg.loud then\n  --- @include nested\n  nested()\nend\nreturn { 'counted'"))
  t.ok(lua.indexOf('if arg_loud') < lua.indexOf('local function other') && lua.indexOf('local function nested') < lua.indexOf('  nested()'))
  t.equal(lua.split('local function clock').length, 2)
})

await t.test('a header that does not match its body, or an include, is rejected', async t => {
  refused(good.replace('key.counter', 'key.counters'), /count\.lua: key\.counters is used and not declared/)
  refused(good.replace('arg.step', 'arg.steps'), /arg\.steps is used and not declared/)
  refused(good.replace('key.queue[1]', "'q'"), /key\.queue is declared and not used/)
  refused(good.replace(', arg.step', ', 1'), /arg\.step is declared and not used/)
  refused(good.replace("--   now   µs     empty for Redis's clock\n", ''), /arg\.now is used and not declared/)
  refused(
    good.replace('--   counter       string  a number\n', '--   counter       string  a number\n--   counter       string  again\n'),
    /key\.counter is declared twice/
  )
  refused(good.replace('arg.name', 'ARGV[3]'), /use key\.NAME and arg\.NAME instead of KEYS and ARGV/)
})

await t.test('a row without type or meaning is rejected', async t => {
  refused(good.replace('string  a number', ''), /"counter" needs a type and a meaning/)
  refused(good.replace('count  to add', 'count'), /"step" needs a type and a meaning/)
})

await t.test('a script without a description of its result or its flags is rejected', async t => {
  refused(good.replace('-- Returns:', '-- Gives:'), /does not say what the script returns/)
  refused(good.replace('#!lua flags=allow-oom\n', ''), /first line/)
  refused(good.replace('#!lua', '--!lua'), /first line/)
})

await t.test('every script of lua/ is loaded', async t => {
  const scripts = loadScripts()
  t.ok(scripts.length > 10)
  t.strictSame(scripts.map(script => script.name), [...scripts.map(script => script.name)].sort())
  t.same(scripts.find(script => script.name === 'admit')?.own?.keys, ['msg'])
})

await t.test('no script calls a function of an include before it is defined', t => {
  const defined = /local function (\w+)/g
  const texts = loadScripts().map(({ name, lua }) => ({ name, lua }))
  const names = new Set(texts.flatMap(({ lua }) => [...lua.matchAll(defined)].map(match => match[1])))
  for (const { name, lua } of texts) {
    for (const { 1: called = '', index } of lua.matchAll(/(?<![\w.:]|function )(\w+)\(/g)) {
      // A parameter may have the same name.
      if (names.has(called)) t.match(lua.slice(0, index), new RegExp(`\\b${called}\\b`), `${name}.lua: ${called}`)
    }
  }
  t.end()
})

await t.test('each script has a row in lua/README.md, and each row a script', async t => {
  t.strictSame([...scriptRows].sort(), loadScripts().map(script => script.name))
})

await t.test('each key of a header has a row, with the same type', async t => {
  for (const { name } of loadScripts()) {
    const header = readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8')
    const rows = [...header.matchAll(/^-- {3}(\S+) +(string|hash|zset|list) /gm)]
    t.ok(rows.length > 0, name)
    for (const [, key = '', type] of rows) {
      const row = rowOf(keysOf(key.replace('<lane>', 'bulk')), 'wa') ?? rowOf(senderKey('wa', '', key), 'wa')
      t.equal(row?.type, type, `${name}: ${key}`)
    }
  }
})

await t.test('each script that lua/README.md names as a writer of a key has it in its header', async t => {
  const scripts = loadScripts()
  for (const row of rows.filter(row => row.key.includes('<sender>'))) {
    for (const script of scripts.filter(({ name }) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(row.written))) {
      t.ok([...script.keys, ...script.own?.keys ?? []].some(key => rowOf(keysOf(key), 'wa') === row), `${script.name} writes ${row.key}`)
    }
  }
})
