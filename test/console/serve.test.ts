/** The console's files: how they are served, what they may contain, and that they are in `dist`. */
import { basename } from 'node:path'
import t from 'tap'
import { list, read } from '../contract/tree.js'
import { createTestEnvironment } from '../support/flow.js'
import { createPrefix } from '../support/redis.js'
import { startGatewayProcess } from '../support/process.js'
import { fetchWithRetry, request } from '../support/request.js'

const environment = await createTestEnvironment(t)
const files = ['.html', '.css', '.js', '.svg'].flatMap(ending => list('src/console/page', ending))

await t.test('the page is served without a key, by a strict policy, and 304 while it is unchanged', async t => {
  const node = await environment.start(t)
  const page = await request(`${node.origin}/console`)
  t.equal(page.status, 200)
  t.match(page.body['text'], /<title>Sluice console<\/title>/)
  for (const library of ['preact', 'hooks', 'htm']) {
    const { status, body } = await request(`${node.origin}/console/${library}.js`)
    t.equal(status, 200, library)
    t.notMatch(body['text'], /from ?"[^.]|sourceMappingURL/, 'it imports the files beside it only')
  }
  const policy = page.headers.get('content-security-policy') ?? ''
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'"
  ]) { t.ok(policy.split('; ').includes(part), part) }
  t.notMatch(policy, /unsafe|https?:|\*/)
  t.match(Object.fromEntries(page.headers), {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'cache-control': 'no-cache'
  })
  t.equal((await fetchWithRetry(`${node.origin}/console?a=b`, { redirect: 'manual' })).headers.get('location'), 'console/')
  const tag = page.headers.get('etag') ?? ''
  t.equal((await request(`${node.origin}/console/`, { headers: { 'if-none-match': tag } })).status, 304)
  for (const [accepted, expected] of [['gzip, br', 'gzip'], ['br', null], ['gzip;q=0', null], ['gzip;q=0.5', 'gzip']] as const) {
    const { headers, body } = await request(`${node.origin}/console/main.js`, { headers: { 'accept-encoding': accepted } })
    t.match({ encoding: headers.get('content-encoding'), vary: headers.get('vary') }, { encoding: expected, vary: 'accept-encoding' }, accepted)
    t.ok(body['text'] === read('src/console/page/main.js'), `${accepted}: the same file`)
  }
  for (const path of ['../serve.js', '%2e%2e%2fserve.js', 'nothing.js', '.env']) {
    t.match(await request(`${node.origin}/console/${path}`), { status: 404, body: { code: 'NOT_FOUND' } })
  }
  const worker = await environment.start(t, { ROLE: 'worker' }, { prefix: node.prefix })
  t.equal((await request(`${worker.origin}/console`)).status, 404, 'a worker node has none')
})

await t.test('the built gateway serves the same files, each with its type', async t => {
  const built = await startGatewayProcess(t, { redisUrl: environment.redis.url, apiUrl: environment.sandbox.url, prefix: createPrefix() })
  const preload = / {2}<link rel="modulepreload" href="(.+?)">\n/g
  const modules = [...files.filter(file => file.endsWith('.js')).map(file => basename(file)), 'preact.js', 'hooks.js', 'htm.js'].sort()
  const types: Record<string, RegExp> = { html: /^text\/html/, css: /^text\/css/, js: /^text\/javascript/, svg: /^image\/svg\+xml/ }
  for (const file of files) {
    const { status, headers, body } = await request(`${built.found}/console/${file.replace('src/console/page/', '').replace('index.html', '')}`)
    t.equal(status, 200, file)
    t.match(headers.get('content-type'), types[file.split('.').at(-1) ?? ''])
    const text = String(body['text']).replaceAll(preload, '')
    t.ok(text === read(file), `${file} is in dist as it is in src`)
    if (file.endsWith('.html')) t.same([...String(body['text']).matchAll(preload)].map(([, name]) => name).sort(), modules, 'names each module')
  }
})

await t.test('no file makes markup of text, has inline script or style, calls another origin, or is long', async t => {
  t.ok(files.length > 10)
  for (const file of files) {
    const text = read(file)
    t.notMatch(text, /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|DOMParser|createContextualFragment|eval|Function)\b/, file)
    t.notMatch(text.replace('http://www.w3.org/2000/svg', ''), /https?:|\/\/[a-z]+\./, `${file} names no other origin`)
    t.ok(text.split('\n').length <= 300, file)
  }
  const page = read('src/console/page/index.html')
  t.notMatch(page, /<style|style=|\bon\w+=|<script(?![^>]*\bsrc=)/)
  const imports = files.filter(file => file.endsWith('.js')).flatMap(file => [...read(file).matchAll(/from '(.+?)'/g)].map(([, from = '']) => from))
  const libraries = ['preact.js', 'hooks.js', 'htm.js']
  const exists = (name: string): boolean => files.includes(`src/console/page/${name}`) || libraries.includes(name)
  t.same(imports.filter(from => !exists(from.replace('./', ''))), [], 'every import exists')
})
