/** The architecture of src/: which module may import which, and what may be used where. CONTRIBUTING.md gives the reasons. */
import { posix } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { common, interfaces, modules, separate, separateExceptions, shared } from './modules.js'
import { lines, list, read } from './tree.js'

/** Generated from another file; a test compares the two. */
const generated = ['src/client/openapi.ts']

/**
 * Timestamps that are compared with Redis come from Redis's clock, and durations from performance.now(). The system clock is for the
 * rest; each file has its reason.
 */
const mayReadSystemClock: Record<string, string> = {
  'src/deadlines.ts': 'what it gains on the monotonic clock, which stops while the machine is suspended',
  'src/provider/response.ts': 'a Retry-After date in a response without a Date header',
  'src/metrics/log.ts': 'the time of a log line, which people compare with other logs',
  'src/redis/server-clock.ts': 'the hour of the look-up index, before the first reading of Redis\'s clock'
}

const LINES_AT_MOST = 300
const FUNCTION_LINES_AT_MOST = 70

interface Source { path: string, module: string, ast: ts.SourceFile }
interface Import { from: Source, to: string, isTypeOnly: boolean, isOwn: boolean }

const sources: Source[] = list('src', '.ts').map(path => ({
  path,
  module: moduleOf(path),
  ast: ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true),
}))
const imports = sources.flatMap(importsOf)
const gateway = sources.filter(source => !separate.includes(source.module))

await t.test('there is something to check', async t => {
  t.ok(sources.length > 10)
  t.ok(imports.some(one => one.isOwn))
})

await t.test('every module is in the table', async t => {
  const folders = new Set(sources.map(source => source.module).filter(module => module !== 'wiring' && module !== 'shared'))
  t.strictSame([...folders].sort(), Object.keys(modules).sort())
})

await t.test('a module imports only what the table permits', async t => {
  t.strictSame(imports.filter(one => one.isOwn && !isAllowed(one)).map(show), [])
})

await t.test('imports point down: a module may import only modules below it in the table', async t => {
  const layers = Object.keys(modules)
  const upwards = Object.entries(modules).flatMap(([module, { imports: permissions }]) => permissions
    .filter(permission => layers.includes(permission.split('/')[0] ?? '') && layers.indexOf(permission.split('/')[0] ?? '') <= layers.indexOf(module))
    .map(permission => `${module} -> ${permission}`))
  t.strictSame(upwards, [])
})

await t.test('every permission of the table is used', async t => {
  const isUsed = (module: string, permission: string): boolean =>
    imports.some(one => one.isOwn && one.from.module === module && (moduleOf(one.to) === permission || nameOf(one.to) === permission))
  const unused = Object.entries(modules).flatMap(([module, { imports: permissions }]) =>
    permissions.filter(permission => !interfaces.includes(permission) && !isUsed(module, permission)).map(permission => `${module} -> ${permission}`))
  t.strictSame(unused, [])
  const users = ['http', 'graph', 'dashboard']
  t.strictSame(interfaces.filter(permission => !users.some(module => isUsed(module, permission))), [], 'the common list of the HTTP interfaces')
  const present = new Set(sources.map(({ path }) => path.split(/[/.]/)[1] ?? ''))
  t.strictSame(shared.filter(name => !present.has(name)), [], 'what is shared exists')
})

await t.test('separate programs import nothing of the gateway but what is listed with a reason', async t => {
  const found = separate.flatMap(module => modules[module]?.imports.map(permission => `${module} -> ${permission}`) ?? [])
  t.strictSame(found.filter(name => !separate.some(module => name.includes(`-> ${module}`))).sort(), Object.keys(separateExceptions).sort())
})

await t.test('only the wiring imports metrics/, and only main.ts starts the sandbox', async t => {
  const to = (module: string) => imports.filter(one => one.isOwn && one.from.module !== module && moduleOf(one.to) === module)
  t.strictSame(to('metrics').filter(one => one.from.module !== 'wiring').map(show), [])
  t.strictSame(to('sandbox').filter(one => one.from.path !== 'src/main.ts').map(show), [])
})

