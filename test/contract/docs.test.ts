/** The docs are correct: commands and linked pages exist, routes and settings are those of the code. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { posix } from 'node:path'
import t from 'tap'
import { ConfigSchema } from '../../src/config.js'
import { errors } from '../../src/error-codes.js'
import { waitingForMeanings } from '../../src/http/schemas/message.js'
import { parsePhone } from '../../src/values/phone.js'
import { exists, lines, list, read, root } from './tree.js'

const pages = [
  ...['README', 'CONTRIBUTING', 'SECURITY', 'CHANGELOG'].map(name => `${name}.md`),
  ...['docs', 'lua', 'grafana', 'test', 'src', 'bin'].flatMap(folder => list(folder, '.md')),
]

/** Named in the docs, but not in this repository: an example, and a file of the service that Sluice replaces. */
const elsewhere = new Set(['include/name.lua', 'prisma', './src/services/whatsappThrottled.service'])

await t.test('the pages of the top level exist', async t => {
  for (const path of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'LICENSE', 'lua/README.md']) {
    t.ok(exists(path), path)
  }
})

await t.test('every npm command that the docs name exists', async t => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = pages.flatMap(path => [...read(path).matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)]
    .map(match => ({ path, command: match[1] ?? match[2] ?? '' })))
  t.ok(named.length > 0)
  t.strictSame(named.filter(({ command }) => !(command in scripts)), [])
})

await t.test('every phone number of an example has as many digits as its country has', async t => {
  // A reader who copies an example would get the warning NUMBER_IMPOSSIBLE.
  const sources = [...list('src/cli', '.ts'), ...list('src/client', '.ts'), ...list('clients', '.py')]
  const shown = [...pages, 'docs/openapi.json', 'src/start-output.ts', ...sources]
  const numbers = shown.flatMap(path => (read(path).match(/(?<![\w.])\+\d[\d ()-]{6,18}\d\b/g) ?? []).map(number => ({ path, number })))
  t.ok(numbers.length > 50)
  const isPossible = (number: string): boolean => {
    const parsed = parsePhone(number, 'to')
    return 'value' in parsed && parsed.value.isPossible
  }
  t.strictSame(numbers.filter(({ number }) => !isPossible(number)), [])
})

await t.test('every link leads to a file, and to a heading where it names one', async t => {
  const dead = pages.flatMap(path => linksOf(path).filter(link => !resolves(path, link)).map(link => `${path}: ${link}`))
  t.strictSame(dead, [])
})

await t.test('every file and every program that the docs name exists', async t => {
  const path = /(?<![\w/.<$*-])((?:[\w.-]+\/)+[\w.-]+\.(?:ts|mjs|js|lua|md|json|yml|png|cfg))(?![\w*/])/g
  const places = (from: string, name: string): string[] =>
    [name, posix.join(posix.dirname(from), name), `src/${name}`, `lua/${name}`, name.replace(/^dist\/(.*)\.js$/, 'src/$1.ts')]
  t.strictSame(foundIn(path).filter(({ from, name }) => !elsewhere.has(name) && !places(from, name).some(exists)), [])
  const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> }
  const isProgram = (name: string): boolean => name in bin || exists(`node_modules/.bin/${name}`)
  t.strictSame(foundIn(/\bnpx (?:-\S+ )*([\w@/-]+)/g).filter(({ name }) => !elsewhere.has(name) && !isProgram(name)), [])
})

