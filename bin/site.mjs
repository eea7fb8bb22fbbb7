#!/usr/bin/env node
/** `npm run site`: builds the documentation as a searchable site into `.data/site/pages`; with `--serve` it shows it on port 4173. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { at, hash, read, run, root } from './kit.mjs'
import { writeFileSync } from 'node:fs'

const dir = at('.data', 'site')
const source = name => at('docs', 'site', name)
const vitepress = at('.data', 'site', 'node_modules', 'vitepress', 'bin', 'vitepress.js')
process.env.SLUICE_ROOT = at('.')

mkdirSync(at('.data', 'site', '.vitepress'), { recursive: true })
const stamp = hash(read(source('package-lock.json')))
if (read(at('.data', 'site', 'installed')) !== stamp) {
  console.log('site: installing the generator into .data/site')
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(source(name), at('.data', 'site', name))
  await run(['npm', 'ci', '--no-audit', '--no-fund'], 'the site generator cannot be installed', { cwd: dir })
  writeFileSync(at('.data', 'site', 'installed'), stamp)
}
copyFileSync(source('config.mjs'), at('.data', 'site', '.vitepress', 'config.mjs'))
console.log('site: building')
await run([process.execPath, vitepress, 'build', dir], 'the site cannot be built')
console.log('site: .data/site/pages')
if (process.argv.includes('--serve')) spawn(process.execPath, [vitepress, 'preview', dir, '--host', '127.0.0.1'], { cwd: root, stdio: 'inherit' })
