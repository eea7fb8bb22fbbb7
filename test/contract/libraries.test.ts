/** Sources use what libraries document and export (docs/decisions/0058-only-public-interfaces.md), except the uses listed here. */
import ts from 'typescript'
import t from 'tap'
import { exists, list, read } from './tree.js'

/** Members that typings omit or mark as internal, the files that may use each, and the tests that fail when a new version changes it. */
const weak: Record<string, { files: string[], tests: string[] }> = {
  stream: {
    files: ['src/redis/end-of-tick.ts', 'src/redis/connection-watchdog.ts'],
    tests: ['test/redis/end-of-tick.test.ts', 'test/redis/connection-watchdog.test.ts']
  },
  slots: { files: ['src/redis/replicas.ts', 'src/redis/client.ts'], tests: ['test/flow/cluster.test.ts', 'test/flow/master-away.test.ts'] },
  sendCommand: { files: ['src/redis/client.ts'], tests: ['test/redis/unavailable.test.ts'] },
  httpAllowHalfOpen: { files: ['src/http/limits.ts'], tests: ['test/http/problems.test.ts'] }
}
/** Internal members of ioredis and BullMQ that were used before. */
const internal = ['scriptsSet', 'lockManager', 'commandQueue', 'offlineQueue', 'connectionPool', 'toWritable', 'getSlot']

const sources = list('src', '.ts').filter(path => path !== 'src/client/openapi.ts')
  .map(path => ({ path, ast: ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true) }))

await t.test('no import reaches below the build folders of a package', async t => {
  const specifiers = sources.flatMap(({ path, ast }) => ast.statements.flatMap(node =>
    (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined
      ? [{ path, name: (node.moduleSpecifier as ts.StringLiteral).text }]
      : []))
  t.ok(specifiers.length > 500)
  t.strictSame(specifiers.filter(({ name }) => /^[^.].*\/(?:dist|lib|build|src|internal)\b/.test(name)), [])
})

await t.test('no class extends one of a library', async t => {
  const names: string[] = []
  for (const { path, ast } of sources) {
    visit(ast, node => {
      if (!ts.isClassLike(node)) return
      for (const clause of node.heritageClauses ?? []) {
        if (clause.token === ts.SyntaxKind.ExtendsKeyword) names.push(...clause.types.map(type => `${path}: ${type.expression.getText()}`))
      }
    })
  }
  t.strictSame(names.filter(name => !/: (?:Error|SluiceError|SluiceClientError|OperatorCalls)$/.test(name)), [])
})

await t.test('internal members are used in the listed files only, each with a test that exists', async t => {
  const users = new Map<string, Set<string>>()
  for (const { path, ast } of sources) {
    visit(ast, node => {
      const name = nameOf(node)
      if (name !== undefined && (name in weak || internal.includes(name))) users.set(name, (users.get(name) ?? new Set()).add(path))
    })
  }
  t.strictSame(internal.filter(name => users.has(name)), [])
  for (const [name, { files, tests }] of Object.entries(weak)) {
    t.strictSame([...users.get(name) ?? []].sort(), [...files].sort(), name)
    t.strictSame(tests.filter(path => !exists(path)), [], name)
  }
})

/** The member that an expression reads from another module's object, or sets. */
function nameOf (node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return node.name.text
  if (ts.isBindingElement(node)) return (node.propertyName ?? node.name).getText()
  return ts.isPropertyAssignment(node) ? node.name.getText() : undefined
}

function visit (node: ts.Node, see: (node: ts.Node) => void): void {
  see(node)
  ts.forEachChild(node, child => visit(child, see))
}
