/**
 * `npm run grafana`: writes the dashboards, the rules with their tests, and the tables of grafana/README.md.
 * RUNBOOKS_URL is the public URL of docs/runbooks.md; by default alerts have its path in this repository.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createOutputs } from './source/outputs.js'

const pathOf = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const read = (path: string): string => readFileSync(pathOf(path), 'utf8')

const runbooks = process.env['RUNBOOKS_URL'] ?? 'docs/runbooks.md'
for (const [path, text] of createOutputs(runbooks, read('docs/runbooks.md'), read('grafana/README.md'))) {
  mkdirSync(dirname(pathOf(path)), { recursive: true })
  writeFileSync(pathOf(path), text)
}
