/** The house rules of src/: who may import whom, and what may stand where. CONTRIBUTING.md says why. */
import { posix } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { lines, list, read } from './tree.js'

/** Seen by every room; they see only each other. */
const shared = ['config', 'errors', 'events', 'message', 'parallel', 'signal', 'senders', 'recipient', 'redact', 'redis']

/** What takes requests from outside: everything but the workers' own rooms, and of the walk only its verbs. */
const entrance = ['webhooks', 'admission', 'drain/deliver', 'drain/cancel', 'settlement/record', 'settlement/inspect', 'settlement/find', 'settlement/references', 'failure', 'throttle']

/** A room may import its own files, what is shared, and this: whole rooms, or single files of them. */
const mayImport: Record<string, string[]> = {
  http: [...entrance, 'erasure'],
  graph: [
    ...entrance, 'http/admission-result', 'http/api', 'http/openapi', 'http/operation', 'http/request', 'http/samples', 'http/schemas/common',
    'http/schemas/message'
  ],
  dashboard: [...entrance, 'http/audit', 'http/problem'],
  console: [],
  webhooks: ['settlement', 'throttle/opt-outs'],
  callbacks: ['settlement/record', 'failure/failure'],
  admission: [],
  drain: ['provider', 'settlement'],
  erasure: ['drain/cancel', 'drain/deliver', 'settlement'],
  failure: ['drain/deliver', 'drain/cancel', 'settlement'],
  recovery: ['drain/wake', 'drain/cancel', 'drain/deliver', 'settlement'],
  provider: [],
  settlement: ['throttle/pause'],
  throttle: [],
  metrics: [],
  sandbox: [],
  client: [],
  cli: ['client/index'],
}

/** Programs of their own, that know the gateway by HTTP only: they import nothing of it, not even what is shared, and have their own errors. */
const apart = ['sandbox', 'client', 'cli']

/** What a program wrote from another file, of which a test holds it to be the image. */
const written = ['src/client/openapi.ts']

/**
 * Moments of Redis are compared with Redis's clock, and durations are taken by performance.now(). The system's clock is
 * for what neither of them can tell; each place has its reason.
 */
const mayReadSystemClock: Record<string, string> = {
  'src/provider/answer.ts': 'a Retry-After date in an answer that has no Date of its own',
  'src/metrics/log.ts': 'the time of a log line, which people compare with other logs',
  'src/redis/keys.ts': 'the hour that names a bucket of the look-up index; a look-up asks the neighbours too'
}

const LINES_AT_MOST = 300

interface Source { path: string, deps: string, ast: ts.SourceFile }
interface Import { from: Source, to: string, isTypeOnly: boolean, isOwn: boolean }

const sources: Source[] = list('src', '.ts').map(path => ({
  path,
  deps: roomOf(path),
  ast: ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true),
}))
const imports = sources.flatMap(importsOf)
const gateway = sources.filter(source => !apart.includes(source.deps))

await t.test('there is something to check', async t => {
  t.ok(sources.length > 10)
  t.ok(imports.some(one => one.isOwn))
})

await t.test('every room stands in the table', async t => {
  const rooms = new Set(sources.map(source => source.deps).filter(deps => deps !== 'wiring' && deps !== 'shared'))
  t.strictSame([...rooms].filter(deps => !(deps in mayImport)), [])
})

await t.test('imports point down the walk, never up', async t => {
  t.strictSame(imports.filter(one => one.isOwn && !isAllowed(one)).map(show), [])
})

await t.test('no room imports metrics/, and only main.ts starts the sandbox', async t => {
  const to = (deps: string) => imports.filter(one => one.isOwn && one.from.deps !== deps && roomOf(one.to) === deps)
  t.strictSame(to('metrics').filter(one => one.from.deps !== 'wiring').map(show), [])
  t.strictSame(to('sandbox').filter(one => one.from.path !== 'src/main.ts').map(show), [])
})

