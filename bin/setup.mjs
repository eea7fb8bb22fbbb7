#!/usr/bin/env node
/**
 * Provides what `npm start` and `npm test` need: npm packages, the build, a redis-server, Prometheus, Chromium, a clock for the
 * simulation's redis-server, valgrind to count instructions, wrk to put load on a server, and PHP and pyright for examples.
 * Each part is checked in milliseconds and made only where it is missing, by one process at a time. By hand:
 * `node bin/setup.mjs [part...]`, by default all parts.
 */
import {
  chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync
} from 'node:fs'
import { basename, join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { unpackPrograms } from './apt.mjs'
import { at, files, hash, isExecutable, onPath, read, root, run, SetupFailed, succeeds } from './kit.mjs'

/** `lock`: parts that use the same package manager or folder wait for each other. */
const parts = {
  dependencies: { lock: 'npm', isThere: areInstalled, make: install },
  build: { lock: 'build', after: 'dependencies', isThere: isBuilt, make: build },
  redis: { lock: 'apt', isThere: hasRedis, make: provideRedis },
  monitoring: { lock: 'apt', isThere: hasMonitoring, make: unpackMonitoring },
  browser: { lock: 'apt', isThere: hasBrowser, make: unpackBrowser },
  clock: { lock: 'apt', isThere: hasClock, make: compileClock },
  valgrind: debianPart('the instructions of scripts are not counted', {
    folder: 'valgrind',
    packages: ['valgrind'],
    programs: ['usr/bin/valgrind', 'usr/bin/vgdb'],
    environment: 'export VALGRIND_LIB="$root/usr/libexec/valgrind"',
    version: '--help'
  }),
  // It ends with 1 after it has printed its version.
  wrk: debianPart('benchmarks that need it are skipped', {
    folder: 'wrk', packages: ['wrk'], programs: ['usr/bin/wrk'], withLibraries: true, version: '-v', code: 1
  }),
  php: debianPart('examples in PHP are not run', {
    folder: 'php', packages: ['php8.2-cli', 'php8.2-common'], programs: ['usr/bin/php8.2'], withLibraries: true
  }),
  pyright: { lock: 'npm', isThere: () => existsSync(at('.data', 'pyright', 'node_modules', 'pyright')), make: installPyright }
}
/** Checks types of Python; not a dependency, since only one test needs its 38 MB. */
const PYRIGHT = 'pyright@1.1.414'
const CHECK_AGAIN_MS = 200

/** Provides parts side by side; where one cannot be provided, prints why and ends the process with 1. */
export async function setup (...names) {
  try {
    await Promise.all(names.map(name => provide(name)))
  } catch (error) {
    if (!(error instanceof SetupFailed)) throw error
    console.error(`setup: ${error.message}`)
    process.exit(1)
  }
}

const attempts = new Map()

/** Provides one part, for a test on first use. Throws SetupFailed; without Prometheus or Chromium it prints a line and goes on. */
export async function provide (name) {
  const attempt = attempts.get(name) ?? provideOnce(name)
  attempts.set(name, attempt)
  return await attempt
}

async function provideOnce (name) {
  const { lock, after, isThere, make } = parts[name] ?? fail(`no part "${name}"; parts: ${Object.keys(parts).join(', ')}`)
  if (after !== undefined) await provide(after)
  if (isThere()) return
  await locked(lock, async () => {
    // Another process may have made it while this one waited.
    if (!isThere()) await make()
  })
}

/** A part that is nothing but Debian packages; `without` is what happens where apt does not offer them. */
function debianPart (without, debian) {
  return {
    lock: 'apt',
    isThere: () => debian.programs.every(program => onPath(basename(program)) !== undefined),
    make: async () => { if (!await unpackPrograms(debian, say)) say(`no ${debian.folder} from apt: ${without}`) }
  }
}

async function installPyright () {
  say(`installing ${PYRIGHT} into .data/pyright`)
  await run(['npm', 'install', '--prefix', at('.data', 'pyright'), '--no-audit', '--no-fund', PYRIGHT], 'pyright cannot be installed')
}

/** On stderr: the stdout of a test is read by a program. */
function say (line) {
  console.error(`setup: ${line}`)
}

function fail (message) {
  throw new SetupFailed(message)
}

/** Runs `work` while no other process holds the lock. A lock whose process has ended is removed. */
async function locked (name, work) {
  const file = at('.data', `${name}.lock`)
  mkdirSync(at('.data'), { recursive: true })
  while (!acquire(file)) await sleep(CHECK_AGAIN_MS)
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function acquire (file) {
  try {
    // A link to a name that need not exist: made in one step, so the pid is never read half-written.
    symlinkSync(String(process.pid), file)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  const owner = targetOf(file)
  if (owner !== undefined && !isRunning(Number(owner))) rmSync(file, { force: true })
  return false
}

function isRunning (pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Where a symbolic link points; undefined where there is none. */
function targetOf (file) {
  try {
    return readlinkSync(file)
  } catch {
    return undefined
  }
}

// ---- npm packages

const lockStamp = at('node_modules', '.sluice-lock')

function areInstalled () {
  const wanted = hashOfLock()
  if (read(lockStamp) === wanted) return true
  if (existsSync(lockStamp) || !isFreshlyInstalled()) return false
  writeFileSync(lockStamp, wanted)
  return true
}

/** After an `npm install` by hand, npm's own list of what it installed is newer than package.json and package-lock.json. */
function isFreshlyInstalled () {
  const list = at('node_modules', '.package-lock.json')
  return existsSync(list) && existsSync(at('node_modules', 'typescript')) &&
    ['package.json', 'package-lock.json'].every(name => statSync(at(name)).mtimeMs <= statSync(list).mtimeMs)
}

function hashOfLock () {
  const { dependencies, devDependencies, overrides } = JSON.parse(readFileSync(at('package.json'), 'utf8'))
  return hash(JSON.stringify([dependencies, devDependencies, overrides]), read(at('package-lock.json')))
}

async function install () {
  say('installing dependencies (once, a minute or two)')
  // Not `npm ci`: npm 11 rejects a lock file that was written where optional packages of other platforms were unavailable.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  // The compiler is a development dependency, and NODE_ENV=production would leave it out.
  await run([...npm, 'install', '--include=dev', '--no-audit', '--no-fund'], 'npm install failed')
  rmSync(lockStamp, { force: true })
  writeFileSync(lockStamp, hashOfLock())
}

// ---- The build

function isBuilt () {
  return read(at('dist', '.stamp')) === stateOfSource()
}

async function build () {
  say('building')
  const state = stateOfSource()
  // Beside `dist` and then in its place, so that a failed build removes nothing.
  const fresh = at('dist.new')
  try {
    await run([process.execPath, at('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json', '--outDir', fresh], 'the build failed')
    cpSync(at('src', 'console', 'page'), join(fresh, 'console', 'page'), { recursive: true })
    // `npx sluice` in a clone runs this file, and the compiler does not make files executable.
    chmodSync(join(fresh, 'cli', 'main.js'), 0o755)
    writeFileSync(join(fresh, '.stamp'), state)
    rmSync(at('dist'), { recursive: true, force: true })
    renameSync(fresh, at('dist'))
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

function stateOfSource () {
  const sources = [...files(at('src')), ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map(name => at(name))]
  return hash(...sources.sort().map(file => {
    const { mtimeMs, size } = statSync(file)
    return `${relative(root, file)} ${mtimeMs} ${size}`
  }))
}

// ---- redis-server

const linkedRedis = at('.data', 'bin', 'redis-server')

/** The link exists only for the program that REDIS_SERVER_BIN names. */
function hasRedis () {
  const wanted = process.env.REDIS_SERVER_BIN
  if (wanted) return targetOf(linkedRedis) === wanted
  if (targetOf(linkedRedis) !== undefined) rmSync(linkedRedis)
  return onPath('redis-server') !== undefined || onPath('valkey-server') !== undefined
}

async function provideRedis () {
  const wanted = process.env.REDIS_SERVER_BIN
  if (wanted) {
    if (!isExecutable(wanted)) fail(`REDIS_SERVER_BIN is ${wanted}, which is not an executable file`)
    mkdirSync(at('.data', 'bin'), { recursive: true })
    rmSync(linkedRedis, { force: true })
    return symlinkSync(wanted, linkedRedis)
  }
  const programs = ['usr/bin/redis-server', 'usr/bin/redis-cli']
  const debian = { folder: 'redis-server', packages: ['redis-server'], programs, withLibraries: true }
  if (await unpackPrograms(debian, say)) return
  if (!onPath('brew')) fail('no redis-server found: install Redis 7 or newer, or set REDIS_URL (npm start) or REDIS_SERVER_BIN')
  say('installing redis with brew')
  await run(['brew', 'install', 'redis'], 'brew install redis failed')
}

// ---- Prometheus and Alertmanager

const monitoring = ['prometheus', 'promtool', 'prometheus-alertmanager', 'amtool']

/** Debian's Alertmanager reads its templates from this folder only. */
const TEMPLATES = '/usr/share/prometheus/alertmanager'

function hasMonitoring () {
  return monitoring.every(name => onPath(name) !== undefined)
}

async function unpackMonitoring () {
  const debian = { folder: 'monitoring', packages: ['prometheus', 'prometheus-alertmanager'], programs: monitoring.map(name => `usr/bin/${name}`) }
  if (!await unpackPrograms(debian, say)) return say('no Prometheus from apt: tests of alerts and dashboards are skipped')
  const templates = at('.data', 'monitoring', 'root', TEMPLATES)
  if (process.getuid?.() === 0 && existsSync(templates) && !existsSync(TEMPLATES)) cpSync(templates, TEMPLATES, { recursive: true })
}

// ---- Chromium

/** Fonts for a system that has none. */
const FONTS = '[ -d "$root/etc/fonts" ] && export FONTCONFIG_PATH="$root/etc/fonts" XDG_DATA_HOME="$root/usr/share"'

function hasBrowser () {
  return ['chromium', 'chromium-headless-shell', 'google-chrome'].some(name => onPath(name) !== undefined)
}

async function unpackBrowser () {
  const debian = {
    folder: 'chromium',
    packages: ['chromium-headless-shell'],
    programs: ['usr/lib/chromium/chromium-headless-shell'],
    withLibraries: true,
    environment: FONTS
  }
  if (!await unpackPrograms(debian, say)) say('no Chromium from apt that runs here: tests of the console in a browser are skipped')
}

// ---- The clock of a redis-server

const clock = at('.data', 'clock', 'redis-clock.so')
const clockSource = at('test', 'support', 'redis-clock.c')

function hasClock () {
  return existsSync(clock) && statSync(clock).mtimeMs >= statSync(clockSource).mtimeMs
}

/** With the system's compiler, else with Debian's smallest one, which needs no headers here. */
async function compileClock () {
  if (process.platform !== 'linux') return say('the clock of Redis cannot be set on this platform: the simulation is skipped')
  mkdirSync(at('.data', 'clock'), { recursive: true })
  const library = ['-nostdlib', '-shared', '-o', clock, clockSource]
  if (onPath('cc') && await succeeds(['cc', '-O1', '-fPIC', ...library])) return
  const folder = at('.data', 'clock')
  await unpackPrograms({ folder: 'clock', packages: ['tcc'], programs: ['usr/bin/tcc'], version: '-v' }, say)
  const runtime = files(join(folder, 'root')).find(file => file.endsWith('libtcc1.a')) ?? ''
  const compiled = await succeeds([join(folder, 'root', 'usr', 'bin', 'tcc'), `-B${join(runtime, '..')}`, ...library])
  if (!compiled) say('no C compiler that works here: the simulation is skipped')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setup(...process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts))
