/**
 * The documentation as a searchable site that needs no network: `npm run site` installs VitePress into `.data` and builds it.
 * Pages are the repository's own Markdown; only their order is written here.
 */
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { withMermaid } from 'vitepress-plugin-mermaid'

const root = `${process.env['SLUICE_ROOT']}/`
const decisions = readdirSync(`${root}docs/decisions`).filter(name => /^\d{4}-/.test(name)).sort()

const linked = ['docs/openapi.json', 'grafana/prometheus.yml', 'grafana/alertmanager.yml', 'grafana/source/alerts.ts']

/** A page's title is its first heading. */
const titleOf = file => /^# (.+)$/m.exec(readFileSync(root + file, 'utf8'))?.[1]?.replaceAll('`', '') ?? file
const page = file => ({ text: titleOf(file), link: `/${file.replace(/(^|\/)README\.md$/, '$1').replace(/\.md$/, '')}` })
const group = (text, ...files) => ({ text, collapsed: true, items: files.map(page) })
const docs = (text, ...names) => group(text, ...names.map(name => `docs/${name}.md`))

/** Mark and colours of the console. */
const mark = `data:image/svg+xml;base64,${readFileSync(`${root}src/console/page/icon.svg`).toString('base64')}`
const colours = (selector, text, solid, over) =>
  `${selector}{--vp-c-brand-1:${text};--vp-c-brand-2:${over};--vp-c-brand-3:${solid}}`

export default withMermaid({
  head: [
    ['link', { rel: 'icon', type: 'image/svg+xml', href: mark }],
    ['style', {}, colours('html:root', '#0a6681', '#0a6681', '#085870') + colours('html.dark', '#5bc0da', '#14748f', '#7fd3ea')]
  ],
  title: 'Sluice',
  description: 'WhatsApp message throttling gateway',
  srcDir: root,
  srcExclude: ['node_modules/**', 'dist/**', 'clients/**/README.md'],
  outDir: `${root}.data/site/pages`,
  cacheDir: `${root}.data/site/cache`,
  rewrites: { 'README.md': 'index.md', ':folder(.*)/README.md': ':folder/index.md' },
  cleanUrls: false,
  ignoreDeadLinks: 'localhostLinks',
  markdown: {
    languageAlias: { haproxy: 'nginx' },
    // Pages are compiled by Vue, for which {{name}} in a text is an expression.
    config ({ renderer, utils }) {
      renderer.rules.text = (tokens, i) => utils.escapeHtml(tokens[i].content).replaceAll('{{', '&#123;&#123;')
      const code = renderer.rules.code_inline
      renderer.rules.code_inline = (...args) => code(...args).replaceAll('{{', '&#123;&#123;')
    }
  },
  lastUpdated: false,
  /** Files that pages link to and that are no pages. */
  buildEnd ({ outDir }) {
    for (const file of linked) cpSync(root + file, `${outDir}/${file}`)
  },
  themeConfig: {
    logo: { src: mark, alt: '' },
    search: { provider: 'local' },
    outline: [2, 3],
    notFound: { title: 'No such page', quote: 'No page has this address. Search for it, or begin with the first page.', linkText: 'First page' },
    sidebar: [
      { text: 'Start', items: [page('README.md'), page('docs/going-live.md'), page('docs/README.md')] },
      docs('Send', 'sending', 'campaigns', 'bulk', 'templates', 'windows', 'values', 'client', 'python', 'cli', 'drop-in'),
      docs('Know what happened', 'console', 'callbacks', 'webhooks'),
      docs('Never twice', 'idempotency'),
      docs('How fast', 'pacing', 'rates', 'callers', 'overload'),
      docs('When it fails', 'errors', 'outcomes', 'outages', 'stops', 'daily-limit', 'troubleshooting'),
      docs('Operate', 'deploying', 'redis', 'senders', 'capacity', 'backup', 'upgrading', 'sandbox'),
      group('Watch', 'docs/runbooks.md', 'grafana/README.md'),
      group('Reference', 'docs/http.md', 'docs/settings.md', 'docs/metrics.md', 'docs/logs.md', 'SECURITY.md', 'CHANGELOG.md'),
      group('Inside', 'docs/architecture.md', 'docs/message-flow.md', 'lua/README.md', 'docs/proof.md', 'docs/model.md', 'test/bench/README.md',
        'CONTRIBUTING.md'),
      { text: 'Decisions', collapsed: true, items: ['README.md', ...decisions].map(name => page(`docs/decisions/${name}`)) },
      { text: 'Glossary', items: [page('docs/glossary.md')] },
      docs('Coming from', 'migrating', 'bull', 'coming-from')
    ]
  }
})
