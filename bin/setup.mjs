#!/usr/bin/env node
/**
 * Makes a fresh machine ready: dependencies, a redis-server, the build, and for tests Prometheus and a Chromium. Does only what is missing,
 * and costs some milliseconds when nothing is. `npm start` and `npm test` call it; by hand: `node bin/setup.mjs`.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { at, files, hash, isExecutable, onPath, output, read, root, run, SetupFailed, succeeds } from './kit.mjs'

/** Resolves when all is there; otherwise says what is wrong and ends the process with 1. `forStart` spares Redis if REDIS_URL names one. */
export async function setup ({ quiet = false, forStart = false } = {}) {
  const say = line => { if (!quiet) console.log(`setup: ${line}`) }
  try {
    // What apt gives and what npm gives come side by side.
    await Promise.all([provideProgram(say, forStart), provideServers(say, forStart)])
  } catch (error) {
    if (!(error instanceof SetupFailed)) throw error
    console.error(`setup: ${error.message}`)
    process.exit(1)
  }
}

async function provideProgram (say, forStart) {
  await installDependencies(say)
  await Promise.all([build(say), forStart || provideRunner(say)])
}

/** One after another: apt lets nobody in beside itself. */
async function provideServers (say, forStart) {
  const hasRedis = forStart && (process.env.REDIS_URL || process.env.REDIS_URL_FILE)
  if (!hasRedis) await provideRedis(say)
  if (forStart) return
  await provideMonitoring(say)
  await provideBrowser(say)
}

// ---- Dependencies

async function installDependencies (say) {
  const stamp = at('node_modules', '.sluice-lock')
  if (read(stamp) === hashOfLock()) return
  if (!existsSync(stamp) && isFreshlyInstalled()) return writeFileSync(stamp, hashOfLock())
  say('installing dependencies (once, a minute or two)')
  // Not `npm ci`: npm 11 refuses a lock file that was written where optional packages of other platforms were out of reach.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  // The compiler is a development dependency, and NODE_ENV=production would leave it out.
  await run([...npm, 'install', '--include=dev', '--no-audit', '--no-fund'], 'npm install failed')
  writeFileSync(stamp, hashOfLock())
}

/** Somebody ran `npm install` by hand: npm's own note of what it installed is younger than what was asked for. */
function isFreshlyInstalled () {
  const note = at('node_modules', '.package-lock.json')
  return existsSync(note) && existsSync(at('node_modules', 'typescript')) &&
    ['package.json', 'package-lock.json'].every(name => statSync(at(name)).mtimeMs <= statSync(note).mtimeMs)
}

function hashOfLock () {
  const { dependencies, devDependencies, overrides } = JSON.parse(readFileSync(at('package.json'), 'utf8'))
  return hash(JSON.stringify([dependencies, devDependencies, overrides]), read(at('package-lock.json')))
}

// ---- The test runner

/** tap puts itself together from its plugins; a run that has to do so first loads those of before. */
async function provideRunner (say) {
  const stamp = at('node_modules', '.sluice-tap')
  const wanted = hash(JSON.stringify(JSON.parse(readFileSync(at('package.json'), 'utf8')).tap), hashOfLock())
  if (read(stamp) === wanted) return
  say('putting the test runner together (once)')
  await run([at('node_modules', '.bin', 'tap'), 'build'], 'tap build failed')
  writeFileSync(stamp, wanted)
}

// ---- Redis

/**
 * The gateway looks at `.data/bin/redis-server` first and at the PATH then, so the link exists only for a server that is
 * not on the PATH.
 */
