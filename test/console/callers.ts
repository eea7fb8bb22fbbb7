/** The jobs "which team has the backlog?" and "which messages of it failed?", by keyboard. */
import type { Test } from 'tap'
import { keys } from '../support/gateway.js'
import { until } from '../support/until.js'
import { openConsole } from './browser.js'
import { still, UNDELIVERABLE, type Ground } from './ground.js'

export async function testCallers (t: Test, { environment, browser }: Ground): Promise<void> {
  await t.test('the team with the backlog is found, and from there its messages', async t => {
    const node = await environment.start(t, still)
    const [app, shop] = [node.as(keys.app), node.as(keys.shop)]
    for (const text of ['first', 'second', 'third']) await app.send('+15550000701', text)
    await shop.send('+15550000702', 'Hello')
    await shop.send(`${UNDELIVERABLE}0702`, 'Your parcel is here', { metadata: { orderId: 'T-1' } })
    const context = await openConsole(t, browser, node)
    await context.press('g', 'k')
    await context.reads('#callers tbody', /^app\s+may post\s+2\s[^]*shop\s+may post\s+0\s[^]*1\s+50\s%[^]*viewer\s+may look only/)
    await context.press('j', 'Enter')
    await context.reads('#filters', /Caller\s+app/)
    await context.reads('#results .foot', /1–3 of 3/)
    await context.reads('#states', /All\s*3\s*Waiting\s*2/)
    await context.page.goBack()
    await context.page.waitForSelector('#caller-app:focus')
    await context.tabTo('a.own')
    await context.press('Enter')
    await context.reads('#filters', /Caller\s+shop/)
    await context.reads('#results table', /Failed\s+131026[^]*T-1/)
    await context.reads('#results .foot', /1–1 of 1/)
  })

  await t.test('a key that may only look learns that callers need an admin key', async t => {
    const node = await environment.start(t, still)
    const context = await openConsole(t, browser, node, { key: keys.viewer, hash: '#/callers' })
    await context.reads('main', /Only an admin key may see the callers/)
    t.same(context.asked.filter(address => address.endsWith('/callers')), [])
  })

  await t.test('one of many campaigns is found by the beginning of its name, by the server', async t => {
    const node = await environment.start(t, still)
    for (let n = 1; n <= 9; n++) await node.put(`/campaigns/summer-${n}`, {})
    await node.put('/campaigns/spring-sale', {})
    const context = await openConsole(t, browser, node, { hash: '#/campaigns' })
    await context.reads('#campaigns tbody', /spring-sale[^]*summer-9[^]*summer-1/)
    await context.page.locator('#filter').fill('spr')
    await context.reads('#campaigns tbody', /^spring-sale(?![^]*summer)/)
    await until('the server was asked', () => context.asked.some(address => address.endsWith('/campaigns?name=spr')))
    await context.page.locator('#filter').fill('spr*')
    await context.reads('#campaigns', /No campaigns/)
    await context.page.locator('#filter').fill('')
    await context.reads('#campaigns tbody', /summer-9/)
    t.same(context.asked.filter(address => address.includes('*')), [])
  })

  await t.test('messages are filtered by campaign, code, state, caller, template and time, each is removed by itself, and Back returns', async t => {
    const node = await environment.start(t, still)
    const shop = node.as(keys.shop)
    const sale = { campaign: 'spring-sale' }
    await shop.send('+15550000711', 'Hello', { ...sale, metadata: { orderId: 'F-1' } })
    await shop.send(`${UNDELIVERABLE}0711`, 'Hello', { ...sale, metadata: { orderId: 'F-2' } })
    await node.send(`${UNDELIVERABLE}0712`, 'Hello', { ...sale, metadata: { orderId: 'F-3' } })
    const template = { type: 'template', message: { name: 'order_ready', language: { code: 'en' } } }
    await node.post('/messages', { to: `${UNDELIVERABLE}0713`, ...template, metadata: { orderId: 'F-4' } })
    await until('all are found', async () => (await node.get('/messages')).body['messages']?.length === 4)
    const context = await openConsole(t, browser, node)
    const orders = async (): Promise<string[]> =>
      (await context.page.locator('#results td.ab').allInnerTexts()).map(text => text.trim()).sort()
    const shows = async (...expected: string[]): Promise<unknown> =>
      await until(`it shows ${expected.join(' ')}`, async () => JSON.stringify(await orders()) === JSON.stringify(expected))
    await context.press('g', 'm')
    await shows('F-1', 'F-2', 'F-3', 'F-4')
    await context.press('f')
    await context.page.waitForSelector('#of-campaign:focus')
    await context.type('spring-sale')
    await context.page.locator('#of-code').fill('131026')
    await context.press('Enter')
    await shows('F-2', 'F-3')
    await context.reads('#filters', /Campaign\s+spring-sale\s[^]*Error code\s+131026/)
    await context.press('f')
    await context.page.locator('#of-caller').fill('shop')
    await context.press('Enter')
    await shows('F-2')

    await context.tabTo('#filter-code a')
    await context.press('Enter')
    await context.page.waitForSelector('#edit-filters:focus')
    await shows('F-1', 'F-2')
    await context.page.locator('#states a', { hasText: 'Failed' }).click()
    await shows('F-2')
    for (const expected of [['F-1', 'F-2'], ['F-2'], ['F-2', 'F-3']]) {
      await context.page.goBack()
      await shows(...expected)
    }
    await context.page.goForward()
    await context.page.goForward()
    await context.page.reload()
    await shows('F-1', 'F-2')
    await context.page.locator('#filters a', { hasText: 'Clear filters' }).click()
    await shows('F-1', 'F-2', 'F-3', 'F-4')

    await context.press('f')
    await context.page.locator('#of-template').fill('order_ready')
    await context.press('Enter')
    await shows('F-4')
    await context.reads('#filters', /Template\s+order_ready/)
    await context.page.locator('#filters a', { hasText: 'Clear filters' }).or(context.page.locator('#filter-template a')).first().click()
    await shows('F-1', 'F-2', 'F-3', 'F-4')

    const minute = 60_000
    const local = (ms: number): string => new Date(ms).toISOString().slice(0, 16)
    await context.press('f')
    await context.page.locator('#of-from').fill(local(Date.now() - 10 * minute))
    await context.page.locator('#of-until').fill(local(Date.now() + 2 * minute))
    await context.press('Enter')
    await context.reads('#filters', /Accepted from\s+[\d:]+\s[^]*Accepted before\s+[\d:]+/)
    await shows('F-1', 'F-2', 'F-3', 'F-4')
    await context.press('f')
    await context.page.locator('#of-until').fill(local(Date.now() - 5 * minute))
    await context.press('Enter')
    await context.reads('#results', /No message matches these filters/)
    await context.page.goto(`${node.origin}/console/#/messages?code=%25&state=__proto__&from=x`)
    await context.reads('#problem', /errorCode/)
  })
}
