#!/usr/bin/env node
/**
 * `npm run pack`: makes a package of client and command line, with the module that they share with the gateway. Its package.json is the
 * gateway's, with only the dependencies that these import: an application that sends messages needs no Redis client.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './kit.mjs'
import { setup } from './setup.mjs'

const modules = ['dist/client', 'dist/cli', 'dist/values']

const DESCRIPTION = 'Client and command line of Sluice, a WhatsApp gateway that paces, retries and accounts for messages'

/** For ES modules, CommonJS, and compilers that know neither `exports` nor ES modules. */
const entries = {
  main: './dist/client/index.cjs',
  types: './dist/client/index.d.ts',
  exports: {
    '.': {
      import: { types: './dist/client/index.d.ts', default: './dist/client/index.js' },
      require: { types: './dist/client/index.d.cts', default: './dist/client/index.cjs' }
    },
    './package.json': './package.json'
  }
}

/** Writes the package into a folder, from dist/. */
export function stage (folder) {
  const gateway = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { name, version, license, type, engines, bin, files, dependencies } = gateway
  for (const module of modules) cpSync(join(root, module), join(folder, module), { recursive: true })
  const imported = new Set(modules.flatMap(importsOf))
  const needed = Object.fromEntries(Object.entries(dependencies).filter(([library]) => imported.has(library)))
  addCommonJs(folder)
  const manifest = {
    name, version, description: DESCRIPTION, license, type, engines, ...entries, bin, files: [...files, 'cli.md'], dependencies: needed
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  const pages = [['LICENSE', 'LICENSE'], ['docs/client.md', 'README.md'], ['docs/cli.md', 'cli.md']]
  for (const [from, to] of pages) cpSync(join(root, from), join(folder, to))
}

/** CommonJS loads the ES module itself, so that both have the same classes; its types have to be a CommonJS module of their own. */
function addCommonJs (folder) {
  writeFileSync(join(folder, 'dist/client/index.cjs'), "module.exports = require('./index.js')\n")
  for (const module of ['dist/client', 'dist/values']) {
    for (const file of readdirSync(join(folder, module)).filter(name => name.endsWith('.d.ts'))) {
      const text = readFileSync(join(folder, module, file), 'utf8')
      writeFileSync(join(folder, module, file.replace('.d.ts', '.d.cts')), text.replaceAll(/(from '\.[^']*|import\("\.[^"]*)\.js(['"])/g, '$1.cjs$2'))
    }
  }
}

/** The packages that the files of a module import, `a/b` as `a`. */
function importsOf (module) {
  const files = readdirSync(join(root, module), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.js'))
  const specifiers = files.flatMap(file => {
    const text = readFileSync(join(root, module, file), 'utf8')
    return [...text.matchAll(/^(?:import|export) [^;']*'([^']+)'|\bimport\('([^']+)'\)/gm)].map(([, fixed, loaded]) => fixed ?? loaded)
  })
  return specifiers.map(specifier => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/'))
}

/** Packs it into a folder; returns the path of the file and its sizes. */
export function pack (into) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'))
  try {
    stage(folder)
    mkdirSync(into, { recursive: true })
    const options = { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
    const output = execFileSync('npm', ['pack', '--json', '--pack-destination', into], options)
    const [{ filename, size, unpackedSize }] = JSON.parse(output)
    return { path: join(into, filename), size, unpackedSize }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setup('build')
  const { path, size, unpackedSize } = pack(root)
  console.log(`${path}: ${Math.round(size / 1000)} kB, ${Math.round(unpackedSize / 1000)} kB unpacked`)
}