await t.test('every request that the docs name is a route', async t => {
  const { paths } = JSON.parse(read('docs/openapi.json')) as { paths: Record<string, Record<string, unknown>> }
  const routes = Object.entries(paths).flatMap(([route, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${route.replace('/api/v1', '')}`))
  const isParameter = (part = ''): boolean => /^(?:[:{<+$\d…]|my-)/.test(part)
  const isRoute = (name: string): boolean => routes.some(route => {
    const [wanted, given] = [route.split('/'), name.replace('/api/v1', '').split('/')]
    return wanted.length === given.length && wanted.every((part, i) => part === given[i] || (part.startsWith('{') && isParameter(given[i])))
  })
  const named = foundIn(/\b((?:GET|POST|PUT|DELETE) \/[\w:{}<>…$+/.-]*[\w}>…])/g)
    .filter(({ name }) => !/ \/(_sandbox|admin|console|docs|\{prefix\}|:version)/.test(name))
  t.ok(named.length > 50)
  t.strictSame(named.filter(({ name }) => !isRoute(name)), [])
  // Port 9090 is Prometheus, which has its own `/api/v1`.
  const addressed = foundIn(/(?:\$API|(?<!:9090)\/api\/v1)(\/[\w:<>{}…$+/.-]*[\w}>…])/g)
  t.strictSame(addressed.filter(({ name }) => !['GET', 'POST', 'PUT', 'DELETE'].some(method => isRoute(`${method} ${name}`))), [])
})

await t.test('each measured figure of the README is on the page that it links, with its command', async t => {
  const rows = [...read('README.md').matchAll(/^\| [^|]+ \| ([^|]+) \(\[[^\]]+\]\(([^)#]+)#?[^)]*\)\) \| `([^`]+)` \|$/gm)]
  t.ok(rows.length >= 5)
  const withoutCommas = (text: string): string => text.replaceAll(/(?<=\d),(?=\d{3})/g, '')
  const missing = rows.flatMap(([, figures = '', page = '', command = '']) =>
    [...figures.matchAll(/\d[\d.,]*/g)].map(([figure]) => figure).concat(command)
      .filter(part => !withoutCommas(read(page)).includes(withoutCommas(part))).map(part => `${page}: ${part}`))
  t.strictSame(missing, [])
})

await t.test('the glossary has each term once, in alphabetical order', async t => {
  const terms = lines('docs/glossary.md').flatMap(line => /^\| (?!term)([^|]+) \| [^|]+ \| /.exec(line)?.[1]?.toLowerCase() ?? [])
  t.ok(terms.length > 50)
  t.strictSame(terms, [...new Set(terms)].sort())
})

await t.test('each start error that docs/troubleshooting.md quotes is a text of the source', async t => {
  const section = read('docs/troubleshooting.md').split('## A node does not start')[1]?.split('\n## ')[0] ?? ''
  const source = ['src/main.ts', 'src/config.ts', ...list('src/redis', '.ts')].map(read).join('\n').replaceAll(/\$\{[^}]*\}/g, '…')
  const quoted = [...section.matchAll(/^\| `(?:([A-Z_]+): )?([^`]+)` \|/gm)]
  t.ok(quoted.length >= 5)
  const parts = quoted.flatMap(([, code = '', text = '']) => [code, ...text.split('…')]).map(part => part.trim())
  t.strictSame(parts.filter(part => part !== '' && part !== '<NAME>' && !(part in errors) && !source.includes(part)), [])
})

await t.test('each index names every page of its folder', async t => {
  const pages = list('docs', '.md').filter(path => posix.basename(path) !== 'README.md')
  t.strictSame(pages.filter(path => !read(`${posix.dirname(path)}/README.md`).includes(`](${posix.basename(path)})`)), [])
})

await t.test('each decision has a number, a title, a status and a date', async t => {
  const decisions = list('docs/decisions', '.md').filter(path => posix.basename(path) !== 'README.md')
  const form = /^# (\d{4})\. .+\n\nStatus: (?:accepted|superseded by \[\d{4}\]\(\S+\))\n\nDate: \d{4}-\d\d-\d\d\n\n## /
  for (const [i, path] of decisions.entries()) t.equal(form.exec(read(path))?.[1], String(i + 1).padStart(4, '0'), path)
})

await t.test('every picture is shown on a page', async t => {
  const isShown = (path: string): boolean => pages.some(page => read(page).includes(`images/${posix.basename(path)})`))
  t.strictSame(list('docs/images', '.png').filter(path => !isShown(path)), [])
})

await t.test('docs/settings.md has every setting once, in the order of the schema', async t => {
  t.strictSame(namesOfSettings(), Object.keys(ConfigSchema.properties))
})

await t.test('every setting that the docs name is in the schema', async t => {
  const names = new Set(namesOfSettings())
  const first = (name: string): string => name.split('_')[0] ?? ''
  const families = new Set([...names].filter(name => name.includes('_')).map(first))
  const errorCodes = lines('docs/errors.md').flatMap(line => /^\| `(\w+)` \|/.exec(line)?.[1] ?? [])
  const others = new Set([...errorCodes, 'REDIS_SERVER_BIN', 'REDIS_MAXMEMORY', 'RETRY_INTERVAL_MS', 'RATE_LIMIT_MS', 'NODE_EXTRA_CA_CERTS'])
  // HTTP_502 is a code of an outcome, and HEALTH_141014 the cause of a stop.
  const named = foundIn(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`/g)
    .filter(({ name }) => families.has(first(name)) && !/^(HTTP|HEALTH)_\d/.test(name))
  t.ok(named.length > 50)
  t.strictSame(named.filter(({ name }) => !names.has(name.replace(/_FILE$/, '')) && !names.has(name) && !others.has(name)), [])
})

