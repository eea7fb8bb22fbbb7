#!/usr/bin/env node
/**
 * `npm run lint:prose`: textlint checks docs, user-facing texts and comments of Lua for replaced words, double negations, sentences over 30
 * words, and words that are neither English nor in the project's dictionary (.ci/textlint.json, .ci/dictionary.txt).
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createLinter, loadLinterFormatter, loadTextlintrc } from 'textlint'
import { at, root } from './kit.mjs'
import { spelling } from './spelling.mjs'
import { commentsOf, textsOf } from './strings.mjs'
import { textFiles } from './words.mjs'

const PAGES = ['docs', 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'lua/README.md', 'grafana/README.md', 'test/bench/README.md']
const SOURCES = ['src', 'grafana/source', 'bin']
const GENERATED = ['src/client/openapi.ts']
/** Texts in other languages. */
const FOREIGN = /^src\/console\/page\/text-(?:es|pt)/

const standard = await loadTextlintrc({ configFilePath: at('.ci/textlint.json') })
const rules = [...standard.rule.toKernelRulesFormat().map(alsoInTables), { ruleId: 'spelling', rule: spelling }]
const linter = createLinter({ cwd: root, descriptor: standard.shallowMerge({ rules }) })

/** textlint's result for a text in Markdown; `path` names it in the report. */
export async function check (path, text) {
  return { ...await linter.lintText(text, `${path}.md`), filePath: path }
}

/** The rule on the length of sentences reads paragraphs; a cell of a table has sentences as well. */
function alsoInTables ({ rule, ...others }) {
  const both = (context, options) => {
    const visitors = rule(context, options)
    return { ...visitors, ...visitors.Paragraph && { [context.Syntax.TableCell]: visitors.Paragraph } }
  }
  return { ...others, rule: typeof rule === 'function' ? both : rule }
}

/** Descriptions and summaries of an OpenAPI document, which are composed of several texts of the source: a paragraph each, without repeats. */
function descriptionsIn (document) {
  const found = new Set()
  JSON.stringify(document, (key, value) => {
    if (['description', 'summary', 'title'].includes(key) && typeof value === 'string') found.add(value)
    return value
  })
  return [...found].join('\n\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = path => readFileSync(at(path), 'utf8')
  const isSource = path => /\.(?:ts|js|mjs)$/.test(path) && !GENERATED.includes(path) && !FOREIGN.test(path)
  const texts = [
    ...textFiles(...PAGES).filter(path => path.endsWith('.md')).map(path => [path, read(path)]),
    ...textFiles(...SOURCES).filter(isSource).map(path => [path, textsOf(path, read(path))]),
    ...textFiles('lua').filter(path => path.endsWith('.lua')).map(path => [path, commentsOf(read(path))]),
    ['docs/openapi.json', descriptionsIn(JSON.parse(read('docs/openapi.json')))]
  ]
  const results = []
  for (const [path, text] of texts) results.push(await check(path, text))
  const found = results.filter(({ messages }) => messages.length > 0)
  const { format } = await loadLinterFormatter({ formatterName: 'unix' })
  console.log(found.length > 0 ? format(found) : `${texts.length} files, no findings`)
  process.exitCode = found.length === 0 ? 0 : 1
}