async function provideRedis (say) {
  const wanted = process.env.REDIS_SERVER_BIN
  if (wanted) {
    if (!isExecutable(wanted)) throw new SetupFailed(`REDIS_SERVER_BIN is ${wanted}, which can not be run`)
    return link(wanted)
  }
  if (onPath('redis-server') || onPath('valkey-server')) return link(undefined)
  const unpacked = at('.data', 'redis-server', 'redis-server')
  if (isExecutable(unpacked)) return link(unpacked)

  for (const way of [installAsRoot, unpackPrivately, installBySudo, installByBrew]) {
    const found = await way(say, unpacked)
    if (found) return link(found)
  }
  throw new SetupFailed('Sluice needs a redis-server (7.0 or newer) on the PATH: install the package "redis-server", "redis" or ' +
    '"valkey" of your system, or set REDIS_SERVER_BIN to one, or REDIS_URL to a Redis that runs')
}

async function installAsRoot (say) {
  if (!onPath('apt-get') || process.getuid?.() !== 0) return
  say('installing redis-server by apt')
  await apt([])
  return onPath('redis-server')
}

async function installBySudo (say) {
  if (!onPath('apt-get') || !onPath('sudo') || !await succeeds(['sudo', '-n', 'true'])) return
  say('installing redis-server by sudo apt')
  await apt(['sudo', '-n'])
  return onPath('redis-server')
}

async function apt (prefix) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  // A stale list is worth a try; the install says what is wrong if it is not.
  await succeeds([...prefix, 'apt-get', 'update'])
  await run([...prefix, 'apt-get', 'install', '-y', '--no-install-recommends', 'redis-server'], 'apt-get install failed', { env })
}

/** Without root on Debian and its kin: the packages unpacked into `.data`, the system left as it is. */
async function unpackPrivately (say, wrapper) {
  if (!onPath('apt-get') || !onPath('dpkg-deb') || process.getuid?.() === 0) return
  const packages = await missingPackages('redis-server')
  if (packages.length === 0) return
  say(`unpacking ${packages.join(', ')} into .data/redis-server`)
  const cwd = at('.data', 'redis-server')
  mkdirSync(cwd, { recursive: true })
  if (!await unpack(packages, cwd)) return
  wrap(cwd, wrapper, 'usr/bin/redis-server')
  if (await succeeds([wrapper, '--version'])) return wrapper
  rmSync(cwd, { recursive: true })
}

/** What apt would install for this package here: itself and the libraries that it lacks. */
async function missingPackages (name) {
  const plan = await output(['apt-get', '-s', 'install', '--no-install-recommends', name])
  return [...plan.matchAll(/^Inst (\S+)/gm)].map(match => match[1])
}

/** A script at `wrapper`, right under `cwd`, that runs a program of `<cwd>/root` with the libraries unpacked there; `lines` go before. */
function wrap (cwd, wrapper, program, lines = '') {
  const libraries = ['usr/lib', 'lib'].flatMap(dir => files(join(cwd, 'root', dir)))
    .filter(file => /\.so(\.|$)/.test(file)).map(file => `$here/${relative(cwd, join(file, '..'))}`)
  writeFileSync(wrapper, `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
${lines}LD_LIBRARY_PATH="${[...new Set(libraries)].join(':')}" exec "$here/root/${program}" "$@"
`)
  chmodSync(wrapper, 0o755)
}

/** Packages downloaded and unpacked into `<cwd>/root`; false where apt has none of them to give. */
async function unpack (packages, cwd) {
  if (!await succeeds(['apt-get', 'download', ...packages], { cwd })) return false
  for (const name of readdirSync(cwd).filter(name => name.endsWith('.deb'))) {
    await run(['dpkg-deb', '-x', name, 'root'], `dpkg-deb can not unpack ${name}`, { cwd })
    rmSync(join(cwd, name))
  }
  return true
}

async function installByBrew (say) {
  if (!onPath('brew')) return
  say('installing redis by brew')
  await run(['brew', 'install', 'redis'], 'brew install redis failed')
  return onPath('redis-server')
}

function link (target) {
  const path = at('.data', 'bin', 'redis-server')
  rmSync(path, { force: true })
  if (target === undefined || target === onPath('redis-server')) return
  mkdirSync(at('.data', 'bin'), { recursive: true })
  symlinkSync(target, path)
}

// ---- Prometheus and Alertmanager

