/**
 * No script becomes more expensive unnoticed: callgrind counts Redis's instructions per message, which no other load changes. A script that
 * takes more on purpose, or fewer, needs new figures: `npm run bench -- --only instructions --write`.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { onPath, provide } from '../support/provide.js'

interface Counted { step: string, exact: number, build: string }

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'))
const TOLERANCE = 0.03

await provide('valgrind')
await provide('build')
const canCount = onPath('valgrind') !== null && onPath('vgdb') !== null
const dir = await mkdtemp(join(tmpdir(), 'sluice-instructions-'))
t.teardown(async () => await rm(dir, { recursive: true }))
const counted = canCount ? await count(join(dir, 'counted.json')) : []
const build = counted[0]?.build ?? ''
const expected = (await read(here('expected-instructions.json')) as Record<string, Record<string, number>>)[build]
const skip = !canCount ? 'there is no valgrind' : expected === undefined ? `no figures are kept for redis-server ${build}` : false
const hint = 'npm run bench -- --only instructions --write'

await t.test('each script takes as many instructions as expected-instructions.json says', { skip }, async t => {
  for (const { step, exact } of counted) {
    const kept = expected?.[step]
    if (kept === undefined) {
      t.comment(`${step}: no figure is kept for redis-server ${build}`)
      continue
    }
    const text = `${step}: ${exact} thousand instructions, expected ${kept}`
    t.ok(exact <= kept * (1 + TOLERANCE), `${text}; if it is worth it: ${hint}`)
    t.ok(exact >= kept * (1 - TOLERANCE), `${text}; keep what was gained: ${hint}`)
  }
})

async function count (out: string): Promise<Counted[]> {
  await promisify(execFile)(process.execPath, [here('run.mjs'), '--quick', '--only', 'instructions', '--out', out])
  return await read(out) as Counted[]
}
