/** What the papers say is so: commands exist, links lead somewhere, the settings are those of the schema. */
import { posix } from 'node:path'
import t from 'tap'
import { exists, lines, list, read } from './tree.js'

const papers = [
  ...['README', 'CONTRIBUTING', 'SECURITY', 'CHANGELOG'].map(name => `${name}.md`),
  ...['docs', 'lua', 'grafana', 'test', 'src', 'bin'].flatMap(folder => list(folder, '.md')),
]

/** Named, and not of this repository: an example, and a program of the service that came before. */
const notHere = new Set(['include/name.lua', 'prisma', './src/services/whatsappThrottled.service'])

await t.test('the papers are there', async t => {
  for (const path of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'LICENSE', 'lua/README.md']) {
    t.ok(exists(path), path)
  }
})

await t.test('every npm command in them exists', async t => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = papers.flatMap(path => [...read(path).matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)]
    .map(match => ({ path, command: match[1] ?? match[2] ?? '' })))
  t.ok(named.length > 0)
  t.strictSame(named.filter(({ command }) => !(command in scripts)), [])
})

await t.test('every link between them leads to a file, and to a heading where it names one', async t => {
  const dead = papers.flatMap(path => linksOf(path).filter(link => !leadsSomewhere(path, link)).map(link => `${path}: ${link}`))
  t.strictSame(dead, [])
})

await t.test('every file and every program that they name exists', async t => {
  const path = /(?<![\w/.<$*-])((?:[\w.-]+\/)+[\w.-]+\.(?:ts|mjs|js|lua|md|json|yml|png|cfg))(?![\w*/])/g
  const places = (from: string, name: string): string[] =>
    [name, posix.join(posix.dirname(from), name), `src/${name}`, `lua/${name}`, name.replace(/^dist\/(.*)\.js$/, 'src/$1.ts')]
  t.strictSame(foundIn(path).filter(({ from, name }) => !notHere.has(name) && !places(from, name).some(exists)), [])
  const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> }
  t.strictSame(foundIn(/\bnpx (?:-\S+ )*([\w@/-]+)/g).filter(({ name }) => !notHere.has(name) && !(name in bin) && !exists(`node_modules/.bin/${name}`)), [])
})

await t.test('every request that they name is a route', async t => {
  const { paths } = JSON.parse(read('docs/openapi.json')) as { paths: Record<string, Record<string, unknown>> }
  const routes = Object.entries(paths).flatMap(([route, methods]) => Object.keys(methods).map(method => `${method.toUpperCase()} ${route.replace('/api/v1', '')}`))
  const isRoute = (name: string): boolean => routes.some(route => {
    const [wanted, given] = [route.split('/'), name.replace('/api/v1', '').split('/')]
    return wanted.length === given.length && wanted.every((part, at) => part === given[at] || (part.startsWith('{') && /^(?:[:{<+$\d…]|my-)/.test(given[at] ?? '')))
  })
  const named = foundIn(/\b((?:GET|POST|PUT|DELETE) \/[\w:{}<>…$+/.-]*[\w}>…])/g).filter(({ name }) => !/ \/(_sandbox|admin|console|docs|\{prefix\}|:version)/.test(name))
  t.ok(named.length > 50)
  t.strictSame(named.filter(({ name }) => !isRoute(name)), [])
  // Prometheus has an `/api/v1` of its own.
  const addressed = foundIn(/(?:\$API|(?<!:9090)\/api\/v1)(\/[\w:<>{}…$+/.-]*[\w}>…])/g)
  t.strictSame(addressed.filter(({ name }) => !['GET', 'POST', 'PUT', 'DELETE'].some(method => isRoute(`${method} ${name}`))), [])
})

