/** A support agent while the gateway does not respond: the page says nothing that it does not know, and goes on by itself. */
import type { Test } from 'tap'
import { openConsole } from './browser.js'
import { free, send, UNDELIVERABLE, type Ground } from './ground.js'

export async function testAway (t: Test, { environment, browser }: Ground): Promise<void> {
  await t.test('what is opened while the gateway does not respond fills itself once it does', async t => {
    const node = await environment.start(t, free)
    await send(node, UNDELIVERABLE, 'Your parcel is here', { metadata: { orderId: 'D-1' } })
    await node.put(`/opt-outs/${encodeURIComponent('+15550000731')}`, { reason: 'asked by phone' })
    const { page, reads, gone } = await openConsole(t, browser, node, { hash: '#/audit' })
    await reads('#to-failures', /1/)
    const views: Array<[hash: string, empty: RegExp, shown: RegExp]> = [
      ['#/messages?q=D-1', /No message found/, /D-1/], ['#/failures', /0–0/, /D-1/], ['#/optOuts', /No opt-outs/, /asked by phone/]
    ]
    for (const [hash, empty, shown] of views) {
      await page.route('**/api/v1/**', async route => await route.abort())
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
      await reads('#problem', /This node does not respond/)
      await page.waitForSelector('main .loading')
      t.notMatch(await page.locator('main').innerText(), empty, hash)
      await page.unroute('**/api/v1/**')
      await reads('main', shown, 15_000)
      await gone('#problem')
    }
  })
}
