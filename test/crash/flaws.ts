/**
 * Shows that the matrix can fail: a safeguard is removed from a copy of `dist`, and the step that it protects has to find the gap.
 * Every replaced text has to occur exactly once, so that no flaw is without effect when the code around it changes.
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Breach } from '../prove/judge.js'

interface Flaw { without: string, file: string, from: string, to: string, cell: string, breach: Breach }

const flaws: Flaw[] = [
  {
    without: 'a look for grants whose lease ran out',
    file: 'dist/recovery/recover.js',
    from: 'for (const grant of found.leases)',
    to: 'for (const grant of [])',
    cell: 'send: granted, not handed over / kill / restart / fail',
    breach: 'lost'
  },
  {
    without: 'doubt about what a dead node was sending: it counts as not sent',
    file: 'dist/recovery/recover.js',
    from: "status: 'unknown', code: 'LEASE_EXPIRED'",
    to: "status: 'unsent', code: 'GIVEN_BACK'",
    cell: 'send: responded / kill / restart / fail',
    breach: 'doubled'
  },
  {
    without: 'regard for the policy `fail`',
    file: 'dist/settlement/decide.js',
    from: "policy === 'retry' && ",
    to: '',
    cell: 'settlement: sent, not written / kill / restart / fail',
    breach: 'doubled'
  },
  {
    without: 'one name for a key on all nodes',
    file: 'dist/admission/key.js',
    from: 'JSON.stringify([sender, caller, key])',
    to: 'JSON.stringify([sender, caller, key, process.pid])',
    cell: 'admission: queued, reply lost / kill / restart / retry',
    breach: 'two messages for a key'
  },
  {
    without: 'an end of a hold of the lane bulk when statuses come',
    file: 'lua/watch-statuses.lua',
    from: 'if since and (not is_missing or arg.mostMs == 0) then',
    to: 'if false then',
    cell: 'bulk hold: a probe was sent, not written / kill / restart / fail',
    breach: 'left unsettled'
  }
]

export interface Found { flaw: Flaw, isFound: boolean, output: string }

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Side by side, each on a ground of its own. */
export async function tryFlaws (report: (found: Found) => void): Promise<Found[]> {
  return await Promise.all(flaws.map(async flaw => {
    const found = await tryFlaw(flaw)
    report(found)
    return found
  }))
}

export function tableOfFlaws (all: Found[]): string {
  const rows = all.map(
    ({ flaw: { cell, without, breach }, isFound }) => `| ${cell.replaceAll(' / ', ', ')} | ${without} | ${isFound ? breach : '**nothing**'} |`
  )
  return ['| cell | the gateway without | finds |', '|---|---|---|', ...rows].join('\n')
}

async function tryFlaw (flaw: Flaw): Promise<Found> {
  const copy = mkdtempSync(join(tmpdir(), 'sluice-flaw-'))
  try {
    for (const part of ['dist', 'lua', 'package.json']) cpSync(join(root, part), join(copy, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    const text = readFileSync(join(copy, flaw.file), 'utf8').split(flaw.from)
    if (text.length !== 2) throw new Error(`${flaw.file} has ${text.length - 1} times: ${flaw.from}`)
    writeFileSync(join(copy, flaw.file), text.join(flaw.to))
    const output = await matrix(flaw.cell, copy)
    return { flaw, output, isFound: output.includes(`       ${flaw.breach} (`) }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** The output of `npm run crash` for one cell of the gateway in that folder. */
async function matrix (cell: string, folder: string): Promise<string> {
  const program = fileURLToPath(new URL('main.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, cell], {
    cwd: root,
    env: { ...process.env, SLUICE_ROOT: folder }
  }).catch((error: { stdout: string }) => error)
  return stdout
}