await t.test('each figure that the README gives as measured stands on the page that it links, with its command', async t => {
  const rows = [...read('README.md').matchAll(/^\| [^|]+ \| ([^|]+) \(\[[^\]]+\]\(([^)#]+)#?[^)]*\)\) \| `([^`]+)` \|$/gm)]
  t.ok(rows.length >= 5)
  const unfounded = rows.flatMap(([, figures = '', page = '', command = '']) =>
    [...figures.matchAll(/\d[\d.,]*/g)].map(([figure]) => figure).concat(command).filter(part => !read(page).replaceAll(/(?<=\d),(?=\d{3})/g, '').includes(part.replaceAll(/(?<=\d),(?=\d{3})/g, ''))).map(part => `${page}: ${part}`))
  t.strictSame(unfounded, [])
})

await t.test('each index names every page of its folder', async t => {
  const pages = list('docs', '.md').filter(path => posix.basename(path) !== 'README.md')
  t.strictSame(pages.filter(path => !read(`${posix.dirname(path)}/README.md`).includes(`](${posix.basename(path)})`)), [])
})

await t.test('each decision has a number, a title, a status and a date, and the index repeats them', async t => {
  const decisions = list('docs/decisions', '.md').filter(path => posix.basename(path) !== 'README.md')
  const form = /^# (\d{4})\. (.+)\n\nStatus: (accepted|superseded by \[\d{4}\]\(\S+\))\n\nDate: (\d{4}-\d\d-\d\d)\n\n## /
  const rows = decisions.map((path, at) => {
    const [, number, title, status, date] = form.exec(read(path)) ?? []
    t.equal(number, String(at + 1).padStart(4, '0'), path)
    return `| [${number}](${posix.basename(path)}) | ${title} | ${status} | ${date} |`
  })
  t.strictSame(lines('docs/decisions/README.md').filter(line => line.startsWith('| [')), rows)
})

await t.test('every picture is shown somewhere', async t => {
  t.strictSame(list('docs/images', '.png').filter(path => !papers.some(paper => read(paper).includes(`images/${posix.basename(path)})`))), [])
})

await t.test('the table of settings is the schema', async t => {
  // As it was built, by a name that no compiler follows: without the file this check alone is to fail.
  const { ConfigSchema } = await import(String(new URL('../../dist/config.js', import.meta.url))) as { ConfigSchema: { properties: Record<string, Setting> } }
  const schema = Object.entries(ConfigSchema.properties).map(([name, { default: standard, description }]) => ({
    name,
    standard: standard === undefined || standard === '' ? '–' : `\`${String(standard)}\``,
    meaning: description ?? '',
  }))
  t.strictSame(tableOfSettings(), schema)
})

await t.test('every setting that they name is in the schema', async t => {
  const names = new Set(tableOfSettings().map(({ name }) => name))
  const first = (name: string): string => name.split('_')[0] ?? ''
  const families = new Set([...names].filter(name => name.includes('_')).map(first))
  const others = new Set([...lines('docs/errors.md').flatMap(line => /^\| `(\w+)` \|/.exec(line)?.[1] ?? []), 'REDIS_SERVER_BIN', 'REDIS_MAXMEMORY', 'RETRY_INTERVAL_MS', 'RATE_LIMIT_MS'])
  const named = foundIn(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`/g).filter(({ name }) => families.has(first(name)))
  t.ok(named.length > 50)
  t.strictSame(named.filter(({ name }) => !names.has(name.replace(/_FILE$/, '')) && !names.has(name) && !others.has(name)), [])
})

interface Setting { default?: unknown, description?: string }

/** Rows of docs/settings.md that begin with a name in capitals. */
function tableOfSettings () {
  return lines('docs/settings.md').flatMap(line => {
    const [, name, standard = '', meaning = ''] = /^\| `([A-Z][A-Z0-9_]+)` \| (.*?) \| (.*) \|$/.exec(line) ?? []
    return name === undefined ? [] : [{ name, standard, meaning }]
  })
}

/** What a pattern catches in the papers. */
function foundIn (pattern: RegExp): Array<{ from: string, name: string }> {
  return papers.flatMap(from => [...read(from).matchAll(pattern)].map(match => ({ from, name: match[1] ?? '' })))
}

function linksOf (path: string): string[] {
  const text = read(path).replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(match => match[1] ?? '').filter(link => !/^[a-z]+:/.test(link))
}

function leadsSomewhere (from: string, link: string): boolean {
  const [file = '', heading] = link.split('#')
  const to = file === '' ? from : posix.join(posix.dirname(from), file)
  return exists(to) && (heading === undefined || headingsOf(to).includes(heading))
}

/** As GitHub and others name them in links. */
function headingsOf (path: string): string[] {
  return lines(path).filter(line => /^#+ /.test(line))
    .map(line => line.replace(/^#+ /, '').toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}
