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
  return lines(path).map((text, at) => ({ number: at + 1, text: text.replace(/(^|\s)--.*$/, '') }))
}

function placesOf (paths: string[], pattern: RegExp): string[] {
  return paths.flatMap(path => code(path).flatMap(({ number, text }) => pattern.test(text) ? [`${path}:${number}`] : []))
}

function headerOf (path: string): string[] {
  const all = lines(path)
  const end = all.findIndex((line, at) => at > 0 && !line.startsWith('--'))
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

await t.test('scripts name their keys and arguments before the first command', async t => {
  const late = scripts.flatMap(path => {
    const body = code(path)
    const first = body.findIndex(({ text }) => /\bredis\.p?call\b/.test(text))
    return first === -1 ? [] : body.slice(first).filter(({ text }) => /\b(OWN_)?(KEYS|ARGV)\b/.test(text)).map(({ number }) => `${path}:${number}`)
  })
  t.strictSame(late, [])
  t.strictSame(placesOf(includes, /\b(KEYS|ARGV)\b/), [], 'includes use neither')
})

await t.test('every header states purpose, keys, arguments and result', async t => {
  const faults = scripts.flatMap(path => {
    const [flags = '', purpose = '', ...rest] = headerOf(path)
    const unclear = rest.filter(line => /^-- (OWN_)?(KEYS|ARGV)\[/.test(line) && !/^-- (OWN_)?(KEYS|ARGV)\[\d+\]\s+\S+\s+\S/.test(line))
    return [
      ...flags.startsWith('#!lua') ? [] : [`${path}: must begin with #!lua and its flags`],
      .../^-- (?!KEYS|ARGV|Returns)\S+ \S+/.test(purpose) ? [] : [`${path}: the next line must state the purpose`],
      ...rest.some(line => line.startsWith('-- Returns:')) ? [] : [`${path}: must have a line "Returns:"`],
      ...unclear.map(line => `${path}: "${line}" lacks a name, or a type or unit`),
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

await t.test('no six equal lines in two files: they belong in an include', async t => {
  const seen = new Map<string, string>()
  const twice: string[] = []
  for (const path of files) {
    const trivial = /^(end[,)]*|else|\}|\{|return|do|local \w+ = (tonumber\()?(OWN_)?(KEYS|ARGV)\[\d+\]\)?|)$/
    const meaningful = code(path).map(({ number, text }) => ({ number, text: text.trim() })).filter(({ text }) => !trivial.test(text))
    for (let at = 0; at + EQUAL_LINES_AT_MOST < meaningful.length; at++) {
      const block = meaningful.slice(at, at + EQUAL_LINES_AT_MOST + 1).map(({ text }) => text).join('\n')
      const place = `${path}:${meaningful[at]?.number}`
      const other = seen.get(block)
      if (other === undefined) seen.set(block, place)
      else if (!other.startsWith(`${path}:`)) twice.push(`${other} = ${place}`)
    }
  }
  t.strictSame(twice, [])
})
