/** A program of this repository in a process of its own, which a test can kill. It runs from `dist`, which is built on first use. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { nodeEnv, type NodeOptions } from './gateway.js'
import { provide } from './provide.js'

const root = new URL('../../', import.meta.url)
/** A start takes a second on an idle machine; tests share theirs. */
const START_MS = 30_000

export interface Program {
  pid: number
  /** What the pattern captured in its first match. */
  found: string
  /** All output so far. */
  output: () => string
  /** Ends the process with SIGTERM, SIGKILL, …, and resolves with the exit code; null if the signal ended it. */
  end: (signal: NodeJS.Signals) => Promise<number | null>
}

/** Starts `dist/<file>` and waits until its output matches `ready`. */
export async function startProgram (t: Pick<Test, 'teardown'>, file: string, env: Record<string, string>, ready: RegExp): Promise<Program> {
  await provide('build')
  return await startCommand(t, [process.execPath, fileURLToPath(new URL(`dist/${file}`, root))], { cwd: fileURLToPath(root), env }, ready)
}

/** Starts any command and waits until its output matches `ready`. Throws with the whole output if it ends before. */
export async function startCommand (
  t: Pick<Test, 'teardown'>,
  [program = '', ...args]: string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
  ready: RegExp
): Promise<Program> {
  const child = spawn(program, args, { cwd, env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', data => { output += String(data) })
  child.stderr.on('data', data => { output += String(data) })
  t.teardown(async () => await end(child, 'SIGKILL'))
  const found = await matchIn(child, ready, () => output)
  return { pid: child.pid ?? 0, found, output: () => output, end: async signal => await end(child, signal) }
}

async function end (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
  return child.exitCode
}

async function matchIn (child: ChildProcess, ready: RegExp, output: () => string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${START_MS} ms: ${output()}`)), START_MS)
    const check = (): void => {
      const match = ready.exec(output())
      if (match === null) return
      clearTimeout(timer)
      resolve(match[1] ?? match[0])
    }
    child.stdout?.on('data', check)
    child.once('close', code => {
      clearTimeout(timer)
      reject(new Error(`ended with ${code} before it was ready: ${output()}`))
    })
  })
}

/** A gateway in a process of its own; `found` is its origin. */
export async function startGatewayProcess (t: Pick<Test, 'teardown'>, options: NodeOptions & { prefix: string }): Promise<Program> {
  return await startProgram(t, 'main.js', nodeEnv(options), /^Gateway {3}(http:\/\/\S+)/m)
}

/** A sandbox in a process of its own; `found` is its base URL. */
export async function startSandboxProcess (t: Pick<Test, 'teardown'>): Promise<Program> {
  return await startProgram(t, 'sandbox/main.js', {}, /^(http:\/\/\S+)/m)
}

/** A port that is free now. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
