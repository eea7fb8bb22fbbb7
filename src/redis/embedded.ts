/**
 * A real redis-server as a child process: for `npm start` without a REDIS_URL, and for tests. It listens on loopback
 * only and keeps an append-only file, so that a restart loses nothing.
 *
 * Two redis-servers on one append-only file would destroy it. Four things prevent that:
 * the server has a process group of its own, so the terminal's Ctrl-C does not reach it and it ends last, by `stop()`;
 * on Linux the kernel ends it when our process dies, however it dies (`setpriv --pdeathsig`, where there is one);
 * a server that outlived its owner is found by `redis.pid` in the directory and ended before a new one starts;
 * and a server whose owner is running is left alone: the second start fails.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readlink, realpath, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { SluiceError } from '../errors.js'

export interface EmbeddedRedisOptions {
  /** Directory of the append-only file; created if it is missing. */
  dir: string
  /** A free port if none is given. */
  port?: number
  /** How soon a write is on the disk: within a second, or before the reply. */
  appendfsync?: 'everysec' | 'always'
  /** How many times a second Redis does background work, such as deleting expired keys. */
  hz?: number
  /** The program; otherwise what `bin/setup.mjs` linked into `.data/bin`, or what is on the PATH. */
  bin?: string
  /** Further arguments, e.g. `['--maxmemory', '10mb']`. */
  extra?: string[]
  /** Called when the server ends and neither `stop` nor `kill` asked it to. */
  onExit?: (end: { code: number | null, signal: NodeJS.Signals | null, log: string[] }) => void
}

export interface EmbeddedRedis {
  url: string
  port: number
  pid: number
  /** Ends it gracefully: everything written is on the disk. */
  stop: () => Promise<void>
  /** Ends it as a crash would. */
  kill: () => Promise<void>
}

/** Loading a large append-only file takes minutes; more than this is a hang. */
const READY_WITHIN_MS = 600_000
const STOP_WITHIN_MS = 10_000
const LOG_LINES_KEPT = 20
const PORT_TRIES = 5

const run = promisify(execFile)
const linked = fileURLToPath(new URL('../../.data/bin/redis-server', import.meta.url))

export async function startEmbeddedRedis (options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const dir = await realpath(options.dir)
  const command = await findCommand(options.bin)
  await endFormer(dir)

  const bus = options.extra?.includes('--cluster-enabled') ?? false
  for (let left = PORT_TRIES; ; left--) {
    const port = options.port ?? await freePort(bus)
    const server = launch([...command, ...serverArguments(options, dir, port)], options.onExit)
    try {
      await server.ready
    } catch (error) {
      // Between finding the port free and binding it another process may have taken it.
      const raced = options.port === undefined && server.log.some(line => /Address already in use/.test(line))
      if (raced && left > 1) continue
      throw error
    }
    await writeFile(join(dir, 'owner.pid'), `${process.pid}\n`)
    return { url: `redis://127.0.0.1:${port}`, port, pid: server.child.pid ?? 0, stop: server.stop, kill: server.kill }
  }
}

function serverArguments (options: EmbeddedRedisOptions, dir: string, port: number): string[] {
  return [
    '--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--pidfile', join(dir, 'redis.pid'),
    '--appendonly', 'yes', '--appendfsync', options.appendfsync ?? 'everysec', '--save', '',
    '--maxmemory-policy', 'noeviction', '--hz', String(options.hz ?? 100), '--daemonize', 'no', '--logfile', '',
    ...options.extra ?? [],
  ]
}

