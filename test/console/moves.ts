/** The job "send what is left of this campaign first, and later": all messages that match a filter are moved. */
import type { Test } from 'tap'
import { keys } from '../support/gateway.js'
import { until } from '../support/until.js'
import { openConsole } from './browser.js'
import { send, still, type Ground } from './ground.js'

export async function testMoves (t: Test, { environment, browser }: Ground): Promise<void> {
  await t.test('messages that match the filters are counted, and then moved to another lane and time', async t => {
    const node = await environment.start(t, still)
    await environment.start(t, { ...still, ROLE: 'worker' }, { prefix: node.prefix })
    const sale = { campaign: 'spring-sale', priority: 'bulk' }
    for (const n of [1, 2, 3]) await send(node, '+15550000901', `Sale ${n}`, { ...sale, metadata: { orderId: `S-${n}` } })
    await send(node, '+15550000901', 'Your order', { priority: 'bulk', metadata: { orderId: 'O-1' } })
    const find = async (query: string): Promise<Array<Record<string, unknown>>> =>
      (await node.get(`/messages?${query}`)).body['messages'] as Array<Record<string, unknown>>
    await until('all are found', async () => (await find('')).length === 4)
    const lanes = async (query: string): Promise<unknown> => (await find(query)).filter(({ status }) => status !== 'sent')
      .map(({ priority, status }) => `${String(status)} ${String(priority)}`)
    const context = await openConsole(t, browser, node, { hash: '#/messages' })
    await context.reads('#results .foot', /1–4 of 4/)
    t.equal(await context.page.locator('#move-all').count(), 0, 'without a filter there is nothing to move')
    await context.page.goto(`${node.origin}/console/#/messages?campaign=spring-sale&state=sent`)
    await context.reads('#states', /Sent/)
    t.equal(await context.page.locator('#move-all').count(), 0, 'nor among messages that do not wait')

    await context.page.goto(`${node.origin}/console/#/messages?campaign=spring-sale`)
    await context.tabTo('#move-all')
    await context.press('Enter')
    await context.reads('dialog', /only those that still wait are moved\. They are counted first/)
    await context.page.locator('#confirm-go').click()
    await context.reads('dialog [role=alert]', /Choose a lane, a time or an end\./)
    await context.page.locator('#move-lane').selectOption('urgent')
    await context.page.locator('#confirm-go').click()
    await context.reads('dialog', /Move 2 messages\?\s+Change: to Urgent\. Messages that are accepted from now on stay/, 60_000)
    t.equal(await context.page.locator('#job').count(), 0, 'the count is over')
    await context.press('Escape')
    await context.gone('dialog')
    t.same(await lanes('campaign=spring-sale'), ['queued bulk', 'queued bulk'], 'counting changes nothing')

    await context.page.locator('#move-all').click()
    await context.page.locator('#move-lane').selectOption('urgent')
    await context.page.locator('#move-when').selectOption('at')
    await context.page.locator('#move-at').fill(new Date(Date.now() + 7_200_000).toISOString().slice(0, 16))
    await context.page.locator('#confirm-go').click()
    await context.reads('dialog', /Move 2 messages\?\s+Change: to Urgent, not before /, 60_000)
    await context.page.locator('#confirm-go').click()
    await context.reads('#job', /^2 moved\./, 60_000)
    await context.reads('#results table', /Scheduled[^]*S-[23][^]*Scheduled[^]*S-[23]/)
    t.same(await lanes('campaign=spring-sale'), ['scheduled urgent', 'scheduled urgent'])
    t.same(await lanes('tag=orderId:O-1'), ['queued bulk'], 'no other message is moved')

    await context.page.locator('#move-all').click()
    await context.page.locator('#move-state').selectOption('retrying')
    await context.page.locator('#move-lane').selectOption('normal')
    await context.page.locator('#confirm-go').click()
    await context.reads('#notice', /No message that waits matches/, 60_000)
    await context.press('g', 'a')
    await context.reads('#audit', /operator\s+moved all messages that match[^]*campaign: spring-sale\s+lane: urgent, not before: /)
    t.equal(await context.page.locator('#audit tbody tr').count(), 1, 'a count is no action')

    const viewer = await openConsole(t, browser, node, { key: keys.viewer, hash: '#/messages?campaign=spring-sale' })
    await viewer.reads('#results .foot', /1–3 of 3/)
    t.equal(await viewer.page.locator('#move-all').count(), 0)
  })
}
