/** A program of this repository in a process that a test can kill, freeze and observe. It runs from `dist`, which is built on first use. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { provide } from '../support/provide.js'
import { until } from '../support/until.js'

/** `SLUICE_ROOT` names another folder whose `dist` is tested. */
const root = process.env['SLUICE_ROOT'] ?? fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
if (process.env['SLUICE_ROOT'] === undefined) await provide('build')
const preload = fileURLToPath(new URL('preload.mjs', import.meta.url))

const running = new Set<ChildProcess>()
// However this process ends, no child stays behind, above all no frozen one.
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

export interface Child {
  pid: number
  /** The first group of the pattern in the output; rejects if the process ends before. */
  ready: Promise<string>
  /** The signal or the exit code that ended it; null while it runs. */
  end: () => NodeJS.Signals | number | null
  exited: Promise<unknown>
  signal: (name: NodeJS.Signals) => void
  /** Whether it is stopped by a signal now. */
  isStopped: () => boolean
  output: () => string
}

export function startChild (file: string, env: Record<string, string>, ready: RegExp, args: string[] = []): Child {
  const child = spawn(process.execPath, ['--import', preload, file.startsWith('/') ? file : `${root}/dist/${file}`, ...args], {
    cwd: root, env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe']
  })
  running.add(child)
  const exited = once(child, 'exit').finally(() => running.delete(child))
  let output = ''
  const found = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', data => {
        // Enough to show what went wrong.
        output = (output + String(data)).slice(-20_000)
        const match = ready.exec(output)
        if (match !== null) resolve(match[1] ?? match[0])
      })
    }
    child.once('exit', (code, signal) => reject(new Error(`ended with ${signal ?? code} before it was ready: ${output}`)))
  })
  // Callers that await it get the error; a process that is to end early is not awaited.
  found.catch(() => undefined)
  return {
    pid: child.pid ?? 0,
    ready: found,
    end: () => child.signalCode ?? child.exitCode,
    exited,
    signal: name => { child.kill(name) },
    isStopped: () => child.pid !== undefined && stateOf(child.pid) === 'T',
    output: () => output
  }
}

/** The state letter of a process on Linux: R, S, T, Z … */
function stateOf (pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat[stat.lastIndexOf(')') + 2] ?? ''
  } catch {
    return ''
  }
}

export async function endChild (child: Child, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.end() !== null) return
  child.signal(signal)
  if (signal !== 'SIGKILL') child.signal('SIGCONT')
  await until(`process ${child.pid} ends`, () => child.end() !== null, 30_000)
}

/** A gateway; `ready` is its origin. */
export function startGateway (env: Record<string, string>): Child {
  return startChild('main.js', env, /^Gateway {3}(http:\/\/\S+)/m)
}

/** A sandbox of its own process; `ready` is its base URL. */
export function startSandbox (): Child {
  return startChild('sandbox/main.js', {}, /^(http:\/\/\S+)/m)
}
