import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The measured program has a core for itself; Redis, the load generator and the fake provider share the other. */
export const MEASURED = 0
export const SHARED = 1

export const isPinned = availableParallelism() > 1 && has('taskset')
const dies = has('setpriv') ? ['setpriv', '--pdeathsig', 'KILL'] : []
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']))
const running = new Set()

process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

function has (program) {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A command that runs on a core; null for any. */
export function onCore (core, command) {
  return isPinned && core !== null ? ['taskset', '-c', String(core), ...command] : command
}

/** As in the image and `npm start`; the peers get it too. */
const nodeOptions = ['--max-semi-space-size=32']

/** Starts node with these arguments on a core. It ends with this process, even if this one is killed. */
export function start (args, { core, env = {}, ipc = false }) {
  const [program, ...rest] = [...dies, ...onCore(core, [process.execPath, ...nodeOptions, ...args])]
  const child = spawn(program, rest, {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env }, stdio: ['ignore', 'ignore', 'inherit', ...ipc ? ['ipc'] : []]
  })
  running.add(child)
  const exited = once(child, 'exit').then(() => running.delete(child))
  return {
    child,
    pid: child.pid,
    exited,
    /** May be called twice. */
    async stop (signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await exited
    }
  }
}

/** Starts a file of programs/ on a core, with options; `ask` calls one of its handlers and returns the result. */
export async function startChild (file, options, { core }) {
  const program = start([fileURLToPath(new URL(`../programs/${file}`, import.meta.url)), JSON.stringify(options)], { core, ipc: true })
  const { child } = program
  const pending = new Map()
  let last = 0
  const ready = new Promise((resolve, reject) => {
    child.on('message', ({ ready, id, value, error }) => {
      if (ready) return resolve()
      const call = pending.get(id)
      pending.delete(id)
      if (error === undefined) call.resolve(value)
      else call.reject(new Error(`${file}: ${error}`))
    })
    child.on('exit', code => {
      const ended = new Error(`${file} ended with ${code}`)
      reject(ended)
      for (const { reject: rejectCall } of pending.values()) rejectCall(ended)
    })
  })
  await ready
  return {
    pid: program.pid,
    stop: async () => await program.stop('SIGKILL'),
    ask: async (name, value) => await new Promise((resolve, reject) => {
      pending.set(++last, { resolve, reject })
      child.send({ id: last, name, value })
    })
  }
}

/** The CPU time of a process with all its threads, µs; the resolution is a hundredth of a second. */
export function cpuOf (pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond * 1e6
}

let root

/** A temporary folder that is deleted when the process exits. */
export function scratch () {
  if (root === undefined) {
    root = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
    process.on('exit', () => rmSync(root, { recursive: true, force: true }))
  }
  return mkdtempSync(join(root, 'part-'))
}
