/** What the papers say is so: commands exist, links lead somewhere, the settings are those of the schema. */
import { posix } from 'node:path'
import t from 'tap'
import { exists, lines, list, read } from './tree.js'

const papers = [
  ...['README', 'CONTRIBUTING', 'SECURITY', 'CHANGELOG'].map(name => `${name}.md`),
  ...['docs', 'lua', 'grafana', 'test', 'src', 'bin'].flatMap(folder => list(folder, '.md')),
]

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

await t.test('the table of settings is the schema', async t => {
  // By a name that the compiler does not follow: without the file this check alone is to fail.
  const module = '../../src/config.js'
  const { ConfigSchema } = await import(module) as { ConfigSchema: { properties: Record<string, Setting> } }
  const schema = Object.entries(ConfigSchema.properties).map(([name, { default: standard, description }]) => ({
    name,
    standard: standard === undefined || standard === '' ? '–' : `\`${String(standard)}\``,
    meaning: description ?? '',
  }))
  t.strictSame(tableOfSettings(), schema)
})

interface Setting { default?: unknown, description?: string }

/** Rows of docs/settings.md that begin with a name in capitals. */
function tableOfSettings () {
  return lines('docs/settings.md').flatMap(line => {
    const [, name, standard = '', meaning = ''] = /^\| `([A-Z][A-Z0-9_]+)` \| (.*?) \| (.*) \|$/.exec(line) ?? []
    return name === undefined ? [] : [{ name, standard, meaning }]
  })
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
