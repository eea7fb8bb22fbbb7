/** The rules of lua/, checked by reading the files. The loader itself checks that each header matches its body. */
import t from 'tap'
import { exists, lines, list, read } from './tree.js'

const LINES_AT_MOST = 150
const LINES_AIMED_AT = 90
const EQUAL_LINES_AT_MOST = 5

const files = list('lua', '.lua')
const scripts = files.filter(path => !path.startsWith('lua/include/'))
const includes = files.filter(path => path.startsWith('lua/include/'))
const nameOf = (path: string) => path.replace(/^lua\//, '').replace(/\.lua$/, '')

/** Lines with their numbers, from 1, without comments: a rule of code must not fail on a sentence about it. */
function code (path: string): Array<{ number: number, text: string }> {
  return lines(path).map((text, i) => ({ number: i + 1, text: text.replace(/(^|\s)--.*$/, '') }))
}

function placesOf (paths: string[], pattern: RegExp): string[] {
  return paths.flatMap(path => code(path).flatMap(({ number, text }) => pattern.test(text) ? [`${path}:${number}`] : []))
}

function headerOf (path: string): string[] {
  const all = lines(path)
  const end = all.findIndex((line, i) => i > 0 && !line.startsWith('--'))
  return all.slice(0, end)
}

await t.test('there is something to check', async t => {
  t.ok(scripts.length > 5)
  t.ok(includes.length > 0)
})

await t.test('only lua/include/clock.lua reads the clock', async t => {
  t.strictSame([...new Set(placesOf(files, /['"]TIME['"]/i).map(place => place.replace(/:\d+$/, '')))], ['lua/include/clock.lua'])
})

await t.test('numbers of 16 digits are not rounded: no tostring', async t => {
  t.strictSame(placesOf(files, /\btostring\s*\(/), [])
})

await t.test('keys and arguments have the names of the header: nothing in lua/ counts them', async t => {
  t.strictSame(placesOf(files, /\b(KEYS|ARGV)\b/), [])
})

await t.test('Lua parses and builds no JSON, but for the payload where a sender has rates', async t => {
  const found = placesOf(files, /\bcjson\b|'[^']*\{"|string\.find\([^)]*'"/)
  t.strictSame(found.filter(place => !place.startsWith('lua/include/rate.lua:')), [])
  t.equal(found.length, 1)
})

await t.test('an include says whether it writes', async t => {
  // Every command that is not known to read counts as a write, also one that a variable names.
  const reads =
    /^'(EXISTS|GET|HEXISTS|HGET|HGETALL|HKEYS|HLEN|HMGET|HVALS|INFO|LLEN|LRANGE|PTTL|TIME|TYPE|ZCARD|ZCOUNT|ZLEXCOUNT|ZMSCORE|ZRANGE\w*|ZSCORE)'/
  const commands = (text: string): string[] => [...text.matchAll(/redis\.p?call\(\s*([^,)]+)/g)].map(([, name = '']) => name)
  const writes = (text: string): boolean => commands(text).some(name => !reads.test(name)) || /\bwrite_all\(/.test(text)
  t.ok(['LTRIM', 'ZPOPMAX', 'XADD', 'PEXPIRE'].every(name => writes(`redis.call('${name}', key.a)`)))
  const faults = includes.filter(path => code(path).some(({ text }) => writes(text)) !== /\bWrites\b/.test(read(path)))
  t.strictSame(faults, [])
})

await t.test('every header states purpose, keys, arguments and result', async t => {
  const faults = scripts.flatMap(path => {
    const [flags = '', purpose = '', ...rest] = headerOf(path)
    return [
      ...flags.startsWith('#!lua') ? [] : [`${path}: must begin with #!lua and its flags`],
      .../^-- (?!(?:Keys|Arguments|Returns):)\S+ \S+/.test(purpose) ? [] : [`${path}: the next line must state the purpose`],
      ...rest.some(line => line.startsWith('-- Returns:')) ? [] : [`${path}: must have a line "Returns:"`]
    ]
  })
  t.strictSame(faults, [])
})

await t.test('no script or include is too long', async t => {
  const long = files.map(path => ({ path, length: lines(path).length })).filter(({ length }) => length > LINES_AT_MOST)
  t.strictSame(long, [], `at most ${LINES_AT_MOST} lines, aim at ${LINES_AIMED_AT}`)
})

await t.test('every script has a test in test/lua, under its own name or named in it', async t => {
  const tests = list('test/lua', '.test.ts')
  const untested = scripts.map(nameOf).filter(name => {
    const camel = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    const isNamed = new RegExp(`\\b(${name}|${camel})\\b`)
    return !exists(`test/lua/${name}.test.ts`) && !tests.some(path => isNamed.test(read(path)))
  })
  t.strictSame(untested, [])
})

await t.test('every script has a row in lua/README.md', async t => {
  const rows = lines('lua/README.md').filter(line => line.startsWith('|'))
  const without = scripts.map(nameOf).filter(name => !rows.some(row => row.includes(`\`${name}.lua\``) || row.includes(`\`${name}\``)))
  t.strictSame(without, [])
})

await t.test('the table of scripts names the files that call each one', async t => {
  const named = lines('lua/README.md').flatMap(line => {
    const [, names = '', callers = ''] = /^\| (`[\w-]+\.lua`(?:, `[\w-]+\.lua`)*) \|.*\| ([^|]+) \|$/.exec(line) ?? []
    return [...names.matchAll(/`([\w-]+)\.lua`/g)].map(([, name = '']) => ({ name, callers: [...callers.matchAll(/`([\w/-]+\.ts)`/g)] }))
  })
  t.ok(named.length > 25)
  const calls = (name: string, path: string): boolean => read(`src/${path}`).includes(`'${name}'`)
  t.strictSame(named.filter(({ name, callers }) => callers.length === 0 || !callers.every(([, path = '']) => calls(name, path)))
    .map(({ name, callers }) => `${name}: ${callers.map(([, path]) => path).join(', ')}`), [])
})

await t.test('no six equal lines in two files: they belong in an include', async t => {
  const seen = new Map<string, string>()
  const twice: string[] = []
  for (const path of files) {
    const trivial = /^(end[,)]*|else|\}|\{|return|do|)$/
    const meaningful = code(path).map(({ number, text }) => ({ number, text: text.trim() })).filter(({ text }) => !trivial.test(text))
    for (let i = 0; i + EQUAL_LINES_AT_MOST < meaningful.length; i++) {
      const block = meaningful.slice(i, i + EQUAL_LINES_AT_MOST + 1).map(({ text }) => text).join('\n')
      const place = `${path}:${meaningful[i]?.number}`
      const other = seen.get(block)
      if (other === undefined) seen.set(block, place)
      else if (!other.startsWith(`${path}:`)) twice.push(`${other} = ${place}`)
    }
  }
  t.strictSame(twice, [])
})
