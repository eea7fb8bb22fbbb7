/** How sources and pages are written: no word that a standard term replaced (.ci/words.yml), and no line over 150 characters. */
import t from 'tap'
import { lines, root } from './tree.js'

interface Place { path: string, number: number, word: string, instead: string }
interface Words {
  findWords: () => Place[]
  rules: Array<{ pattern: RegExp }>
  allowed: Array<{ text: RegExp, path?: RegExp, reason: string }>
  textFiles: (...paths: string[]) => string[]
}

const CHARACTERS_AT_MOST = 150
const PLACES_SHOWN = 50
const { findWords, rules, allowed, textFiles } = await import(`${root}bin/words.mjs`) as Words

await t.test('the list catches words inside of names, and every exception has a reason', async t => {
  t.ok(rules.length > 30)
  t.ok(rules.some(({ pattern }) => pattern.test('told')))
  t.strictSame(allowed.filter(({ reason }) => reason.length < 10), [])
})

await t.test('no replaced word is left', async t => {
  const found = findWords().map(({ path, number, word, instead }) => `${path}:${number}: "${word}", instead: ${instead}`)
  t.strictSame(found.slice(0, PLACES_SHOWN), [], `${found.length} places; node bin/words.mjs --list prints all`)
})

await t.test('no line of a text file is longer than 150 characters', async t => {
  // ESLint measures .ts, .mjs and .js. A row of a Markdown table and an address cannot be broken; JSON is data.
  const files = textFiles('src', 'lua', 'test', 'bin', 'grafana/source', 'docs').filter(path => /\.(?:lua|md|ya?ml|html|css|sh)$/.test(path))
  t.ok(files.length > 50)
  const isExempt = (line: string): boolean => line.startsWith('|') || /https?:\/\/\S{60,}/.test(line)
  const long = files.flatMap(path => lines(path).flatMap((line, at) =>
    line.length > CHARACTERS_AT_MOST && !isExempt(line) ? [`${path}:${at + 1}: ${line.length} characters`] : []))
  t.strictSame(long.slice(0, PLACES_SHOWN), [], `${long.length} lines`)
})