await t.test('there are no import cycles', async t => {
  const next = new Map(sources.map(source => [
    source.path, imports.filter(one => one.isOwn && !one.isTypeOnly && one.from === source).map(one => one.to)]))
  const cycles = new Set<string>()
  const finished = new Set<string>()
  const visitFrom = (path: string, trail: string[]): void => {
    if (trail.includes(path)) cycles.add([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    if (trail.includes(path) || finished.has(path)) return
    for (const to of next.get(path) ?? []) visitFrom(to, [...trail, path])
    finished.add(path)
  }
  for (const { path } of sources) visitFrom(path, [])
  t.strictSame([...cycles], [])
})

await t.test('every relative import resolves to a file', async t => {
  t.strictSame(imports.filter(one => one.isOwn && !sources.some(source => source.path === one.to)).map(show), [])
})

await t.test('only provider/, callbacks/, sandbox/ and client/ send HTTP requests: undici is imported by them and outbound.ts', async t => {
  t.strictSame(imports.filter(one => one.to === 'undici' && !['provider', 'callbacks', 'sandbox', 'client'].includes(one.from.module) &&
    one.from.path !== 'src/outbound.ts').map(show), [])
})

await t.test('the environment is read in config.ts only', async t => {
  t.strictSame(find(sources, node => isMember(node, 'process', 'env')).filter(place => !place.startsWith('src/config.ts')), [])
})

await t.test('errors are created from the list in error-codes.ts', async t => {
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

await t.test('replies of TIME are read in redis/server-clock.ts only', async t => {
  const isTime = (node: ts.Node) =>
    ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === 'time'
  const isInLua = (node: ts.Node) => ts.isStringLiteral(node) && node.text.includes("'TIME'")
  t.strictSame(find(gateway, node => isTime(node) || isInLua(node)).map(place => place.replace(/:\d+$/, '')),
    ['src/redis/server-clock.ts', 'src/redis/server-clock.ts'])
})

await t.test('no any', async t => {
  t.strictSame(find(sources, node => node.kind === ts.SyntaxKind.AnyKeyword), [])
})

await t.test('no file is longer than 300 lines', async t => {
  const endings = ['.ts', '.mjs', '.js', '.lua', '.css']
  const paths = ['src', 'test', 'lua', 'bin', 'grafana/source'].flatMap(folder => endings.flatMap(ending => list(folder, ending)))
  const lengths = paths.filter(path => !generated.includes(path)).map(path => `${path}: ${lines(path).length}`)
  t.strictSame(lengths.filter(row => Number(row.split(': ')[1]) > LINES_AT_MOST), [])
})

await t.test('a function fits on a screen', async t => {
  t.strictSame(sources.flatMap(longFunctions), [], `at most ${FUNCTION_LINES_AT_MOST} lines, without the functions in it`)
})

await t.test('names of files are in kebab-case, and those of Lua includes are their functions', async t => {
  const endings = ['.ts', '.mjs', '.js', '.lua']
  const paths = ['src', 'test', 'lua', 'bin', 'grafana/source'].flatMap(folder => endings.flatMap(ending => list(folder, ending)))
  const form = (path: string): RegExp => path.startsWith('lua/include/') ? /^[a-z]+(_[a-z]+)*\.lua$/ : /^[a-z\d]+(-[a-z\d]+)*(\.(test|d))?\.\w+$/
  t.strictSame(paths.filter(path => !form(path).test(posix.basename(path))), [])
})

await t.test('no TODO and no FIXME', async t => {
  const paths = [...sources.map(source => source.path), ...list('lua', '.lua'), ...list('bin', '.mjs')]
  const mark = /\b(TODO|FIXME|HACK|XXX)\b/
  t.strictSame(paths.flatMap(path => lines(path).flatMap((line, i) => mark.test(line) ? [`${path}:${i + 1}`] : [])), [])
})

/** `shared`, `wiring` (files directly in src that are not shared; they may import everything), or the folder. */
function moduleOf (path: string): string {
  const [, first = '', second] = path.replace(/\.ts$/, '').split('/')
  if (shared.includes(first)) return 'shared'
  return second === undefined ? 'wiring' : first
}

function isAllowed ({ from, to }: Import): boolean {
  const target = moduleOf(to)
  if (from.module === target || target === common) return true
  if (!separate.includes(from.module) && (from.module === 'wiring' || target === 'shared')) return true
  return modules[from.module]?.imports.some(permission => permission === target || permission === nameOf(to)) ?? false
}

/** `drain/close` for src/drain/close.ts. */
function nameOf (path: string): string {
  return path.replace(/^src\//, '').replace(/\.ts$/, '')
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

function longFunctions ({ path, ast }: Source): string[] {
  const long: string[] = []
  const lineOf = (position: number): number => ast.getLineAndCharacterOfPosition(position).line
  visit(ast, node => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return
    let count = lineOf(node.end) - lineOf(node.getStart()) + 1
    const leaveOut = (child: ts.Node): void => {
      if (ts.isFunctionLike(child)) count -= lineOf(child.end) - lineOf(child.getStart())
      else ts.forEachChild(child, leaveOut)
    }
    ts.forEachChild(node, leaveOut)
    if (count > FUNCTION_LINES_AT_MOST) long.push(`${path}:${lineOf(node.getStart()) + 1}: ${count} lines`)
  })
  return long
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
