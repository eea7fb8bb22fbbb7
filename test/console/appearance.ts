/** How the console looks: no violation of axe, no sideways scrolling in a narrow window, and a first paint that is soon there. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Test } from 'tap'
import { until } from '../support/until.js'
import { openConsole, type Console } from './browser.js'
import { free, REFUSED_TWICE, UNDELIVERABLE, send, type Ground } from './ground.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds wrong, a line each. The policy of the page lets no script of others in, so it runs in Chromium's own world. */
async function violations ({ page }: Console): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const { frameTree } = await session.send('Page.getFrameTree')
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id })
  const evaluate = async (expression: string): Promise<any> =>
    (await session.send('Runtime.evaluate', { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true })).result.value
  await evaluate(axe)
  const found = await evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 160))))`) as string[]
  await session.detach()
  return found
}

export async function testAppearance (t: Test, { environment, browser }: Ground): Promise<void> {
  await t.test('axe finds nothing in any view, light and dark', async t => {
    const node = await environment.start(t, free)
    await send(node, UNDELIVERABLE, 'Your parcel is here', { metadata: { orderId: 'C-1' }, campaign: 'spring-sale' })
    const { id } = (await send(node, REFUSED_TWICE, 'Your table is free at eight', { metadata: { orderId: 'C-2' } })).body as { id: string }
    await until('the latest messages are written', async () => (await node.get('/messages')).body['messages']?.length === 2)
    await node.post(`/failures/${id}/acknowledge`)
    const grounds: string[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await openConsole(t, browser, node, { colorScheme })
      for (const [hash, ready] of views(id)) {
        await context.page.goto(`${node.origin}/console/${hash}`)
        await context.page.waitForSelector(ready)
        t.same(await violations(context), [], `${colorScheme} ${hash}`)
      }
      await context.press('?')
      await context.page.waitForSelector('dialog')
      t.same(await violations(context), [], `${colorScheme} dialog`)
      grounds.push(await context.page.evaluate('getComputedStyle(document.body).backgroundColor'))
    }
    t.not(grounds[0], grounds[1])
  })

  await t.test('a narrow window needs no horizontal scrolling and shows each action', async t => {
    const node = await environment.start(t, free)
    const about = { metadata: { orderId: 'N-1' }, campaign: 'spring-sale' }
    const { id } = (await send(node, UNDELIVERABLE, 'Your parcel is here', about)).body as { id: string }
    await until('the latest message is written', async () => (await node.get('/messages')).body['messages']?.length === 1)
    const context = await openConsole(t, browser, node)
    await context.page.setViewportSize({ width: 380, height: 700 })
    for (const [hash, ready] of views(id)) {
      await context.page.goto(`${node.origin}/console/${hash}`)
      await context.page.waitForSelector(ready)
      const over = await context.page.evaluate(
        `[...document.querySelectorAll("main *, header *")].filter(one => one.closest(".chips, .fold") === null)
          .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))`
      )
      t.same(over, [], hash)
    }
    await context.page.goto(`${node.origin}/console/#/failures`)
    await context.page.locator('#causes a').first().click()
    await context.page.locator('#select-all').click()
    await context.reads('#actions', /1 selected[^]*Retry…\s+Acknowledge/)
    await context.page.goto(`${node.origin}/console/#/messages?open=${id}`)
    await context.reads('#panel', /Copy customer reply\s+Acknowledge\s+Send the same content again…/)
    await context.page.locator('#close-panel').click()
    await context.gone('#panel')
  })
}

/** Each view, and what it shows once it is there. */
function views (id: string): Array<[hash: string, ready: string]> {
  return [
    ['#/home', '#latest tbody tr'],
    [`#/messages?open=${id}`, '#time-line li'],
    [`#/message/${id}`, '#time-line li'],
    ['#/failures', '#causes li'],
    ['#/campaigns', '#campaigns tbody tr'],
    ['#/campaigns/spring-sale', '#parts'],
    ['#/callers', '#callers tbody tr'],
    ['#/senders', '#sender'],
    ['#/optOuts', '.empty'],
    ['#/audit', 'main .card']
  ]
}