function launch (command: string[], onExit: EmbeddedRedisOptions['onExit']) {
  const [program = '', ...args] = command
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const log: string[] = []
  let ending = false

  const ended = new Promise(resolve => child.once('close', resolve))
  const ready = new Promise<void>((resolve, reject) => {
    let isReady = false
    const fail = (why: string) => reject(new SluiceError('SETUP_FAILED', { detail: [why, ...log].join('\n  ') }))
    const timer = setTimeout(() => {
      fail('redis-server was not ready in time. Its last lines:')
      child.kill('SIGKILL')
    }, READY_WITHIN_MS)

    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => {
        log.push(line)
        if (log.length > LOG_LINES_KEPT) log.shift()
        if (isReady || !line.includes('Ready to accept connections')) return
        isReady = true
        clearTimeout(timer)
        resolve()
      })
    }
    child.once('error', error => {
      clearTimeout(timer)
      fail(`redis-server could not be started: ${error.message}`)
    })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      if (!isReady) fail(`redis-server ended (${signal ?? code}) before it was ready. Its last lines:`)
      else if (!ending) onExit?.({ code, signal, log })
    })
  })

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    ending = true
    if (!isRunning(child)) return
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
    await ended
    clearTimeout(timer)
  }
  return { child, log, ready, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

function isRunning (child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

/** The command that starts the server. `setpriv` replaces itself by the server, so the child's pid is the server's. */
async function findCommand (wanted: string | undefined): Promise<string[]> {
  const found = existsSync(linked) ? [linked] : []
  const candidates = wanted === undefined ? [...found, 'redis-server', 'valkey-server'] : [wanted]
  let why = 'not found'
  for (const bin of candidates) {
    try {
      await run(bin, ['--version'])
    } catch (error) {
      if (error instanceof Error && !error.message.includes('ENOENT')) why = error.message.trim()
      continue
    }
    const tied = ['--pdeathsig', 'TERM', bin]
    return await run('setpriv', [...tied, '--version']).then(() => ['setpriv', ...tied], () => [bin])
  }
  throw new SluiceError('SETUP_FAILED', {
    detail: `No redis-server: tried ${candidates.join(', ')} (${why}). ` +
      'Run "node bin/setup.mjs", install Redis 7 or newer, or set REDIS_URL',
  })
}

/** Ends the server of a former owner that has died. Throws SETUP_FAILED if the owner is still running. */
async function endFormer (dir: string): Promise<void> {
  const pid = await readPid(join(dir, 'redis.pid'))
  const former = pid === undefined ? undefined : await findServer(pid, dir)
  if (pid === undefined || former === undefined) return

  const owner = await readPid(join(dir, 'owner.pid'))
  if (former.parent === owner) {
    throw new SluiceError('SETUP_FAILED', {
      detail: `${dir} is in use: process ${owner} runs a redis-server (process ${pid}) on it. Stop that first`,
    })
  }
  signal(pid, 'SIGTERM')
  for (let waitedMs = 0; await findServer(pid, dir) !== undefined; waitedMs += 20) {
    if (waitedMs === STOP_WITHIN_MS) signal(pid, 'SIGKILL')
    await sleep(20)
  }
}

async function readPid (file: string): Promise<number | undefined> {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''))
  return Number.isInteger(pid) && pid > 0 ? pid : undefined
}

function signal (pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // The process has ended by itself.
  }
}

/** The server of this directory behind a pid, which may have been given to another program since. */
async function findServer (pid: number, dir: string): Promise<{ parent: number } | undefined> {
  const found = await describe(pid).catch(() => undefined)
  return found?.dir === dir && /^(redis|valkey)-server/.test(found.name) ? found : undefined
}

async function describe (pid: number): Promise<{ name: string, dir: string, parent: number }> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { name, dir: await readlink(`/proc/${pid}/cwd`), parent: Number(parent) }
  }
  const { stdout } = await run('lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-FcRn'])
  const field = (letter: string) => stdout.split('\n').find(line => line.startsWith(letter))?.slice(1) ?? ''
  return { name: field('c'), dir: field('n'), parent: Number(field('R')) }
}

/** From 20,000 to 29,999: below the ports that the system hands to clients, and with room for a cluster bus at +10,000. */
async function freePort (withBus: boolean): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    if (await isFree(port) && (!withBus || await isFree(port + 10_000))) return port
  }
}

function isFree (port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect(port, '127.0.0.1')
    probe.once('error', () => resolve(true))
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
  })
}
