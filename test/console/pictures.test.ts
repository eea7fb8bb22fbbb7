/**
 * The pictures of the console in docs/images are what the page looks like: fixed data, a fixed clock, the page's own font, no animation. Each view is
 * drawn again and compared. Browsers draw edges a little differently, so a picture may differ in few pixels, and named parts in few CSS pixels.
 * `DRAW=1 npm test -- test/console/pictures.test.ts` renews the pictures and places; look at each before you commit it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import pixelmatch from 'pixelmatch'
import type { Browser, Page } from 'playwright-core'
import { PNG } from 'pngjs'
import t from 'tap'
import { exists, read, root } from '../contract/tree.js'
import { createChecker, routesOf, type Document } from '../http/document.js'
import { createTestEnvironment } from '../support/flow.js'
import { missing, startBrowser } from './browser.js'
import { responses, SHOWN } from './scene.js'
import { NOW } from './scene-time.js'

/** Share of the pixels that may differ, and by how many CSS pixels a part may stand elsewhere. */
const PIXELS = 0.01
const STEP = 3
const PLACES = 'test/console/places.json'

interface Picture { name: string, hash: string, ready: string, width: number, height: number, colorScheme: 'light' | 'dark', parts: string[] }
type Places = Record<string, Record<string, number[]>>

const wide = { width: 1280, height: 800, colorScheme: 'light' as const }
const pictures: Picture[] = [
  { name: 'console-home', hash: '#/home', ready: '#latest tbody tr', ...wide, parts: ['nav', '#figures', '#senders', '#todo', '#latest'] },
  { name: 'console-failures', hash: '#/failures', ready: '#group tbody tr', ...wide, parts: ['#causes', '#group header', '#group tbody tr'] },
  { name: 'console-message', hash: `#/messages?open=${SHOWN}`, ready: '#time-line li', ...wide, parts: ['#results table', '#panel', '#time-line'] },
  {
    name: 'console-message-dark', hash: `#/messages?open=${SHOWN}`, ready: '#time-line li', ...wide, colorScheme: 'dark', parts: ['#panel', '#bubble']
  },
  {
    name: 'console-campaign', hash: '#/campaigns/spring-sale', ready: '#parts', ...wide, parts: ['#campaign', '#parts', '#codes', '#about']
  },
  { name: 'console-callers', hash: '#/callers', ready: '#callers tbody tr', ...wide, parts: ['nav', '#callers', '#callers tbody tr'] },
  {
    name: 'console-filters', hash: '#/messages?campaign=spring-sale&caller=shop', ready: '#filter-caller', ...wide, parts: ['#filters', '#states']
  },
  { name: 'console-phone', hash: '#/home', ready: '#latest tbody tr', ...wide, width: 390, height: 844, parts: ['nav', '#todo', '#figures'] }
]

const document = JSON.parse(read('docs/openapi.json')) as Document
const routes = routesOf(document)

await t.test('the data of the pictures are responses of the API', async t => {
  const checker = createChecker(document)
  for (const [name, body] of Object.entries(responses)) {
    const [method, path = ''] = name.split(' ')
    const route = routes.find(one => one.method === method && one.path === `/api/v1${path}`)
    t.ok(route, name)
    const schema = route?.operation.responses['200']?.content?.['application/json']?.schema
    if (schema !== undefined) t.equal(checker.value(schema, body), '', name)
  }
})

const skip = missing()
await t.test('each view looks like its picture', { skip }, async t => {
  const environment = await createTestEnvironment(t)
  const node = await environment.start(t, { ROLE: 'api' })
  const browser = await startBrowser(t)
  const kept = JSON.parse(read(PLACES) || '{}') as Places
  const found: Places = {}
  for (const picture of pictures) {
    const page = await open(browser, node.origin, picture)
    const boxes = await Promise.all(picture.parts.map(async part => [part, await placeOf(page, part)] as const))
    found[picture.name] = Object.fromEntries(boxes)
    const drawn = await page.screenshot({ animations: 'disabled', caret: 'hide' })
    await page.context().close()
    const file = `docs/images/${picture.name}.png`
    if (process.env['DRAW'] === '1') writeFileSync(root + file, drawn)
    for (const [part, box] of boxes) {
      const before = kept[picture.name]?.[part] ?? []
      const isNear = box.length === before.length && box.every((value, i) => Math.abs(value - (before[i] ?? 0)) <= STEP)
      if (process.env['DRAW'] !== '1') t.ok(isNear, `${picture.name}: ${part} stands at ${box.join(' ')}, and stood at ${before.join(' ')}`)
    }
    const share = exists(file) ? differenceOf(readFileSync(root + file), drawn, picture.name) : 1
    t.ok(share <= PIXELS, `${picture.name}: ${(share * 100).toFixed(2)} % of the pixels differ`)
  }
  if (process.env['DRAW'] === '1') writeFileSync(root + PLACES, `${JSON.stringify(found, null, 1)}\n`)
})

/** Opens a view on the fixed data. Only the page's own files come from the node. */
async function open (browser: Browser, origin: string, { hash, ready, width, height, colorScheme }: Picture): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme, locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce', deviceScaleFactor: 1
  })
  await context.addInitScript('sessionStorage.setItem("sluice-key", "key-of-the-pictures")')
  await context.clock.setFixedTime(NOW)
  await context.route('**/api/v1/**', async route => {
    const path = new URL(route.request().url()).pathname.replace('/api/v1', '')
    const name = Object.keys(responses).find(name => new RegExp(`^${name.replace(/\{\w+\}/g, '[^/]+')}$`).test(`${route.request().method()} ${path}`))
    const isFixed = responses[`${route.request().method()} ${path}`] !== undefined
    const body = responses[isFixed ? `${route.request().method()} ${path}` : name ?? '']
    await route.fulfill(body === undefined ? { status: 404, json: {} } : { json: body })
  })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  await page.goto(`${origin}/console/${hash}`)
  await page.waitForSelector(ready)
  await page.evaluate('document.fonts.ready.then(() => {})')
  return page
}

/** Left, top, width and height. */
async function placeOf (page: Page, part: string): Promise<number[]> {
  const box = await page.locator(part).first().boundingBox()
  return box === null ? [] : [box.x, box.y, box.width, box.height].map(Math.round)
}

/** The share of pixels that differ; both pictures and their difference are written to .data/pictures then. */
function differenceOf (before: Buffer, after: Buffer, name: string): number {
  const [one, other] = [PNG.sync.read(before), PNG.sync.read(after)]
  if (one.width !== other.width || one.height !== other.height) return 1
  const difference = new PNG({ width: one.width, height: one.height })
  const count = pixelmatch(one.data, other.data, difference.data, one.width, one.height, { threshold: 0.2 })
  const share = count / (one.width * one.height)
  if (share > PIXELS) {
    mkdirSync(`${root}.data/pictures`, { recursive: true })
    writeFileSync(`${root}.data/pictures/${name}.png`, after)
    writeFileSync(`${root}.data/pictures/${name}-difference.png`, PNG.sync.write(difference))
  }
  return share
}
