/** How sources and pages are written: no word that a standard term replaced (.ci/words.yml), and no line over 150 characters. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { exists, lines, root } from './tree.js'

interface Place { path: string, number: number, word: string, instead: string }
interface Words {
  findWords: () => Place[]
  rules: Array<{ pattern: RegExp }>
  allowed: Array<{ text: RegExp, path?: RegExp, reason: string }>
  textFiles: (...paths: string[]) => string[]
}

const CHARACTERS_AT_MOST = 150
const PLACES_SHOWN = 50

/** Files that a program wrote, and pictures. */
const generated = [
  /^package-lock\.json$/, /^docs\/openapi\.json$/, /^src\/client\/openapi\.ts$/, /^test\/bench\/results\.json$/, /\.(?:png|svg|ico|woff2)$/,
  // By `npm run grafana`, see grafana/source/outputs.ts.
  /^grafana\/(?:dashboards\/|alerts\/|provisioning\/alerting\/rules\.yml$|kubernetes\/(?:prometheus-rule|pod-monitor|dashboards)\.yml$)/
]
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
  const tracked = spawnSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).stdout.split('\n').filter(path => path !== '')
  // A release without its history has no list.
  const files = (tracked.length > 0 ? tracked : textFiles('src', 'lua', 'test', 'bin', 'grafana/source', 'docs', '.ci'))
    .filter(path => exists(path) && !generated.some(pattern => pattern.test(path)))
  t.ok(files.length > 500)
  // A row of a Markdown table cannot be broken.
  const isRow = (path: string, line: string): boolean => path.endsWith('.md') && line.startsWith('|')
  const long = files.flatMap(path => lines(path).flatMap((line, i) =>
    line.length > CHARACTERS_AT_MOST && !isRow(path, line) ? [`${path}:${i + 1}: ${line.length} characters`] : []))
  t.strictSame(long.slice(0, PLACES_SHOWN), [], `${long.length} lines`)
})
