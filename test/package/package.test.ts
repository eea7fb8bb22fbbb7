/** The package of `npm run pack`: client and command line only, available through its exports. `npm run pack:check` installs and runs it. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import t from 'tap'
import ts from 'typescript'
import { root } from '../contract/tree.js'
import { provide } from '../support/provide.js'

interface Stager { stage: (folder: string) => void }

await provide('build')

await t.test('the package contains client and command line, has eight dependencies, and can be imported and required', async t => {
  const app = t.testdir()
  const folder = join(app, 'node_modules/@sluice-gateway/client')
  mkdirSync(folder, { recursive: true })
  const { stage } = await import(`${root}bin/pack.mjs`) as Stager
  stage(folder)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string, private?: boolean, dependencies: Record<string, string>
  }
  const libraries = Object.keys(manifest.dependencies)
  t.strictSame(libraries, [
    'cli-progress', 'cli-table3', 'commander', 'csv-parse', 'fastest-levenshtein', 'libphonenumber-js', 'read-excel-file', 'undici'
  ], 'no Redis among them')
  t.equal(manifest.private, undefined)
  t.match(manifest.name, /^@sluice-gateway\//, 'in a scope: without one, anybody could publish the name and be run by npx')

  const listing = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [packed] = JSON.parse(listing) as Array<{ files: Array<{ path: string }> }>
  const paths = packed?.files.map(({ path }) => path) ?? []
  const required = ['package.json', 'README.md', 'LICENSE', 'cli.md', 'dist/client/index.js', 'dist/client/index.d.cts', 'dist/cli/main.js']
  t.ok(required.every(path => paths.includes(path)))
  t.strictSame(paths.filter(path => !/^(dist\/(client|cli|values)\/.*\.(js|cjs|d\.c?ts)|package\.json|README\.md|LICENSE|cli\.md)$/.test(path)), [])

  const files = paths.map(name => ({ name: join(folder, name), data: readFileSync(join(folder, name)) }))
  const { messages } = await publint({ pkgDir: folder, pack: { files }, strict: true })
  t.strictSame(messages.map(({ code, type, path }) => ({ code, type, path })), [])

  for (const library of libraries) symlinkSync(join(root, 'node_modules', library), join(app, 'node_modules', library))
  const program = `import { SluiceClient } from '@sluice-gateway/client'
    import { createRequire } from 'node:module'
    if (createRequire(import.meta.url)('@sluice-gateway/client').SluiceClient !== SluiceClient) throw new Error('another class')
    console.log(new SluiceClient({ baseUrl: 'http://localhost' }).generateIdempotencyKey('+1 234 567 890', 'Hello'))`
  const key = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: app, encoding: 'utf8' })
  t.match(key, /^whatsapp:\+1234567890:[0-9a-f]{16}\n$/)
  t.match(execFileSync(process.execPath, [join(folder, 'dist/cli/main.js'), 'help'], { encoding: 'utf8' }), /Usage: sluice/)
})

const CONSUMER = `
import { SluiceClient, SluiceClientError, type PostMessage, type SendResult } from '@sluice-gateway/client'
const client = new SluiceClient({ baseUrl: 'http://localhost' })
export const delay = (result: SendResult): number | null => result.queued ? result.delayMs : 0
export const isFull = (error: unknown): boolean => error instanceof SluiceClientError && error.code === 'BACKLOG_FULL'
export const codes = async () => (await client.sendBatch([{ to: '+1234567890', message: 'Hello' }])).map(one => 'code' in one ? one.code : one.id)
// @ts-expect-error unknown lane
export const lane = async () => await client.sendMessage('+1234567890', 'Hello', { priority: 'first' })
// @ts-expect-error no recipient
export const unnamed: PostMessage = { message: 'Hello' }
// @ts-expect-error two recipients
export const both: PostMessage = { to: '+1234567890', group: 'g', message: 'Hello' }
`

await t.test('the types compile in every module system, also for CommonJS', async t => {
  const app = t.testdir({ 'package.json': '{"type":"commonjs"}', 'consumer.ts': CONSUMER, 'consumer.mts': CONSUMER })
  const folder = join(app, 'node_modules/@sluice-gateway/client')
  mkdirSync(folder, { recursive: true })
  const { stage } = await import(`${root}bin/pack.mjs`) as Stager
  stage(folder)
  const { ModuleKind, ModuleResolutionKind, ScriptTarget } = ts
  const systems: Array<[name: string, file: string, options: ts.CompilerOptions]> = [
    ['commonjs', 'consumer.ts', { module: ModuleKind.CommonJS, moduleResolution: ModuleResolutionKind.Node10 }],
    ['node16, CommonJS', 'consumer.ts', { module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16 }],
    ['nodenext, ES module', 'consumer.mts', { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext }],
    ['bundler', 'consumer.ts', { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler }]
  ]
  for (const [name, file, system] of systems) {
    const options = { ...system, target: ScriptTarget.ES2022, strict: true, noEmit: true, types: [], skipLibCheck: true }
    const found = ts.getPreEmitDiagnostics(ts.createProgram([join(app, file)], options))
    t.strictSame(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')), [], name)
  }
})

await t.test('the built command line can be executed in place, as npx does in a clone', async t => {
  t.doesNotThrow(() => accessSync(join(root, 'dist/cli/main.js'), constants.X_OK))
  t.match(execFileSync(join(root, 'dist/cli/main.js'), ['--version'], { encoding: 'utf8' }), /^\d+\.\d+\.\d+\n$/)
})
