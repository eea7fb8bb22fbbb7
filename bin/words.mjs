#!/usr/bin/env node
/**
 * `node bin/words.mjs`: counts the replaced words of .ci/words.yml and .ci/names.yml in each folder, and exits with 1 where there are any;
 * with `--list` it prints each place. test/contract/words.test.ts requires 0.
 */
import { readFileSync, statSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { at, files, root } from './kit.mjs'

export const folders = ['src', 'lua', 'test', 'docs', 'grafana', 'bin']

/** Where a word has its standard meaning. `text` is taken out of a line before it is searched; `path`, where given, limits it to files. */
export const allowed = [
  { text: /\bsluice_[a-z_]+/g, reason: 'metric names stay: dashboards and alerts outside of this repository use them' },
  { text: /'shift(?:s_running|_unattended_seconds)'/g, path: /^src\/metrics\//, reason: 'the same metric names, without their prefix' },
  { text: /'(?:refusals|webhooks_refused)_total'/g, path: /^src\/metrics\//, reason: 'the same metric names, without their prefix' },
  { text: /\.(?:un)?shift\(/g, reason: 'JavaScript: `Array.prototype.shift`' },
  { text: /\bShift\+Tab\b/g, path: /^test\/console\//, reason: 'the key of a keyboard' }
]

/** Files that explain the words, files that a program wrote from others, and figures of benchmark runs. */
const skipped = [
  'bin/words.mjs', 'test/contract/words.test.ts', 'test/contract/prose.test.ts', 'docs/openapi.json', 'src/client/openapi.ts',
  'test/bench/results.json', 'docs/site/package-lock.json'
]

/** All rules: the word's pattern, what to write instead, and the folders it is limited to. */
export const rules = ['words.yml', 'names.yml']
  .flatMap(file => parse(readFileSync(at('.ci', file), 'utf8')).rules)
  .map(({ pattern, expected, folders: only }) => {
    const [, source, flags] = /^\/(.*)\/(\w*)$/.exec(pattern)
    return { pattern: new RegExp(source, flags), instead: expected, only: only ?? folders }
  })

/** Text files, by their paths from the root: files as they are named, and all below folders. */
export function textFiles (...paths) {
  return paths.flatMap(path => statSync(at(path)).isDirectory() ? files(at(path)).map(file => relative(root, file)).sort() : [path])
    .filter(path => !/\.(?:png|svg|ico|woff2)$/.test(path))
}

/** `lastToldAt`, `last_told_at` and `LAST_TOLD_AT` as words. */
function wordsOf (text) {
  return text.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z])([A-Z][a-z])/g, '$1 $2').replaceAll('_', ' ')
}

/** Places with replaced words: path, line number (0 is the file's name), the word, and what to write instead. */
export function findWords () {
  return textFiles(...folders).filter(path => !skipped.includes(path)).flatMap(path => {
    const active = rules.filter(({ only }) => only.some(folder => path.startsWith(`${folder}/`)))
    const exceptions = allowed.filter(one => one.path === undefined || one.path.test(path))
    return [path, ...readFileSync(at(path), 'utf8').split('\n')].flatMap((line, number) => {
      const words = wordsOf(exceptions.reduce((rest, { text }) => rest.replaceAll(text, ''), line))
      return active.flatMap(({ pattern, instead }) => {
        const match = pattern.exec(words)
        return match === null ? [] : [{ path, number, word: match[0], instead }]
      })
    })
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = findWords()
  if (process.argv.includes('--list')) {
    for (const { path, number, word, instead } of found) console.log(`${path}:${number}: "${word}", instead: ${instead}`)
  }
  const words = [...new Set(found.map(({ word }) => word.toLowerCase()))].sort()
  const countOf = (folder, word) =>
    found.filter(one => one.path.startsWith(`${folder}/`) && (word === undefined || one.word.toLowerCase() === word)).length
  const rowOf = word => [word, Object.fromEntries(folders.map(folder => [folder, countOf(folder, word)]))]
  if (words.length > 0) console.table(Object.fromEntries(words.map(rowOf)))
  console.log(folders.map(folder => `${folder} ${countOf(folder)}`).join(', '))
  process.exitCode = found.length === 0 ? 0 : 1
}
