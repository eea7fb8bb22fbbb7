/** The jobs of a support agent ("why does my customer not have it?") in a real browser, by keyboard, on a real gateway. */
import t from 'tap'
import { read } from '../contract/tree.js'
import { createTestEnvironment } from '../support/flow.js'
import { SENDER, keys, type Node } from '../support/gateway.js'
import { request, type Reply } from '../support/request.js'
import { until } from '../support/until.js'
import { missing, openConsole, startBrowser, wrong } from './browser.js'

const skip = missing()
if (skip !== false) t.plan(0, skip)
else {
  const environment = await createTestEnvironment(t)
  const browser = await startBrowser(t)
  /** No worker runs, and a pair's interval is one hour. */
  const still = { ROLE: 'api', START_WITHIN_MS: '5000', WHATSAPP_RATE_LIMIT_MS: '3600000', MESSAGE_LIFE_MS: '864000000' }
  const free = { ROLE: 'api', START_WITHIN_MS: '5000', WHATSAPP_RATE_LIMIT_MS: '1' }
  /** The sandbox rejects the first two attempts to this number, then accepts. */
  const REFUSED_TWICE = '+15562131000'
  const UNDELIVERABLE = '+15560131026'
  /** A busy node sheds requests; a repeat with the same key is not a second message. */
  const send = async (node: Pick<Node, 'send'>, ...message: Parameters<Node['send']>): Promise<Reply> =>
    await until('it is accepted', async () => {
      const reply = await node.send(...message)
      return reply.status !== 503 && reply
    })
  /** The columns "means" and "what to do" of a code in the table of outcomes. */
  const textsOf = (code: string): string[] =>
    read('docs/outcomes.md')
      .split('\n')
      .find(line => line.startsWith(`| ${code} |`))
      ?.split('|')
      .slice(4, 6)
      .map(cell => cell.trim()) ?? []

  await t.test('a message is found by number, order number and id, its history read, and it is retried, all by keyboard', async t => {
    const node = await environment.start(t, free)
    const { id } = (await send(node, REFUSED_TWICE, 'Your order has been shipped', { metadata: { orderId: 'A-4711', shop: 'Lisbon' } })).body as {
      id: string
    }
    const context = await openConsole(t, browser, node)
    await context.type('+1 (556) 213-1000')
    await context.press('Enter')
    await context.reads('#results', /Searched as phone number\.[^]*One message\b/)
    await context.reads('#results td', /retry scheduled[^]*\+15562131000[^]*orderId: A-4711/)
    await context.shoot('console-find', 430)
    await context.press('Enter')
    const [means = 'no row', remedy = 'no row'] = textsOf('131000')
    const status = await context.reads('#status', /The last attempt failed; a retry is scheduled/)
    t.ok(status.includes(means) && status.includes(`What to do: ${remedy}`), status)
    const history = await context.reads('#time-line', /Attempt 2 starts/)
    t.match(history, /Accepted by the gateway[^]*Attempt 1: failed for a transient reason[^]*131000/)

    for (const text of ['A-4711', 'orderId:A-4711', id]) {
      await context.press('/')
      await context.page.waitForSelector('#what:focus')
      await context.type(text)
      await context.press('Enter')
      if (text !== id) {
        await context.page.waitForSelector('#results a:focus')
        await context.press('Enter')
      }
      await context.reads('#time-line', /Attempt 1/)
      t.equal(new URL(context.page.url()).hash, `#message/${id}`)
    }

    for (const said of [/Retried: 1 failed again/, /Retried: 1 sent/]) {
      await context.tabTo('#retry')
      await context.press('Enter')
      await context.page.waitForSelector('#confirm-go:focus')
      await context.press('Enter')
      await context.reads('#notice', said)
    }
    await context.reads('h2', /sent/)
    await context.reads('#time-line', /Attempt 1: [^]*Attempt 2: [^]*Attempt 3: accepted by WhatsApp/)
    t.equal((await environment.arrivals(REFUSED_TWICE, 3)).length, 3)
    t.same(
      context.asked.filter(address => decodeURIComponent(address).replace(/\D/g, '').includes('5562131000')),
      [],
      'no URL contains a phone number'
    )
  })

  await t.test('a queued message shows why it waits, and updates when the reason changes', async t => {
    const node = await environment.start(t, still)
    await send(node, '+15550000001', 'first')
    await send(node, '+15550000001', 'second')
    const { id } = (await send(node, '+15550000001', 'third')).body as { id: string }
    const context = await openConsole(t, browser, node, { hash: `#message/${id}` })
    await context.reads(
      '#status',
      /Queued\.\s+Reason: one message per person in 1 hour\. It is number 2 in this person's queue\. Earliest send time: /
    )
    await node.post(`/senders/${SENDER}/pause`)
    await context.reads('#status', /its sender is paused\.\s+The sender was paused by operator/)
    await context.tabTo('#cancel')
    await context.press('Enter')
    await context.page.waitForSelector('#confirm-cancel:focus')
    await context.press('Shift+Tab', 'Enter')
    await context.reads('#status', /Cancelled before it was sent/)

    await context.press('/')
    await context.page.waitForSelector('#what:focus')
    await context.type('15550000001')
    await context.press('Enter')
    await context.reads(
      '#results',
      new RegExp(
        'Searched as phone number, order number, idempotency key\\.[^]*One message waits for this person with sender 111; ' +
        'a new message would wait with no known end: the sender is paused'
      )
    )
    await context.press('/')
    await context.page.waitForSelector('#what:focus')
    await context.type('+15550009999')
    await context.press('Enter')
    await context.reads('#results', /No message found/)
    await send(node, '+15550000002', 'x', { metadata: { order: 'AB.1.2' } })
    for (const [text, said] of [['AB.1.2', /One message/], ['AB.1.3', /No message found/], ['12', /No message found/]] as const) {
      await context.press('/')
      await context.page.waitForSelector('#what')
      await context.page.locator('#what').focus()
      await context.press('Control+a')
      await context.type(text)
      await context.press('Enter')
      await context.reads('#results', said)
    }
  })

  await t.test('failures are filtered, acknowledged with a note, and retried, one and all', async t => {
    const node = await environment.start(t, free)
    for (const at of [1, 2, 3]) await send(node, `${UNDELIVERABLE}005${at}`, 'Your parcel is here', { metadata: { orderId: `B-${at}` } })
    await environment.sandbox.control('POST', 'faults', { recipient: '*', times: 3, kind: 'code', code: 131053 })
    for (const at of [4, 5, 6]) await send(node, `+1555000010${at}`, 'Your invoice', { metadata: { orderId: `B-${at}` } })
    const context = await openConsole(t, browser, node)
    await context.tabTo('#to-failures')
    await context.press('Enter')
    await context.reads('#count', /^6 listed\.$/)
    t.match(await context.reads('#failures table', /B-6/), textsOf('131053')[1])
    await context.shoot('console-failures', 620)

    await context.tabTo('#code')
    await context.press('ArrowDown')
    await context.reads('#failures tbody', /^(?=[^]*B-1)(?![^]*B-6)/)
    await context.press('ArrowDown')
    await context.reads('#failures tbody', /^(?=[^]*B-6)(?![^]*B-1)/)
    await context.tabTo('#acknowledge-all')
    await context.press('j')
    await context.tabTo('[id^="seen-"]')
    await context.press('Enter')
    await context.page.waitForSelector('#note:focus')
    await context.type('called <b>the</b> customer')
    await context.press('Enter')
    await context.reads('#notice', /Acknowledged\./)
    await context.reads('#count', /^2 listed\.$/)

    await context.tabTo('[id^="retry-"]:not(#retry-all)')
    await context.press('Enter')
    await context.page.waitForSelector('#confirm-go:focus')
    await context.press('Escape')
    await context.gone('dialog')
    t.equal((await node.get('/failures?status=RESOLVED')).body['failures'].length, 0, 'Escape cancels')
    await context.press('Enter')
    await context.page.waitForSelector('#confirm-go:focus')
    await context.press('Enter')
    await context.reads('#notice', /Retried: 1 sent\./)

    await context.tabTo('#seen')
    await context.press('ArrowDown')
    await context.reads('#count', /^1 listed\.$/)
    await context.press('ArrowDown')
    await context.reads('#count', /^2 listed\.$/)
    await context.tabTo('#retry-all')
    await context.press('Enter')
    await context.reads('dialog', /Retry 2 messages now\?/)
    await context.page.waitForSelector('#confirm-cancel:focus')
    await context.press('Shift+Tab', 'Enter')
    await context.reads('#notice', /^2 sent\.$/)
    await context.reads('#count', /^0 listed\.$/)
    const { failures } = (await node.get('/failures?status=RESOLVED')).body as { failures: Array<{ metadata: { orderId: string } }> }
    t.same(failures.map(({ metadata }) => metadata.orderId).sort(), ['B-4', 'B-5', 'B-6'])

    await context.tabTo('#code')
    await context.press('Home')
    await context.reads('#count', /^3 listed\.$/)
    await context.tabTo('#acknowledge-all')
    await context.press('Enter')
    await context.page.waitForSelector('#note:focus')
    await context.press('Enter')
    await context.reads('#notice', /^3 acknowledged\.$/)
    const actions = (await node.get('/audit')).body['entries'] as Array<{ action: string, by: string, detail?: string }>
    t.equal(actions.filter(({ action, by }) => action === 'acknowledge' && by === 'operator').length, 4)
    t.ok(actions.some(({ detail }) => detail === 'called <b>the</b> customer'))
  })

  await t.test('a sender is paused for an hour and resumed, and a stopped retry worker is shown', async t => {
    const node = await environment.start(t, still)
    await node.post('/workers/retry/stop')
    await send(node, '+15550000001', 'first')
    await send(node, '+15550000001', 'second')
    const context = await openConsole(t, browser, node)
    await context.page.waitForSelector('#what:focus')
    await context.press('Tab', 'Tab', '3')
    await context.reads('#senders', /The retry worker is stopped by operator[^]*Sending; 1 message queued/)
    await context.tabTo(`#pause-${SENDER}`)
    await context.press('Enter')
    await context.page.waitForSelector('#how-long:focus')
    await context.press('ArrowDown', 'ArrowDown')
    await context.tabTo('#confirm-go')
    await context.press('Enter')
    await context.reads('#senders', /Paused by operator until .*\(in (1 hour|59\.\d minutes|60 minutes)\)\. 1 message queued; the order is kept/)
    const [paused] = (await node.get('/senders')).body['senders'] as Array<{ state: string, resumesAt: string }>
    t.match(paused, { state: 'paused' })
    t.ok(Math.abs(new Date(paused?.resumesAt ?? 0).getTime() - Date.now() - 3_600_000) < 30_000)
    await context.tabTo(`#resume-${SENDER}`)
    await context.press('Enter')
    await context.page.waitForSelector('#confirm-go:focus')
    await context.press('Enter')
    await context.reads('#senders .badge', /^active$/)
    t.match((await node.get('/senders')).body['senders'], [{ state: 'active' }])
  })

  await t.test('a sender that WhatsApp stopped shows the reason and what to do', async t => {
    const node = await environment.start(t, still)
    const { id } = (await send(node, '+15560000190')).body as { id: string }
    const context = await openConsole(t, browser, node, { hash: `#message/${id}` })
    const [means = 'no row', remedy = 'no row'] = textsOf('190')
    const status = await context.reads('#status', /WhatsApp rejects all messages of its sender/)
    t.ok(status.includes(means) && status.includes(remedy), status)
    await context.reads('#time-line', /Waits until its sender is active/)
    await context.press('3')
    const card = await context.reads('#senders', /stopped/)
    t.ok(card.includes(means) && card.includes(remedy), card)
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
    const context = await openConsole(t, browser, node)
    await context.type(`orderId:${hostile}`)
    await context.press('Enter')
    await context.reads('#results', /One message/)
    const shown = async (): Promise<string> => await context.page.locator('main').innerText()
    t.ok((await shown()).includes(hostile))
    await context.page.waitForSelector('#results a:focus')
    await context.press('Enter')
    await context.reads('#time-line', /Attempt 1/)
    t.equal(await context.page.locator('pre.content').textContent(), hostile)
    t.match(await shown(), /Idempotency key\s+<script>window\.hit=4<\/script>/)
    await node.post(`/failures/${id}/acknowledge`, { note: hostile })
    await context.page.reload()
    await context.reads('#time-line', /Attempt 1/)
    await context.press('2')
    await context.page.locator('#seen').selectOption('')
    await context.reads('#failures table', /onerror/)
    for (const hash of ['#message/<img src=x onerror=window.hit=5>', '#message/%E0%A4%A', '#__proto__', '#message/..%2F..%2Fsenders']) {
      await context.page.goto(`${node.origin}/console/${hash}`)
      await context.page.waitForSelector('#to-find')
    }
    t.equal(await context.page.evaluate('window.hit'), undefined)
    t.equal(await context.page.locator('main img, main script, main svg, main b').count(), 0)
    const refused = await context.page.evaluate('try { document.body.innerHTML = "<b>x</b>"; "taken" } catch (error) { error.name }')
    t.equal(refused, 'TypeError', 'the browser refuses to parse text as markup')
    const at = await until('the violation is reported', () => wrong.findIndex(one => one.includes('TrustedHTML')) + 1)
    wrong.splice(at - 1, 1)
  })

  await t.test('a read-only key shows no actions; a send key and a wrong key are rejected with a reason', async t => {
    const node = await environment.start(t, free)
    const { id } = (await send(node, UNDELIVERABLE)).body as { id: string }
    const context = await openConsole(t, browser, node, { key: keys.viewer })
    await context.page.goto(`${node.origin}/console/#message/${id}`)
    await context.reads('#status', /Failed[^]*The key viewer is read-only\. Actions need an admin key/)
    t.equal(await context.page.locator('main button').count(), 0)
    await context.press('2')
    await context.reads('#failures', /1 listed[^]*is read-only/)
    t.equal(await context.page.locator('main button').count(), 0)
    await context.press('3')
    await context.reads('#senders', /Sending/)
    t.equal(await context.page.locator('main button').count(), 0)
    await context.tabTo('#sign-out')
    await context.press('Enter')
    for (const [key, said] of [['wrong', /This API key is not valid/], [keys.app, /The key app may only send/]] as const) {
      await context.page.waitForSelector('#key:focus')
      await context.type(key)
      await context.press('Enter')
      await context.reads('#reason', said)
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
    await context.tabTo('#retry')
    await context.press('Enter')
    await context.page.waitForSelector('#confirm-go:focus')
    await context.press('Enter')
    await context.gone('dialog')
    t.equal(await context.page.locator('#notice').innerText(), '', 'no action is reported as done')
  })

  await t.test('light and dark: each text has enough contrast', async t => {
    const node = await environment.start(t, free)
    await send(node, UNDELIVERABLE, 'Your parcel is here', { metadata: { orderId: 'C-1' } })
    const { id } = (await send(node, REFUSED_TWICE, 'Your table is free at eight', { metadata: { orderId: 'C-2' } })).body as { id: string }
    await node.post(`/failures/${id}/retry`)
    const grounds: string[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await openConsole(t, browser, node, { colorScheme })
      for (const [hash, ready] of [
        [`#message/${id}`, '#time-line li'],
        ['#failures', '#failures tr'],
        ['#senders', '#senders dl'],
        ['#find', '#what']
      ] as const) {
        await context.page.goto(`${node.origin}/console/${hash}`)
        await context.page.waitForSelector(ready)
        if (hash.startsWith('#message')) await context.shoot(colorScheme === 'dark' ? 'console-message-dark' : 'console-message', 720)
        t.same(await context.page.evaluate(faintTexts), [], `${colorScheme} ${hash}`)
      }
      grounds.push(await context.page.evaluate('getComputedStyle(document.body).backgroundColor'))
    }
    t.not(grounds[0], grounds[1])
  })

  await t.test('a narrow window needs no horizontal scrolling and shows each action', async t => {
    const node = await environment.start(t, free)
    const { id } = (await send(node, UNDELIVERABLE, 'Your parcel is here', { metadata: { orderId: 'N-1' } })).body as { id: string }
    const context = await openConsole(t, browser, node)
    await context.page.setViewportSize({ width: 380, height: 700 })
    for (const [hash, ready] of [[`#message/${id}`, '#time-line li'], ['#failures', '#failures tbody tr'], ['#senders', '#senders dl']] as const) {
      await context.page.goto(`${node.origin}/console/${hash}`)
      await context.page.waitForSelector(ready)
      const over = await context.page.evaluate(
        `[...document.querySelectorAll("main *, header *")]
          .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
          .map(one => one.outerHTML.slice(0, 80))`
      )
      t.same(over, [], hash)
    }
    await context.page.goto(`${node.origin}/console/#failures`)
    await context.reads('#failures [role=cell] button', /Retry\s+Acknowledge/)
    t.match(await context.page.evaluate('[...document.querySelectorAll("#failures [role=cell]")].map(cell => cell.dataset.head)'), [
      'State',
      'To',
      'About',
      'Why',
      'When',
      'Actions'
    ])
  })

  await t.test('without API keys the page asks for no key', async t => {
    const node = await environment.start(t, { ...free, API_KEYS: '', WHATSAPP_ACCESS_TOKEN: '', HOST: '127.0.0.1' })
    t.equal((await request(`${node.origin}/api/v1/caller`)).status, 200)
    const context = await openConsole(t, browser, node, { key: null })
    await context.page.waitForSelector('#what:focus')
    await context.reads('header', /\w+ \(admin\)/)
    await context.reads('#sandbox', /Sandbox: no real messages/)
    await context.press('Tab', '3')
    await context.tabTo(`#pause-${SENDER}`)
    await context.press('Enter')
    await context.page.waitForSelector('#how-long:focus')
    await context.tabTo('#confirm-go')
    await context.press('Enter')
    await until('paused', async () => (await request(`${node.origin}/api/v1/senders`)).body['senders'][0].state === 'paused')
    t.notOk(await context.page.locator('#sign-out').count())
  })

  await t.test('no script failed, the content security policy held, and no other origin was called', async t => {
    t.same(wrong, [])
  })
}

/** Runs in the page: texts whose contrast with what is behind them is below 4.5. */
function faintTexts (): string[] {
  const { document, getComputedStyle, NodeFilter } = globalThis as any
  const light = (colour: string): number => {
    const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? [])
      .map(Number)
      .map(part => part / 255)
      .map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const groundOf = (element: any): string => {
    const { backgroundColor } = getComputedStyle(element)
    return /, 0\)$/.test(backgroundColor) && element.parentElement !== null ? groundOf(element.parentElement) : backgroundColor
  }
  const faint: string[] = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode() !== null) {
    const { parentElement: element, textContent } = walker.currentNode
    if (textContent.trim() === '' || element.closest('noscript, option, [disabled]') !== null) continue
    const [one = 0, other = 0] = [light(getComputedStyle(element).color), light(groundOf(element))].sort((a, b) => b - a)
    if ((one + 0.05) / (other + 0.05) < 4.5) faint.push(textContent)
  }
  return faint
}
