/**
 * Test files as tap is to run them: each with all that it imports of `src/` and `test/` in one file of JavaScript. A process of its own for every
 * file would else have a loader translate and look up some hundred modules, which takes it longer than most of the tests themselves.
 */
import { readFile } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, stop } from 'esbuild'
import { at, root } from './kit.mjs'

const folder = at('.tap', 'js')

/** A module asks where it is to find its neighbours on the disk: they are where its source is. */
const stayHome = {
  name: 'stay-home',
  setup ({ onLoad }) {
    onLoad({ filter: /\.(ts|mjs)$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: path.endsWith('.ts') ? 'ts' : 'js' }
    })
  }
}

/**
 * Bundles test files, named from the root; returns where their bundles are. tap runs files by name, two or more at a time, so these are
 * numbered in the order given. Throws where one does not compile; esbuild has said why.
 */
export async function bundle (files) {
  rmSync(folder, { recursive: true, force: true })
  const outs = files.map((file, at) => `${String(at).padStart(3, '0')}/${file.replace(/\.ts$/, '')}`)
  await build({
    entryPoints: files.map((file, index) => ({ in: at(file), out: outs[index] })),
    outdir: folder,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    plugins: [stayHome],
    logLevel: 'warning'
  })
  await stop()
  return new Map(files.map((file, index) => [file, `${relative(root, folder)}/${outs[index]}.js`]))
}

/** A line of tap's, with the test files named as they are in `test/`. */
export function named (line) {
  return line.replace(/\.tap\/js\/\d+\/(test\/[\w/-]+\.test)\.js\b/g, '$1.ts')
}