await t.test('no file imports itself by way of others', async t => {
  const next = new Map(sources.map(source => [
    source.path, imports.filter(one => one.isOwn && !one.isTypeOnly && one.from === source).map(one => one.to)]))
  const cycles = new Set<string>()
  const finished = new Set<string>()
  const walk = (path: string, trail: string[]): void => {
    if (trail.includes(path)) cycles.add([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    if (trail.includes(path) || finished.has(path)) return
    for (const to of next.get(path) ?? []) walk(to, [...trail, path])
    finished.add(path)
  }
  for (const { path } of sources) walk(path, [])
  t.strictSame([...cycles], [])
})

await t.test('every import of our own leads to a file', async t => {
  t.strictSame(imports.filter(one => one.isOwn && !sources.some(source => source.path === one.to)).map(show), [])
})

await t.test('only provider/ and callbacks/ talk to the outside: undici is imported there alone', async t => {
  t.strictSame(imports.filter(one => one.to === 'undici' && !['provider', 'callbacks', 'sandbox', 'client'].includes(one.from.deps)).map(show), [])
})

await t.test('the environment is read in config.ts only', async t => {
  t.strictSame(find(sources, node => isMember(node, 'process', 'env')).filter(place => !place.startsWith('src/config.ts')), [])
})

await t.test('errors come from the list in errors.ts', async t => {
  const isBare = (node: ts.Node) => ts.isNewExpression(node) && ts.isIdentifier(node.expression) &&
    ['Error', 'TypeError', 'RangeError'].includes(node.expression.text)
  t.strictSame(find(gateway, isBare).filter(place => !place.startsWith('src/errors.ts')), [])
})

await t.test('the port is bound in main.ts only', async t => {
  const isListen = (node: ts.Node) => ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) &&
    node.expression.name.text === 'listen' && !/\bwakes$/.test(node.expression.expression.getText())
  t.strictSame(find(gateway, isListen).filter(place => !place.startsWith('src/main.ts')), [])
})

await t.test('the system clock is read where a reason is given', async t => {
  const isClock = (node: ts.Node) => isMember(node, 'Date', 'now') ||
    (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0)
  const places = find(gateway, isClock)
  t.strictSame(places.filter(place => !(place.replace(/:\d+$/, '') in mayReadSystemClock)), [])
  t.strictSame(Object.keys(mayReadSystemClock).filter(path => !places.some(place => place.startsWith(path))), [], 'no idle exemption')
})

await t.test('no any', async t => {
  t.strictSame(find(sources, node => node.kind === ts.SyntaxKind.AnyKeyword), [])
})

await t.test('no file is longer than 300 lines', async t => {
  const long = sources.filter(({ path }) => !written.includes(path)).map(({ path }) => ({ path, length: lines(path).length })).filter(one => one.length > LINES_AT_MOST)
  t.strictSame(long, [])
})

await t.test('nothing is left for later', async t => {
  const paths = [...sources.map(source => source.path), ...list('lua', '.lua'), ...list('bin', '.mjs')]
  const mark = /\b(TODO|FIXME|HACK|XXX)\b/
  t.strictSame(paths.flatMap(path => lines(path).flatMap((line, at) => mark.test(line) ? [`${path}:${at + 1}`] : [])), [])
})

/** `shared`, `wiring` (what lies right under src and is not shared: it sees everything), or the folder. */
function roomOf (path: string): string {
  const [, first = '', second] = path.replace(/\.ts$/, '').split('/')
  if (shared.includes(first)) return 'shared'
  return second === undefined ? 'wiring' : first
}

function isAllowed ({ from, to }: Import): boolean {
  const target = roomOf(to)
  if (from.deps === target) return true
  if (!apart.includes(from.deps) && (from.deps === 'wiring' || target === 'shared')) return true
  const file = to.replace(/^src\//, '').replace(/\.ts$/, '')
  return mayImport[from.deps]?.some(allowed => allowed === target || allowed === file) ?? false
}

function importsOf (from: Source): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Expression | undefined, isTypeOnly: boolean) => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return
    const isOwn = specifier.text.startsWith('.')
    const to = isOwn ? posix.join(posix.dirname(from.path), specifier.text).replace(/\.js$/, '.ts') : specifier.text
    found.push({ from, to, isTypeOnly, isOwn })
  }
  visit(from.ast, node => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false)
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false)
  })
  return found
}

function find (among: Source[], is: (node: ts.Node) => boolean): string[] {
  const places: string[] = []
  for (const { path, ast } of among) {
    visit(ast, node => {
      if (is(node)) places.push(`${path}:${ast.getLineAndCharacterOfPosition(node.getStart()).line + 1}`)
    })
  }
  return places
}

function isMember (node: ts.Node, object: string, name: string): boolean {
  return ts.isPropertyAccessExpression(node) && node.expression.getText() === object && node.name.text === name
}

function visit (node: ts.Node, see: (node: ts.Node) => void): void {
  see(node)
  ts.forEachChild(node, child => visit(child, see))
}

function show ({ from, to }: Import): string {
  return `${from.path} -> ${to}`
}
