/**
 * Bundles test files: each becomes one JavaScript file with all that it imports from `src/` and `test/`. Without it every test process
 * would translate and resolve some hundred modules, which takes longer than most tests.
 */
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { build, stop } from 'esbuild'
import { at } from './kit.mjs'

const folder = at('.tap', 'js')

/** `import.meta.url` stays the URL of the source: modules look for files relative to it. */
const sourceUrls = {
  name: 'source-urls',
  setup ({ onLoad }) {
    onLoad({ filter: /\.(ts|mjs)$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: path.endsWith('.ts') ? 'ts' : 'js' }
    })
  }
}

/** Takes paths from the root; returns the paths of the bundles, in the same order. Throws where a file does not compile; esbuild has printed why. */
export async function bundle (files) {
  await build({
    entryPoints: files.map(file => at(file)),
    outbase: at('.'),
    outdir: folder,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    plugins: [sourceUrls],
    logLevel: 'warning'
  })
  await stop()
  return files.map(file => `${folder}/${file.replace(/\.ts$/, '.js')}`)
}
