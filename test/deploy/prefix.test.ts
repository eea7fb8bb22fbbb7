/** The pages behind a reverse proxy that serves the gateway under a path and removes it. Needs a `haproxy` and a Chromium. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { missing, startBrowser } from '../console/browser.js'
import { read } from '../contract/tree.js'
import { createTestEnvironment } from '../support/flow.js'
import { keys } from '../support/gateway.js'
import { freePort, startCommand } from '../support/process.js'
import { onPath } from '../support/provide.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t)
const node = await environment.start(t)
const skip = onPath('haproxy') === null ? 'haproxy is not installed' : missing()
const authorization = `Basic ${Buffer.from(`operator:${keys.operator}`).toString('base64')}`

await t.test('links and addresses have the prefix, and nothing that is not a path', async t => {
  const seen = async (prefix: string): Promise<string[]> => {
    const headers = { 'x-forwarded-prefix': prefix, authorization }
    const [index, document, queues] = await Promise.all(['/', '/docs/json', '/admin/queues'].map(async path =>
      await request(node.origin + path, { headers })))
    return [index?.body['links'].documentation, document?.body['servers'][0].url, /<base href="([^"]*)"/.exec(queues?.body['text'])?.[1] ?? '']
  }
  t.strictSame(await seen('/a/b'), ['/a/b/docs/', '/a/b/', '/a/b/admin/queues/'])
  for (const none of ['', '/', 'https://elsewhere.test', '//elsewhere.test', '/"><script>', '/a/../b c', `/${'x'.repeat(500)}`]) {
    t.strictSame(await seen(none), ['/docs/', '/', '/admin/queues/'], none)
  }
  const redirect = await fetch(`${node.origin}/docs?a=b`, { redirect: 'manual' })
  t.match([redirect.status, redirect.headers.get('location')], [308, 'docs/'])
})

await t.test('every page works under a path, and asks for nothing outside of it', { skip }, async t => {
  const origin = await startProxy(t, Number(new URL(node.origin).port))
  const browser = await startBrowser(t)
  const context = await browser.newContext({ httpCredentials: { username: 'operator', password: keys.operator } })
  t.teardown(async () => await context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const wrong: string[] = []
  // The console asks who the caller is before it asks for a key.
  page.on('response', response => {
    const url = response.url()
    if (!url.startsWith(`${origin}/sluice/`) || (response.status() >= 400 && response.status() !== 401)) wrong.push(`${response.status()} ${url}`)
  })
  const open = async (link: string): Promise<void> => {
    await page.goto(`${origin}/sluice/`)
    await page.click(`a:text-is("${link}")`)
  }
  await open('documentation')
  await page.click('[id*="operations-Health"] .opblock-summary-control >> nth=0')
  await page.click('button:has-text("Try it out")')
  const tried = page.waitForResponse(response => new URL(response.url()).pathname.startsWith('/sluice/health/'))
  await page.click('button:has-text("Execute")')
  t.equal((await tried).status(), 200, 'of the request that one tries')
  await open('queues')
  await page.waitForSelector('text=WHATSAPP-housekeeping')
  await page.click('a:has-text("WHATSAPP-retry") >> nth=0')
  await until('the page of a queue is open', () => page.url().startsWith(`${origin}/sluice/admin/queues/queue/`))
  await page.reload()
  await page.waitForSelector('text=WHATSAPP-housekeeping')
  await open('console')
  await page.waitForSelector('input')
  t.match(page.url(), `${origin}/sluice/console/`)
  t.strictSame(wrong, [])
})

/** HAProxy as docs/deploying.md configures it. */
async function startProxy (t: Pick<Test, 'teardown'>, port: number): Promise<string> {
  const [, rules = ''] = /```haproxy\n([^]*?)```/.exec(read('docs/deploying.md')) ?? []
  const folder = await mkdtemp(join(tmpdir(), 'sluice-prefix-'))
  t.teardown(async () => await rm(folder, { recursive: true, force: true }))
  const own = await freePort()
  const head = `defaults\n  mode http\n  timeout connect 2s\n  timeout client 60s\n  timeout server 60s\nfrontend callers\n  bind 127.0.0.1:${own}\n`
  await writeFile(join(folder, 'haproxy.cfg'), `${head}${rules.replace('127.0.0.1:3000', `127.0.0.1:${port}`)}`)
  await startCommand(t, ['haproxy', '-db', '-V', '-f', 'haproxy.cfg'], { cwd: folder, env: {} }, /^/)
  const origin = `http://127.0.0.1:${own}`
  await until('the proxy listens', async () => await fetch(origin).then(() => true, () => false))
  return origin
}
