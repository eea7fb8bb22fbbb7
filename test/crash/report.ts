import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { writeBlock } from '../bench/kit/write.mjs'
import type { Result } from './cell.js'
import { faultsOf } from './matrix.js'
import { steps } from './steps.js'

const page = fileURLToPath(new URL('../../docs/proof.md', import.meta.url))
const columns = ['kill', 'stop'].flatMap(action => ['restart', 'second'].flatMap(then => ['retry', 'fail'].map(policy => ({ action, then, policy }))))

/** Writes the matrix into docs/proof.md, between its marks. Steps that were not run in all their cells keep the row they have. */
export function writeTable (results: Result[]): void {
  writeBlock(page, 'matrix', tableOf(results, readFileSync(page, 'utf8')))
}

/** Writes the results of the flaws into docs/proof.md. */
export function writeFlaws (table: string): void {
  writeBlock(page, 'flaws', table)
}

/** The rows of `before`, those of steps that were run renewed, in the order of the steps. */
export function tableOf (results: Result[], before: string): string {
  // Other tables of the page name steps, too.
  const kept = before.split('\n').filter(line => line.split('|').length === columns.length + 3)
  const rows = steps.flatMap(({ name }) => rowOf(name, results) ?? kept.find(line => line.startsWith(`| ${name} | `)) ?? [])
  const cells = rows.flatMap(row => row.split('|').slice(2, -1).map(cell => cell.trim()))
  const head = `| step | ${columns.map(({ action, then, policy }) => `${action}, ${then}, ${policy}`).join(' | ')} |`
  return [
    `${cells.filter(cell => cell.startsWith('ok')).length} of ${cells.length} cells hold.`,
    '',
    head,
    `|---|${columns.map(() => '---|').join('')}`,
    ...rows
  ].join('\n')
}

function rowOf (name: string, results: Result[]): string | undefined {
  const shown = columns.map(({ action, then, policy }) => show(results.find(({ cell }) =>
    cell.steps.length === 1 && cell.steps[0]?.name === name && cell.action === action && cell.then === then && cell.policy === policy)))
  return shown.includes('') ? undefined : `| ${name} | ${shown.join(' | ')} |`
}

/** `ok`, with the number of messages that went out twice because their outcome was unknown; or what did not hold. */
function show (result: Result | undefined): string {
  if (result === undefined) return ''
  if (faultsOf(result).length > 0) return '**failed**'
  const { doubledAsAllowed } = result.judgement.figures
  return doubledAsAllowed > 0 ? `ok, ${doubledAsAllowed}×2` : 'ok'
}
