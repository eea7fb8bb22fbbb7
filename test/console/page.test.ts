/** What somebody does who is asked "why hasn't my customer got it?": in a browser, by keys alone, on a real gateway. */
import t from 'tap'
import { read } from '../contract/tree.js'
import { createGround } from '../support/flow.js'
import { SENDER, keys, type Node } from '../support/gateway.js'
import { request, type Reply } from '../support/request.js'
import { until } from '../support/until.js'
import { missing, openConsole, startBrowser, wrong } from './browser.js'

const skip = missing()
if (skip !== false) t.plan(0, skip)
else {
  const ground = await createGround(t)
  const browser = await startBrowser(t)
  /** Nobody drains, and a person's next message is an hour away. */
  const still = { ROLE: 'api', START_WITHIN_MS: '5000', WHATSAPP_RATE_LIMIT_MS: '3600000', MESSAGE_LIFE_MS: '864000000' }
  const free = { ROLE: 'api', START_WITHIN_MS: '5000', WHATSAPP_RATE_LIMIT_MS: '1' }
  /** Refuses its first two, then takes what comes. */
  const REFUSED_TWICE = '+15562131000'
  const UNDELIVERABLE = '+15560131026'
  /** A busy node turns requests away; the same once more is no second message. */
  const send = async (node: Pick<Node, 'send'>, ...message: Parameters<Node['send']>): Promise<Reply> =>
    await until('it is taken', async () => {
      const reply = await node.send(...message)
      return reply.status !== 503 && reply
    })
  /** The columns "means" and "what to do" of a code in the table of outcomes. */
  const sayingOf = (code: string): string[] => read('docs/outcomes.md').split('\n').find(line => line.startsWith(`| ${code} |`))?.split('|').slice(4, 6).map(cell => cell.trim()) ?? []

  await t.test('a message is found by number, order number and id, its story read, and it is retried, all by keyboard', async t => {
    const node = await ground.start(t, free)
    const { id } = (await send(node, REFUSED_TWICE, 'Your order has left the house', { metadata: { orderId: 'A-4711', shop: 'Lisbon' } })).body as { id: string }
    const desk = await openConsole(t, browser, node)
    await desk.type('+1 (556) 213-1000')
    await desk.press('Enter')
    await desk.reads('#results', /Looked for as phone number\.[^]*One message\b/)
    await desk.reads('#results td', /tried again[^]*\+15562131000[^]*orderId: A-4711/)
    await desk.shoot('console-find', 430)
    await desk.press('Enter')
    const [means = 'no row', remedy = 'no row'] = sayingOf('131000')
    const verdict = await desk.reads('#verdict', /WhatsApp did not take it yet; it will be tried again/)
    t.ok(verdict.includes(means) && verdict.includes(`What to do: ${remedy}`), verdict)
    const story = await desk.reads('#time-line', /Attempt 2 follows/)
    t.match(story, /Accepted by the gateway[^]*Attempt 1: WhatsApp did not take it, for a reason that passes[^]*131000/)

    for (const text of ['A-4711', 'orderId:A-4711', id]) {
      await desk.press('/')
      await desk.page.waitForSelector('#what:focus')
      await desk.type(text)
      await desk.press('Enter')
      if (text !== id) {
        await desk.page.waitForSelector('#results a:focus')
        await desk.press('Enter')
      }
      await desk.reads('#time-line', /Attempt 1/)
      t.equal(new URL(desk.page.url()).hash, `#message/${id}`)
    }

    for (const said of [/Retried: 1 not taken again/, /Retried: 1 sent/]) {
      await desk.tabTo('#retry')
      await desk.press('Enter')
      await desk.page.waitForSelector('#confirm-go:focus')
      await desk.press('Enter')
      await desk.reads('#told', said)
    }
    await desk.reads('h2', /taken by WhatsApp/)
    await desk.reads('#time-line', /Attempt 1: [^]*Attempt 2: [^]*Attempt 3: WhatsApp took it/)
    t.equal((await ground.arrivals(REFUSED_TWICE, 3)).length, 3)
    t.same(desk.asked.filter(address => decodeURIComponent(address).replace(/\D/g, '').includes('5562131000')), [], 'no number stands in an address')
  })

  await t.test('what waits tells what binds, and tells anew when that changes', async t => {
    const node = await ground.start(t, still)
    await send(node, '+15550000001', 'first')
    await send(node, '+15550000001', 'second')
    const { id } = (await send(node, '+15550000001', 'third')).body as { id: string }
    const desk = await openConsole(t, browser, node, { hash: `#message/${id}` })
    await desk.reads('#verdict', /It waits for its turn\.\s+Why: this person may be written to once in 1 hour\. It is number 2 in this person's line\. It goes at [^]* at the earliest/)
    await node.post(`/senders/${SENDER}/pause`)
    await desk.reads('#verdict', /its sender is paused\.\s+The sender was paused by operator/)
    await desk.tabTo('#cancel')
    await desk.press('Enter')
    await desk.page.waitForSelector('#confirm-cancel:focus')
    await desk.press('Shift+Tab', 'Enter')
    await desk.reads('#verdict', /It was cancelled before it was sent/)

    await desk.press('/')
    await desk.page.waitForSelector('#what:focus')
    await desk.type('15550000001')
    await desk.press('Enter')
    await desk.reads('#results', /Looked for as phone number, order number, idempotency key\.[^]*One message waits for this person with sender 111; a new one would wait without a known end: the sender is paused/)
    await desk.press('/')
    await desk.page.waitForSelector('#what:focus')
    await desk.type('+15550009999')
    await desk.press('Enter')
    await desk.reads('#results', /Nothing was found/)
    await send(node, '+15550000002', 'x', { metadata: { order: 'AB.1.2' } })
    for (const [text, said] of [['AB.1.2', /One message/], ['AB.1.3', /Nothing was found/], ['12', /Nothing was found/]] as const) {
      await desk.press('/')
      await desk.page.waitForSelector('#what')
      await desk.page.locator('#what').focus()
      await desk.press('Control+a')
      await desk.type(text)
      await desk.press('Enter')
      await desk.reads('#results', said)
    }
  })

  await t.test('failures are filtered, acknowledged with a note, and retried, one and all', async t => {
    const node = await ground.start(t, free)
    for (const at of [1, 2, 3]) await send(node, `${UNDELIVERABLE}005${at}`, 'Your parcel is here', { metadata: { orderId: `B-${at}` } })
    await ground.sandbox.control('POST', 'faults', { recipient: '*', times: 3, kind: 'code', code: 131053 })
    for (const at of [4, 5, 6]) await send(node, `+1555000010${at}`, 'Your invoice', { metadata: { orderId: `B-${at}` } })
    const desk = await openConsole(t, browser, node)
    await desk.tabTo('#to-failures')
    await desk.press('Enter')
    await desk.reads('#count', /^6 listed\.$/)
    t.match(await desk.reads('#failures table', /B-6/), sayingOf('131053')[1])
    await desk.shoot('console-failures', 620)

    await desk.tabTo('#code')
    await desk.press('ArrowDown')
    await desk.reads('#failures tbody', /^(?=[^]*B-1)(?![^]*B-6)/)
    await desk.press('ArrowDown')
    await desk.reads('#failures tbody', /^(?=[^]*B-6)(?![^]*B-1)/)
    await desk.tabTo('#acknowledge-all')
    await desk.press('j')
    await desk.tabTo('[id^="seen-"]')
    await desk.press('Enter')
    await desk.page.waitForSelector('#note:focus')
    await desk.type('called <b>the</b> customer')
    await desk.press('Enter')
    await desk.reads('#told', /Acknowledged\./)
    await desk.reads('#count', /^2 listed\.$/)

    await desk.tabTo('[id^="retry-"]:not(#retry-all)')
    await desk.press('Enter')
    await desk.page.waitForSelector('#confirm-go:focus')
    await desk.press('Escape')
    await desk.gone('dialog')
    t.equal((await node.get('/failures?status=RESOLVED')).body['failures'].length, 0, 'Escape does nothing')
    await desk.press('Enter')
    await desk.page.waitForSelector('#confirm-go:focus')
    await desk.press('Enter')
    await desk.reads('#told', /Retried: 1 sent\./)

    await desk.tabTo('#seen')
    await desk.press('ArrowDown')
    await desk.reads('#count', /^1 listed\.$/)
    await desk.press('ArrowDown')
    await desk.reads('#count', /^2 listed\.$/)
    await desk.tabTo('#retry-all')
    await desk.press('Enter')
    await desk.reads('dialog', /Retry 2 messages now\?/)
    await desk.page.waitForSelector('#confirm-cancel:focus')
    await desk.press('Shift+Tab', 'Enter')
    await desk.reads('#told', /^2 sent\.$/)
    await desk.reads('#count', /^0 listed\.$/)
    const { failures } = (await node.get('/failures?status=RESOLVED')).body as { failures: Array<{ metadata: { orderId: string } }> }
    t.same(failures.map(({ metadata }) => metadata.orderId).sort(), ['B-4', 'B-5', 'B-6'])

    await desk.tabTo('#code')
    await desk.press('Home')
    await desk.reads('#count', /^3 listed\.$/)
    await desk.tabTo('#acknowledge-all')
    await desk.press('Enter')
    await desk.page.waitForSelector('#note:focus')
    await desk.press('Enter')
    await desk.reads('#told', /^3 acknowledged\.$/)
    const acts = (await node.get('/audit')).body['acts'] as Array<{ act: string, by: string, detail?: string }>
    t.equal(acts.filter(({ act, by }) => act === 'acknowledge' && by === 'operator').length, 4)
    t.ok(acts.some(({ detail }) => detail === 'called <b>the</b> customer'))
  })

  await t.test('a sender is paused for an hour and resumed, and the retry worker told of', async t => {
    const node = await ground.start(t, still)
    await node.post('/workers/retry/stop')
    await send(node, '+15550000001', 'first')
    await send(node, '+15550000001', 'second')
    const desk = await openConsole(t, browser, node)
    await desk.page.waitForSelector('#what:focus')
    await desk.press('Tab', 'Tab', '3')
    await desk.reads('#senders', /The retry worker is stopped by operator[^]*It sends; 1 waits for its turn/)
    await desk.tabTo(`#pause-${SENDER}`)
    await desk.press('Enter')
    await desk.page.waitForSelector('#how-long:focus')
    await desk.press('ArrowDown', 'ArrowDown')
    await desk.tabTo('#confirm-go')
    await desk.press('Enter')
    await desk.reads('#senders', /Paused by operator until .*\(in (1 hour|59\.\d minutes|60 minutes)\)\. 1 waits and keeps its place/)
    const [paused] = (await node.get('/senders')).body['senders'] as Array<{ state: string, reopensAt: string }>
    t.match(paused, { state: 'paused' })
    t.ok(Math.abs(new Date(paused?.reopensAt ?? 0).getTime() - Date.now() - 3_600_000) < 30_000)
    await desk.tabTo(`#resume-${SENDER}`)
    await desk.press('Enter')
    await desk.page.waitForSelector('#confirm-go:focus')
    await desk.press('Enter')
    await desk.reads('#senders .badge', /^open$/)
    t.match((await node.get('/senders')).body['senders'], [{ state: 'open' }])
  })

  await t.test('a sender that WhatsApp stopped says why and what to do', async t => {
    const node = await ground.start(t, still)
    const { id } = (await send(node, '+15560000190')).body as { id: string }
    const desk = await openConsole(t, browser, node, { hash: `#message/${id}` })
    const [means = 'no row', remedy = 'no row'] = sayingOf('190')
    const verdict = await desk.reads('#verdict', /WhatsApp refuses all that its sender sends/)
    t.ok(verdict.includes(means) && verdict.includes(remedy), verdict)
    await desk.reads('#time-line', /It waits until its sender is open/)
    await desk.press('3')
    const card = await desk.reads('#senders', /stopped/)
    t.ok(card.includes(means) && card.includes(remedy), card)
  })

  await t.test('what strangers wrote is shown as they wrote it, and never runs', async t => {
    const node = await ground.start(t, free)
    const hostile = '<img src=x onerror="window.hit=1"><script>window.hit=2</script>"><svg onload=window.hit=3>\u202etxt.exe'
    await ground.sandbox.control('POST', 'faults', { recipient: '*', times: 1, kind: 'code', code: 999999 })
    const { id } = (await send(node, '+15550000301', hostile, { metadata: { orderId: hostile, [hostile.slice(0, 100)]: hostile, deep: { '<b>': [hostile] }, __proto__: 'x' }, idempotencyKey: '<script>window.hit=4</script>' })).body as { id: string }
    const desk = await openConsole(t, browser, node)
    await desk.type(`orderId:${hostile}`)
    await desk.press('Enter')
    await desk.reads('#results', /One message/)
    const shown = async (): Promise<string> => await desk.page.locator('main').innerText()
    t.ok((await shown()).includes(hostile))
    await desk.page.waitForSelector('#results a:focus')
    await desk.press('Enter')
    await desk.reads('#time-line', /Attempt 1/)
    t.equal(await desk.page.locator('pre.content').textContent(), hostile)
    t.match(await shown(), /Idempotency key\s+<script>window\.hit=4<\/script>/)
    await node.post(`/failures/${id}/acknowledge`, { note: hostile })
    await desk.page.reload()
    await desk.reads('#time-line', /Attempt 1/)
    await desk.press('2')
    await desk.page.locator('#seen').selectOption('')
    await desk.reads('#failures table', /onerror/)
    for (const hash of ['#message/<img src=x onerror=window.hit=5>', '#message/%E0%A4%A', '#__proto__', '#message/..%2F..%2Fsenders']) {
      await desk.page.goto(`${node.origin}/console/${hash}`)
      await desk.page.waitForSelector('#to-find')
    }
    t.equal(await desk.page.evaluate('window.hit'), undefined)
    t.equal(await desk.page.locator('main img, main script, main svg, main b').count(), 0)
    const refused = await desk.page.evaluate('try { document.body.innerHTML = "<b>x</b>"; "taken" } catch (error) { error.name }')
    t.equal(refused, 'TypeError', 'the browser itself refuses to make markup of a text')
    const at = await until('it says so', () => wrong.findIndex(one => one.includes('TrustedHTML')) + 1)
    wrong.splice(at - 1, 1)
  })

  await t.test('who may only read sees no acts; who may only send gets no further; a wrong key is told', async t => {
    const node = await ground.start(t, free)
    const { id } = (await send(node, UNDELIVERABLE)).body as { id: string }
    const desk = await openConsole(t, browser, node, { key: keys.viewer })
    await desk.page.goto(`${node.origin}/console/#message/${id}`)
    await desk.reads('#verdict', /It failed[^]*The key viewer may look only\. Acts need a key of an admin/)
    t.equal(await desk.page.locator('main button').count(), 0)
    await desk.press('2')
    await desk.reads('#failures', /1 listed[^]*may look only/)
    t.equal(await desk.page.locator('main button').count(), 0)
    await desk.press('3')
    await desk.reads('#senders', /It sends/)
    t.equal(await desk.page.locator('main button').count(), 0)
    await desk.tabTo('#sign-out')
    await desk.press('Enter')
    for (const [key, said] of [['wrong', /does not know this key/], [keys.app, /The key app may send only/]] as const) {
      await desk.page.waitForSelector('#key:focus')
      await desk.type(key)
      await desk.press('Enter')
      await desk.reads('#why', said)
    }
    await desk.page.reload()
    await desk.page.waitForSelector('#key:focus')
    t.equal(await desk.page.evaluate('sessionStorage.length + document.cookie.length'), 0, 'nothing is left of it')
  })

  await t.test('a node that is gone is told of, and what is shown stays', async t => {
    const node = await ground.start(t, free)
    const { id } = (await send(node, REFUSED_TWICE.replace('1000', '1016'), 'x')).body as { id: string }
    const desk = await openConsole(t, browser, node, { hash: `#message/${id}` })
    await desk.reads('#time-line', /Attempt 2 follows/)
    await node.close()
    await desk.reads('#trouble', /This node does not answer\. It may be down/)
    await desk.reads('#time-line', /Attempt 2 follows/)
    await desk.tabTo('#retry')
    await desk.press('Enter')
    await desk.page.waitForSelector('#confirm-go:focus')
    await desk.press('Enter')
    await desk.gone('dialog')
    t.equal(await desk.page.locator('#told').innerText(), '', 'nothing is said to be done')
  })

  await t.test('light or dark as the reader has it, each text stands out from its ground', async t => {
    const node = await ground.start(t, free)
    await send(node, UNDELIVERABLE, 'Your parcel is here', { metadata: { orderId: 'C-1' } })
    const { id } = (await send(node, REFUSED_TWICE, 'Your table is free at eight', { metadata: { orderId: 'C-2' } })).body as { id: string }
    await node.post(`/failures/${id}/retry`)
    const grounds: string[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      const desk = await openConsole(t, browser, node, { colorScheme })
      for (const [hash, ready] of [[`#message/${id}`, '#time-line li'], ['#failures', '#failures tr'], ['#senders', '#senders dl'], ['#find', '#what']] as const) {
        await desk.page.goto(`${node.origin}/console/${hash}`)
        await desk.page.waitForSelector(ready)
        if (hash.startsWith('#message')) await desk.shoot(colorScheme === 'dark' ? 'console-message-dark' : 'console-message', 720)
        t.same(await desk.page.evaluate(faintTexts), [], `${colorScheme} ${hash}`)
      }
      grounds.push(await desk.page.evaluate('getComputedStyle(document.body).backgroundColor'))
    }
    t.not(grounds[0], grounds[1])
  })

  await t.test('in a narrow window nothing has to be scrolled sideways, and each act is in sight', async t => {
    const node = await ground.start(t, free)
    const { id } = (await send(node, UNDELIVERABLE, 'Your parcel is here', { metadata: { orderId: 'N-1' } })).body as { id: string }
    const desk = await openConsole(t, browser, node)
    await desk.page.setViewportSize({ width: 380, height: 700 })
    for (const [hash, ready] of [[`#message/${id}`, '#time-line li'], ['#failures', '#failures tbody tr'], ['#senders', '#senders dl']] as const) {
      await desk.page.goto(`${node.origin}/console/${hash}`)
      await desk.page.waitForSelector(ready)
      const over = await desk.page.evaluate('[...document.querySelectorAll("main *, header *")].filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))')
      t.same(over, [], hash)
    }
    await desk.page.goto(`${node.origin}/console/#failures`)
    await desk.reads('#failures [role=cell] button', /Retry\s+Acknowledge/)
    t.match(await desk.page.evaluate('[...document.querySelectorAll("#failures [role=cell]")].map(cell => cell.dataset.head)'), ['State', 'To', 'About', 'Why', 'When', 'Actions'])
  })

  await t.test('without API keys the page asks for none', async t => {
    const node = await ground.start(t, { ...free, API_KEYS: '', WHATSAPP_ACCESS_TOKEN: '', HOST: '127.0.0.1' })
    t.equal((await request(`${node.origin}/api/v1/caller`)).status, 200)
    const desk = await openConsole(t, browser, node, { key: null })
    await desk.page.waitForSelector('#what:focus')
    await desk.reads('header', /anonymous \(may act\)/)
    await desk.reads('#sandbox', /Sandbox: nothing is really sent/)
    await desk.press('Tab', '3')
    await desk.tabTo(`#pause-${SENDER}`)
    await desk.press('Enter')
    await desk.page.waitForSelector('#how-long:focus')
    await desk.tabTo('#confirm-go')
    await desk.press('Enter')
    await until('paused', async () => (await request(`${node.origin}/api/v1/senders`)).body['senders'][0].state === 'paused')
    t.notOk(await desk.page.locator('#sign-out').count())
  })

  await t.test('in all of this no script failed, nothing was against the policy, and nobody else was asked', async t => {
    t.same(wrong, [])
  })
}

/** Runs in the page: texts whose contrast with what is behind them is below 4.5. */
function faintTexts (): string[] {
  const { document, getComputedStyle, NodeFilter } = globalThis as any
  const light = (colour: string): number => {
    const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number).map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
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
