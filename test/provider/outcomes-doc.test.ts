/** The operators' page says what the table says. `WRITE_DOCS=1` writes it anew. */
import { readFile, writeFile } from 'node:fs/promises'
import t from 'tap'
import type { CodeRow } from '../../src/provider/code-row.js'
import { localCodes, metaCodes } from '../../src/provider/codes.js'

const file = new URL('../../docs/outcomes.md', import.meta.url)
const between = /(?<=<!-- codes -->\n)[^]*(?=<!-- \/codes -->)/

function table (rows: readonly CodeRow[]): string {
  return ['| code | title | outcome | why | what to do |', '|---|---|---|---|---|', ...rows.map(line)].join('\n')
}

function line (row: CodeRow): string {
  return `| ${row.code} | ${row.title} | ${outcome(row)} | ${row.explanation} | ${row.remedy} |`
}

function outcome (row: CodeRow): string {
  if (row.outcome === 'limited-pair') return `limited (pair), ${row.coolDownMs / 1_000} s, then times ${row.growth} up to ${row.mostMs / 1_000} s`
  if (row.outcome === 'sender-stopped') return `sender-stopped, tried every ${row.probeMs / 60_000} min`
  if ('coolDownMs' in row) return `limited (${row.outcome.slice('limited-'.length)}), ${row.coolDownMs / 1_000} s`
  if ('optsOut' in row && row.optsOut === true) return 'rejected, opts out'
  if ('retryNotBeforeMs' in row && row.retryNotBeforeMs !== undefined) return `rejected, not before ${row.retryNotBeforeMs / 3_600_000} h`
  if ('mostAttempts' in row && row.mostAttempts !== undefined) return `retryable, ${row.mostAttempts} attempts at most`
  return row.outcome
}

t.test('docs/outcomes.md has each row of the code table', async t => {
  const wanted = `### Meta's\n\n${table(metaCodes)}\n\n### Ours\n\n${table(localCodes)}\n`
  const page = await readFile(file, 'utf8')
  if (process.env.WRITE_DOCS === '1') await writeFile(file, page.replace(between, () => wanted))
  else t.equal(between.exec(page)?.[0], wanted)
})
