#!/usr/bin/env node
/**
 * `npm run lint:prose`: textlint checks docs and user-facing texts for replaced words, double negations and sentences over 30 words
 * (.ci/textlint.json). A finding in dist/texts.md stands under a heading that names its source.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { at, root } from './kit.mjs'
import { textFiles } from './words.mjs'

const pages = textFiles('docs', 'README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'lua/README.md', 'grafana/README.md')
  .filter(path => path.endsWith('.md'))
const texts = 'dist/texts.md'

mkdirSync(at('dist'), { recursive: true })
writeFileSync(at(texts), execFileSync(process.execPath, ['--import=tsx', 'bin/strings.mjs'], { cwd: root }))
const command = [at('node_modules', '.bin', 'textlint'), '--config', '.ci/textlint.json', '--format', 'unix', ...pages, texts]
const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
