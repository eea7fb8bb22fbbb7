import t from 'tap'
import { failureOf, startSandbox } from './support.js'

await t.test('a test number selects any of Meta\'s codes, with its published status', async t => {
  const { send } = await startSandbox(t)
  for (const [to, code, status] of [
    ['15560131026', 131026, 400], ['15560131056', 131056, 400], ['15560000190', 190, 401], ['15560131031', 131031, 403],
    ['15560131042', 131042, 400], ['15560132001', 132001, 404], ['15560133004', 133004, 503],
    ['15560000000', 0, 401], ['15560000203', 203, 403], ['15560999999', 999999, 400], ['155601310260042', 131026, 400]
  ] as const) {
    t.match(await send(to), { status, body: { error: { code } } }, to)
    t.match(await send(to), { status, body: { error: { code } } }, `${to} again`)
  }
})

await t.test('a test number can reject a message N times and then accept it', async t => {
  const { send } = await startSandbox(t)
  const statuses: number[] = []
  for (let attempt = 1; attempt <= 4; attempt++) {
    statuses.push((await send('155631310160001', 'hi', { biz_opaque_callback_data: `m:${attempt}` })).status)
  }
  t.same(statuses, [500, 500, 500, 200], 'independent of the opaque data')
  t.equal((await send('155631310160001', 'another text')).status, 500, 'counted per message')
  t.equal((await send('155631310160002', 'hi')).status, 500, 'and per recipient')
  t.equal((await send('155631310160001', 'hi')).status, 500, 'the count restarts after acceptance')
})

await t.test('5xx is JSON or a proxy\'s HTML page', async t => {
  const { send, seen, url } = await startSandbox(t)
  t.match(await send('15555030010'), { status: 503, body: { error: { code: 2, is_transient: true } } })
  t.equal((await send('15555000011')).status, 500)
  t.equal((await send('15555000011')).status, 200, 'the last digit is the count')
  const html = await fetch(`${url}/111/messages`, {
    method: 'POST',
    headers: { authorization: 'Bearer token' },
    body: JSON.stringify({ messaging_product: 'whatsapp', to: '15556020010', text: { body: 'hi' } })
  })
  t.equal(html.status, 502)
  t.equal(html.headers.get('content-type'), 'text/html')
  t.match(await html.text(), /<h1>/)
  t.match(await seen('?recipient=15556020010'), [{ outcome: 'rejected', code: null, httpStatus: 502, fault: 'html' }])
})

await t.test('a slow number accepts the message at once and responds late', async t => {
  const { send, seen } = await startSandbox(t)
  const startedAt = performance.now()
  const pending = send('15557010010')
  let hasEnded = false
  failureOf(send('15557200010').finally(() => { hasEnded = true })).catch(t.threw)
  while ((await seen('?recipient=15557200010')).length === 0);
  t.match(await seen('?recipient=15557200010'), [{ outcome: 'accepted', fault: 'slow' }])
  t.equal(hasEnded, false, 'its response takes twenty seconds')
  t.equal((await pending).status, 200)
  t.ok(performance.now() - startedAt >= 990)
})

await t.test('connections are reset with and without accepting the message', async t => {
  const { send, seen } = await startSandbox(t)
  for (const [to, outcome, fault] of [
    ['15558100010', 'reset', 'reset-before'], ['15558200010', 'reset', 'reset-after'],
    ['15558300010', 'accepted', 'accept-reset']
  ] as const) {
    t.match(await failureOf(send(to)), /ECONNRESET|UND_ERR_SOCKET/, to)
    const [record] = await seen(`?recipient=${to}`)
    t.match(record, { outcome, fault, httpStatus: null, code: null })
    t.equal(typeof record?.wamid, outcome === 'accepted' ? 'string' : 'object')
  }
  t.match(await failureOf(send('15558300011')), /ECONNRESET|UND_ERR_SOCKET/)
  t.equal((await send('15558300011')).status, 200)
})

await t.test('a message may get no response, accepted or not, and the sandbox still closes at once', async t => {
  const { createSandbox } = await import('../../src/sandbox/sandbox.js')
  const sandbox = await createSandbox({ latencyMs: 0 })
  const send = (to: string): Promise<Response> => fetch(`${sandbox.url}/111/messages`, {
    method: 'POST',
    headers: { authorization: 'Bearer token' },
    body: JSON.stringify({ messaging_product: 'whatsapp', to, text: { body: 'hi' } })
  })
  const failures = ['15558400010', '15558500010', '15557200010'].map(to => failureOf(send(to)))
  const records = async (): Promise<Array<{ recipient: string, outcome: string }>> => {
    const response = await fetch(`http://127.0.0.1:${sandbox.port}/_sandbox/messages`)
    return (await response.json() as { messages: Array<{ recipient: string, outcome: string }> }).messages
  }
  while ((await records()).length < 3);
  const outcomes = Object.fromEntries((await records()).map(({ recipient, outcome }) => [recipient, outcome]))
  t.same(outcomes, { 15558400010: 'accepted', 15558500010: 'hung', 15557200010: 'accepted' })
  const startedAt = performance.now()
  await sandbox.close()
  // The slow one would get its response after 20 s, the others none.
  t.ok(performance.now() - startedAt < 10_000)
  for (const failure of await Promise.all(failures)) t.match(failure, /ECONNRESET|UND_ERR_SOCKET/)
})
