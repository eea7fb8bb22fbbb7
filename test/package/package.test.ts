/** The package of `npm run pack`: client and command line only, available through its exports. `npm run pack:check` installs and runs it. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import t from 'tap'
import { root } from '../contract/tree.js'
import { provide } from '../support/provide.js'

interface Stager { stage: (folder: string) => void }

await provide('build')

await t.test('the package contains client and command line, has five dependencies, and can be imported', async t => {
  const app = t.testdir()
  const folder = join(app, 'node_modules/sluice')
  mkdirSync(folder, { recursive: true })
  const { stage } = await import(`${root}bin/pack.mjs`) as Stager
  stage(folder)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { private?: boolean, dependencies: Record<string, string> }
  const libraries = Object.keys(manifest.dependencies)
  t.strictSame(libraries, ['cli-progress', 'cli-table3', 'commander', 'csv-parse', 'undici'], 'no Redis among them')
  t.equal(manifest.private, undefined)

  const listing = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [packed] = JSON.parse(listing) as Array<{ files: Array<{ path: string }> }>
  const paths = packed?.files.map(({ path }) => path) ?? []
  const required = ['package.json', 'README.md', 'LICENSE', 'cli.md', 'dist/client/index.js', 'dist/client/index.d.ts', 'dist/cli/main.js']
  t.ok(required.every(path => paths.includes(path)))
  t.strictSame(paths.filter(path => !/^(dist\/(client|cli)\/.*\.(js|d\.ts)|package\.json|README\.md|LICENSE|cli\.md)$/.test(path)), [])

  const files = paths.map(name => ({ name: join(folder, name), data: readFileSync(join(folder, name)) }))
  const { messages } = await publint({ pkgDir: folder, pack: { files }, strict: true })
  t.strictSame(messages.map(({ code, type, path }) => ({ code, type, path })), [])

  for (const library of libraries) symlinkSync(join(root, 'node_modules', library), join(app, 'node_modules', library))
  const program = `import { SluiceClient } from 'sluice/client'
    console.log(new SluiceClient({ baseUrl: 'http://localhost' }).generateIdempotencyKey('+1 234 567 890', 'Hello'))`
  const key = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: app, encoding: 'utf8' })
  t.match(key, /^whatsapp:\+1234567890:[0-9a-f]{16}\n$/)
  t.match(execFileSync(process.execPath, [join(folder, 'dist/cli/main.js'), 'help'], { encoding: 'utf8' }), /Usage: sluice/)
})

await t.test('the built command line can be executed in place, as npx does in a clone', async t => {
  t.doesNotThrow(() => accessSync(join(root, 'dist/cli/main.js'), constants.X_OK))
  t.match(execFileSync(join(root, 'dist/cli/main.js'), ['--version'], { encoding: 'utf8' }), /^\d+\.\d+\.\d+\n$/)
})
