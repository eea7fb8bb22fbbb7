#!/usr/bin/env node
/**
 * `npm run pack`: client and command line as a package, `sluice-<version>.tgz`. Its package.json is the gateway's, without what those
 * two don't import: who sends messages needs no Redis client.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setup } from './setup.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const rooms = ['dist/client', 'dist/cli']

/** Lays the package out in a folder, from what is built. */
export function stage (folder) {
  const { name, version, description, license, type, engines, exports, bin, files, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const room of rooms) cpSync(join(root, room), join(folder, room), { recursive: true })
  const imported = new Set(rooms.flatMap(importsOf))
  const needed = Object.fromEntries(Object.entries(dependencies).filter(([library]) => imported.has(library)))
  const manifest = { name, version, description, license, type, engines, exports, bin, files: [...files, 'cli.md'], dependencies: needed }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  for (const [from, to] of [['LICENSE', 'LICENSE'], ['docs/client.md', 'README.md'], ['docs/cli.md', 'cli.md']]) cpSync(join(root, from), join(folder, to))
}

/** The packages that the files of a room import, `a/b` as `a`. */
function importsOf (room) {
  const files = readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.js'))
  const specifiers = files.flatMap(file => [...readFileSync(join(root, room, file), 'utf8').matchAll(/^(?:import|export) [^;']*'([^']+)'/gm)].map(([, specifier]) => specifier))
  return specifiers.map(specifier => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/'))
}

/** Packs it into a folder and returns the path of the file. */
export function pack (into) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'))
  try {
    stage(folder)
    mkdirSync(into, { recursive: true })
    const [{ filename, size, unpackedSize }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', into], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
    return { path: join(into, filename), size, unpackedSize }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setup({ quiet: true, forStart: true })
  const { path, size, unpackedSize } = pack(root)
  console.log(`${path}: ${Math.round(size / 1000)} kB, ${Math.round(unpackedSize / 1000)} kB unpacked`)
}
