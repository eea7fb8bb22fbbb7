/** Runs the built command line as a process, against a node. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { provide } from '../support/provide.js'

const root = new URL('../../', import.meta.url)
const PROGRAM = fileURLToPath(new URL('dist/cli/main.js', root))
await provide('build')

export interface Ended { code: number | null, out: string, err: string }

export interface Caller { origin: string, key?: string, cwd?: string }

export interface Running { child: ChildProcess, ended: Promise<Ended> }

/** Starts `sluice` with these arguments; the environment has address and key. */
export function start ({ origin, key, cwd }: Caller, ...args: string[]): Running {
  return run({ origin, cwd, ...(key === undefined ? {} : { key }) }, process.execPath, [PROGRAM, ...args])
}

export async function sluice (caller: Caller, ...args: string[]): Promise<Ended> {
  return await start(caller, ...args).ended
}

/** Runs commands of one caller, with their output as text or as JSON; `results` has them all. */
export function createRunner (t: Test, caller: Caller) {
  const results: Ended[] = []
  const run = async (...args: string[]): Promise<Ended> => {
    const ended = await sluice(caller, ...args)
    results.push(ended)
    return ended
  }
  const json = async (...args: string[]): Promise<Record<string, any>> => {
    const { code, out, err } = await run(...args, '--json')
    t.strictSame({ code, err, lines: out.split('\n').length }, { code: 0, err: '', lines: 2 }, args.join(' '))
    return JSON.parse(out)
  }
  return { run, json, results }
}

/** Runs a shell command; `npx sluice` in it is the built command line. */
export async function shell (caller: Caller, line: string): Promise<Ended> {
  return await run(caller, 'sh', ['-c', line.replaceAll('npx sluice', `${process.execPath} ${PROGRAM}`)]).ended
}

function run ({ origin, key, cwd }: { origin: string, key?: string, cwd?: string | undefined }, program: string, args: string[]): Running {
  const child = spawn(program, args, {
    cwd: cwd ?? fileURLToPath(root),
    env: { PATH: process.env['PATH'] ?? '', SLUICE_URL: origin, ...(key === undefined ? {} : { SLUICE_API_KEY: key }) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000
  })
  const ended: Ended = { code: null, out: '', err: '' }
  child.stdout?.on('data', data => { ended.out += String(data) })
  child.stderr?.on('data', data => { ended.err += String(data) })
  return { child, ended: once(child, 'close').then(([code]) => ({ ...ended, code: code as number | null })) }
}
