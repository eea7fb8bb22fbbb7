import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { faultsOf } from './matrix.js'
import type { Result } from './cell.js'

const page = fileURLToPath(new URL('../../docs/proof.md', import.meta.url))
const columns = ['kill', 'stop'].flatMap(act => ['restart', 'second'].flatMap(then => ['retry', 'fail'].map(policy => ({ act, then, policy }))))

/** Writes the matrix into docs/proof.md, between its marks. */
export function writeTable (results: Result[]): void {
  const names = [...new Set(results.map(({ cell }) => cell.steps.at(-1)?.name ?? ''))]
  const rows = names.map(name => `| ${name} | ${columns.map(column => show(results.find(({ cell }) =>
    cell.steps.at(-1)?.name === name && cell.act === column.act && cell.then === column.then && cell.policy === column.policy))).join(' | ')} |`)
  const head = `| step | ${columns.map(({ act, then, policy }) => `${act}, ${then}, ${policy}`).join(' | ')} |`
  const table = [head, `|---|${columns.map(() => '---|').join('')}`, ...rows].join('\n')
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, text.replace(/(<!-- matrix -->\n)[^]*?(\n<!-- \/matrix -->)/, `$1${table}$2`))
}

/** `ok`, with the number of messages that went out twice because their outcome was unknown; or what did not hold. */
function show (result: Result | undefined): string {
  if (result === undefined) return '–'
  if (faultsOf(result).length > 0) return '**failed**'
  const { doubledAsAllowed } = result.judgement.figures
  return doubledAsAllowed > 0 ? `ok, ${doubledAsAllowed}×2` : 'ok'
}
