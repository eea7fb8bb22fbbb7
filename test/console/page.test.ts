/** The jobs of a support agent ("why does my customer not have it?") in a real browser, by keyboard, on a real gateway. */
import t from 'tap'
import { createTestEnvironment } from '../support/flow.js'
import { SENDER, keys } from '../support/gateway.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'
import { testAppearance } from './appearance.js'
import { missing, openConsole, startBrowser, wrong } from './browser.js'
import { still, free, REFUSED_TWICE, UNDELIVERABLE, send, textsOf } from './ground.js'

const skip = missing()
if (skip !== false) t.plan(0, skip)
else {
  const environment = await createTestEnvironment(t)
  const browser = await startBrowser(t)
  await t.test('a message is found by number, order number and id, its history read, and it is retried, all by keyboard', async t => {
    const node = await environment.start(t, free)
    const { id } = (await send(node, REFUSED_TWICE, 'Your order has been shipped', { metadata: { orderId: 'A-4711', shop: 'Lisbon' } })).body as {
      id: string
    }
    const context = await openConsole(t, browser, node)
    const search = async (text: string): Promise<void> => {
      await context.press('/')
      await context.page.waitForSelector('#search:focus')
      await context.type(text)
      await context.press('Enter')
    }
    await search('+1 (556) 213-1000')
    await context.reads('#query', /phone number\s+\+1\s556-213-1000/)
    await context.reads('#results table', /Retrying[^]*\+1\s556-213-1000[^]*A-4711/)
    const [means = 'no row', remedy = 'no row'] = textsOf('131000')
    const status = await context.reads('#panel #status', /The last attempt failed; it is tried again by itself/)
    t.ok(status.includes(means) && status.includes(remedy), status)
    t.equal(await context.page.locator('#panel .btn.primary').count(), 0, 'the advice is to wait, so no action is the main one')
    t.match(await context.reads('#time-line', /Attempt 2 starts/), /Accepted from operator[^]*Attempt 1: failed for a transient reason[^]*131000/)
    t.match(await context.page.locator('#bubble').innerText(), 'Your order has been shipped')

    for (const text of ['A-4711', 'orderId:A-4711', id]) {
      await search(text)
      await context.reads('#time-line', /Attempt 1/)
      t.ok(decodeURIComponent(context.page.url()).includes(id), 'one hit opens by itself')
    }
    for (const said of [/Retried: 1 failed again/, /Retried: 1 sent/]) {
      await context.press('r')
      await context.page.waitForSelector('#confirm-go:focus')
      await context.press('Enter')
      await context.reads('#notice', said)
      await context.page.waitForSelector('dialog', { state: 'detached' })
    }
    await context.reads('#time-line', /Attempt 1: [^]*Attempt 2: [^]*Attempt 3: accepted by WhatsApp/)
    t.equal((await environment.arrivals(REFUSED_TWICE, 3)).length, 3)
    t.same(
      context.asked.filter(address => decodeURIComponent(address).replace(/\D/g, '').includes('5562131000')),
      [],
      'no URL that leaves the browser contains a phone number'
    )
  })

  await t.test('a queued message shows why it waits, updates when the reason changes, and is cancelled', async t => {
    const node = await environment.start(t, still)
    await send(node, '+15550000001', 'first')
    await send(node, '+15550000001', 'second')
    const { id } = (await send(node, '+15550000001', 'third')).body as { id: string }
    const context = await openConsole(t, browser, node, { hash: `#message/${id}` })
    await context.reads('#status', /It waits: one message per person in 1\sh\.\s+It is number 2 in this person's queue\.\s+It goes out at /)
    await context.tabTo('#move')
    await context.press('Enter')
    await context.page.locator('#move-lane').selectOption('urgent')
    await context.page.locator('#confirm-go').click()
    await context.reads('#time-line', /Moved by operator: to Urgent/)
    await context.reads('#status', /It goes out at /)
    await node.post(`/senders/${SENDER}/pause`, { note: 'New price list' })
    await context.reads('#status', /its sender is paused\.\s+The sender was paused by operator \(New price list\)/)
    await context.reads('#banners', /paused by operator \(New price list\)\. 2 messages wait/)
    await context.tabTo('#cancel')
    await context.press('Enter')
    await context.page.waitForSelector('#confirm-cancel:focus')
    await context.press('Tab', 'Enter')
    await context.reads('#status', /It was cancelled before it was sent/)
  })

  await t.test('what waits for a person is shown, a search without a result says so, and Back returns to the same place', async t => {
    const node = await environment.start(t, still)
    for (let n = 0; n < 40; n++) await send(node, '+15550000001', `text ${n}`, { metadata: { orderId: `Q-${n}` } })
    const context = await openConsole(t, browser, node, { hash: `#/messages?${new URLSearchParams({ q: '15550000001' }).toString()}` })
    await context.reads('#results', /39 messages wait for this person; a new one waits/)
    await context.reads('#states', /All\s*40\s*Waiting\s*39\s*Sent\s*1|All\s*40\s*Waiting\s*39/)
    await context.press('k')
    const row = await context.page.evaluate('document.activeElement.id') as string
    await context.press('Enter')
    await context.reads('#panel', /Q-0\b/)
    const before = await context.page.evaluate('scrollY')
    t.ok(Number(before) > 0, 'the last row is below')
    await context.page.locator('#panel .facts a').first().click()
    await context.reads('#sender-name', new RegExp(SENDER))
    await context.page.goBack()
    await context.reads('#results', /1–40 of 40/)
    await until('the scroll position is back', async () => Math.abs(await context.page.evaluate('scrollY') as number - Number(before)) < 5)
    await context.page.goBack()
    await context.page.waitForSelector(`[id="${row}"]:focus`)
    for (const [text, said] of [['+15550009999', /No message found/], ['Q-39', /Q-39/], ['Q-40', /No message found/]] as const) {
      await context.press('/')
      await context.page.waitForSelector('#search:focus')
      await context.page.keyboard.press('Control+a')
      await context.type(text)
      await context.press('Enter')
      await context.reads('#results', said)
    }
  })

  await t.test('foreign text is shown unchanged and never executed', async t => {
    const node = await environment.start(t, free)
    const hostile = '<img src=x onerror="window.hit=1"><script>window.hit=2</script>"><svg onload=window.hit=3>\u202etxt.exe'
    await environment.sandbox.control('POST', 'faults', { recipient: '*', times: 1, kind: 'code', code: 999999 })
    const { id } = (
      await send(node, '+15550000301', hostile, {
        metadata: { orderId: hostile, [hostile.slice(0, 100)]: hostile, deep: { '<b>': [hostile] }, __proto__: 'x' },
        idempotencyKey: '<script>window.hit=4</script>'
      })
    ).body as { id: string }
    const context = await openConsole(t, browser, node, { hash: `#/messages?${new URLSearchParams({ q: `orderId:${hostile}` }).toString()}` })
    await context.reads('#time-line', /Attempt 1/)
    const shown = await context.page.locator('main').innerText()
    t.ok(shown.includes(hostile))
    t.equal(await context.page.locator('#bubble .content').textContent(), hostile)
    t.match(shown, /Idempotency key\s+<script>window\.hit=4<\/script>/)
    await node.post(`/failures/${id}/acknowledge`, { note: hostile })
    await context.page.goto(`${node.origin}/console/#/failures`)
    await context.reads('#group table', /onerror/)
    await context.page.goto(`${node.origin}/console/#/audit`)
    await context.reads('#audit', /onerror/)
    const hashes = ['#message/<img src=x onerror=window.hit=5>', '#message/%E0%A4%A', '#__proto__', '#message/..%2F..%2Fsenders', '#/constructor']
    for (const hash of hashes) {
      await context.page.goto(`${node.origin}/console/${hash}`)
      await context.page.waitForSelector('#to-home')
    }
    t.equal(await context.page.evaluate('window.hit'), undefined)
    t.equal(await context.page.locator('main img, main script').count(), 0)
    const refused = await context.page.evaluate('try { document.body.innerHTML = "<b>x</b>"; "taken" } catch (error) { error.name }')
    t.equal(refused, 'TypeError', 'the browser refuses to parse text as markup')
    const index = await until('the violation is reported', () => wrong.findIndex(one => one.includes('TrustedHTML')) + 1)
    wrong.splice(index - 1, 1)
  })

  await t.test('a read-only key shows no actions; a send key and a wrong key are rejected with a reason', async t => {
    const node = await environment.start(t, free)
    const { id } = (await send(node, UNDELIVERABLE)).body as { id: string }
    const context = await openConsole(t, browser, node, { key: keys.viewer, hash: `#message/${id}` })
    await context.reads('#status', /Not delivered: [^]*The key viewer is read-only\. Actions need an admin key/)
    t.equal(await context.page.locator('#retry, #acknowledge, #cancel').count(), 0)
    await context.press('g', 'f')
    await context.reads('#group', /1 message to 1 person[^]*is read-only/)
    t.equal(await context.page.locator('#group input, #actions').count(), 0)
    await context.press('g', 's')
    await context.reads('#sender', /Empty in/)
    t.equal(await context.page.locator('#sender button:not(.copy), #worker button').count(), 0)
    await context.press('g', 'a')
    await context.reads('main', /Only an admin key may read the audit trail/)
    await context.page.locator('#user-menu').click()
    await context.page.locator('#sign-out').click()
    for (const [key, said] of [['wrong', /This API key is not valid/], [keys.app, /The key app may only send/]] as const) {
      await context.page.waitForSelector('#key:focus')
      await context.type(key)
      await context.press('Enter')
      await context.reads('#reason', said)
      await context.page.locator('#key').fill('')
      await context.page.locator('#key').focus()
    }
    await context.page.reload()
    await context.page.waitForSelector('#key:focus')
    t.equal(await context.page.evaluate('sessionStorage.length + document.cookie.length'), 0, 'the key is removed')
  })

  await t.test('an unreachable node is reported, and the page keeps its content', async t => {
    const node = await environment.start(t, free)
    const { id } = (await send(node, REFUSED_TWICE.replace('1000', '1016'), 'x')).body as { id: string }
    const context = await openConsole(t, browser, node, { hash: `#message/${id}` })
    await context.reads('#time-line', /Attempt 2 starts/)
    await node.close()
    await context.reads('#problem', /This node does not respond\. The node or the network is down/)
    await context.reads('#time-line', /Attempt 2 starts/)
    await context.press('r')
    await context.page.waitForSelector('#confirm-go:focus')
    await context.press('Enter')
    await context.gone('dialog')
    t.equal(await context.page.locator('#notice').innerText(), '', 'no action is reported as done')
  })

  await testAppearance(t, { environment, browser })

  await t.test('without API keys the page asks for no key', async t => {
    const node = await environment.start(t, { ...free, API_KEYS: '', WHATSAPP_ACCESS_TOKEN: '', HOST: '127.0.0.1' })
    t.equal((await request(`${node.origin}/api/v1/caller`)).status, 200)
    const context = await openConsole(t, browser, node, { key: null })
    await context.reads('#sandbox', /Sandbox/)
    await context.press('g', 's')
    await context.tabTo(`#pause-${SENDER}`)
    await context.press('Enter')
    await context.page.waitForSelector('#confirm-cancel:focus')
    await context.press('Tab', 'Enter')
    await until('paused', async () => (await request(`${node.origin}/api/v1/senders`)).body['senders']?.[0]?.state === 'paused')
    await context.page.locator('#user-menu').click()
    t.notOk(await context.page.locator('#sign-out').count())
  })

  await t.test('no script failed, the content security policy held, and no other origin was called', async t => {
    t.same(wrong, [])
  })
}