await t.test('the meaning of each error adds to its title, and says whether to repeat', async t => {
  const titles = new Set<string>(Object.values(errors).map(({ title }) => title))
  const poor = Object.entries(errors).filter(([, { meaning, retry }]) => titles.has(meaning) || meaning.length < 15 || retry.length < 2)
  t.same(poor.map(([code]) => code), [])
})

await t.test('docs/pacing.md explains every value of waitingFor', async t => {
  const explained = lines('docs/pacing.md').flatMap(line => /^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$/.exec(line)?.[1] ?? [])
  t.same(explained.sort(), Object.keys(waitingForMeanings).sort())
})

await t.test('npm run docs would change nothing', async t => {
  const { status, stderr } = spawnSync(process.execPath, ['--import=tsx', 'bin/docs.mjs', '--check'], { cwd: root, encoding: 'utf8' })
  t.equal(status, 0, stderr)
})

/** Names in the rows of docs/settings.md. */
function namesOfSettings () {
  return lines('docs/settings.md').flatMap(line => /^\| `([A-Z][A-Z0-9_]+)` \|/.exec(line)?.[1] ?? [])
}

/** The first group of each match of a pattern, in all pages. */
function foundIn (pattern: RegExp): Array<{ from: string, name: string }> {
  return pages.flatMap(from => [...read(from).matchAll(pattern)].map(match => ({ from, name: match[1] ?? '' })))
}

function linksOf (path: string): string[] {
  const text = read(path).replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(match => match[1] ?? '').filter(link => !/^[a-z]+:/.test(link))
}

function resolves (from: string, link: string): boolean {
  const [file = '', heading] = link.split('#')
  const to = file === '' ? from : posix.join(posix.dirname(from), file)
  return exists(to) && (heading === undefined || headingsOf(to).includes(heading))
}

/** The anchors that GitHub makes of headings. */
function headingsOf (path: string): string[] {
  return lines(path).filter(line => /^#+ /.test(line))
    .map(line => line.replace(/^#+ /, '').toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}

await t.test('the site has every page', t => {
  const names = [...read('docs/site/config.mjs').matchAll(/'((?:docs\/)?[\w-]+)(?:\.md)?'/g)].map(([, name = '']) => name.replace('docs/', ''))
  const pages = readdirSync(`${root}docs`).filter(name => name.endsWith('.md')).map(name => name.slice(0, -'.md'.length))
  t.strictSame(pages.filter(name => name !== 'README' && !names.includes(name)), [], 'a new page has its place in docs/site/config.mjs')
  t.end()
})