/** Debian's Alertmanager reads its templates from here and from nowhere else. */
const TEMPLATES = '/usr/share/prometheus/alertmanager'

/** Needed by the tests of alerts and dashboards only, which say so themselves where it is missing. */
async function provideMonitoring (say) {
  if (!await unpackMonitoring(say)) say('apt has no Prometheus to give: the tests of alerts and dashboards are left out')
  const templates = at('.data', 'monitoring', 'root', TEMPLATES)
  if (process.getuid?.() === 0 && existsSync(templates) && !existsSync(TEMPLATES)) cpSync(templates, TEMPLATES, { recursive: true })
}

/** Debian's packages, unpacked into `.data/monitoring` and never installed, so that no service of theirs can start. False where apt has none to give. */
export async function unpackMonitoring (say) {
  const programs = ['prometheus', 'promtool', 'prometheus-alertmanager', 'amtool']
  const cwd = at('.data', 'monitoring')
  if (programs.every(name => onPath(name) || isExecutable(join(cwd, 'root', 'usr', 'bin', name)))) return true
  if (!onPath('apt-get') || !onPath('dpkg-deb')) return false
  say('unpacking prometheus and prometheus-alertmanager into .data/monitoring (30 MB)')
  mkdirSync(cwd, { recursive: true })
  const packages = ['prometheus', 'prometheus-alertmanager']
  if (await unpack(packages, cwd)) return true
  // The lists may be missing or stale; where we may not renew them there is nothing more to try.
  await succeeds([...(process.getuid?.() === 0 ? [] : ['sudo', '-n']), 'apt-get', 'update'])
  return await unpack(packages, cwd)
}

// ---- Chromium, for tests

/** The file under which fonts are looked for; what is unpacked beside a system without fonts brings its own. */
const FONTS = `[ -d "$here/root/etc/fonts" ] && export FONTCONFIG_PATH="$here/root/etc/fonts" XDG_DATA_HOME="$here/root/usr/share"
`

/**
 * Debian's headless Chromium and the libraries it lacks here, unpacked into `.data/chromium` and never installed. Needed by the tests of the
 * console only, which say so themselves where it is missing.
 */
async function provideBrowser (say) {
  const cwd = at('.data', 'chromium')
  const wrapper = join(cwd, 'chromium-headless-shell')
  if (['chromium', 'chromium-headless-shell', 'google-chrome'].some(onPath) || isExecutable(wrapper)) return
  if (!onPath('apt-get') || !onPath('dpkg-deb')) return
  say('unpacking chromium-headless-shell into .data/chromium (100 MB and more, for tests)')
  mkdirSync(cwd, { recursive: true })
  if (!await unpackBrowser(cwd)) {
    await succeeds([...(process.getuid?.() === 0 ? [] : ['sudo', '-n']), 'apt-get', 'update'])
    if (!await unpackBrowser(cwd)) return say('apt has no Chromium to give: the tests of the console in a browser are left out')
  }
  wrap(cwd, wrapper, 'usr/lib/chromium/chromium-headless-shell', FONTS)
  if (await succeeds([wrapper, '--version'])) return
  rmSync(wrapper)
  say('the Chromium of apt does not run here: the tests of the console in a browser are left out')
}

async function unpackBrowser (cwd) {
  const packages = await missingPackages('chromium-headless-shell')
  return packages.length > 0 && await unpack(packages, cwd)
}

// ---- Build

async function build (say) {
  const stamp = at('dist', '.stamp')
  const state = stateOfSource()
  if (read(stamp) === state) return
  say('building')
  // Beside `dist` and then in its place, so that a failed build takes nothing away.
  const fresh = at('dist.new')
  try {
    await run([process.execPath, at('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json', '--outDir', fresh],
      'the build failed')
    cpSync(at('src', 'console', 'page'), join(fresh, 'console', 'page'), { recursive: true })
    // `npx sluice` in a clone runs this very file, and the compiler makes none that can be run.
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

if (process.argv[1] === fileURLToPath(import.meta.url)) await setup()
