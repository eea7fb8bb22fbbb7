/**
 * Seeds of random tests. With CI set they follow from the commit, so that each commit tries new ones and a run can be repeated; elsewhere they
 * are random. SLUICE_SEED replaces the commit, SEED replaces the seed of the one test that runs. Each test prints its seed.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { root } from '../contract/tree.js'

const MOST = 1e9

/** The seed of one test. Tests with different names get different seeds from one commit. */
export function seedOf (name: string): number {
  const { SEED, SLUICE_SEED, CI } = process.env
  if (SEED !== undefined && SEED !== '') return Number(SEED)
  if (SLUICE_SEED !== undefined && SLUICE_SEED !== '') return derive(SLUICE_SEED, name)
  return CI === undefined ? randomSeed() : derive(commit(), name)
}

export function randomSeed (): number {
  return Math.floor(Math.random() * MOST)
}

function derive (base: string, name: string): number {
  return createHash('sha256').update(`${base} ${name}`).digest().readUInt32BE() % MOST
}

/** As .ci/run does it. A constant where there is no repository, such as in an archive of the source. */
function commit (): string {
  try {
    const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return createHash('sha256').update(head).digest('hex').slice(0, 12)
  } catch {
    return 'no commit'
  }
}
