import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startSandbox } from './support.js'

await t.test('a text message is accepted with the contact and an id in Meta\'s format', async t => {
  const { send, seen } = await startSandbox(t)
  const { status, body } = await send('+1 (650) 555-1234', 'hi', { biz_opaque_callback_data: 'm1:1' })
  t.equal(status, 200)
  t.same(body.contacts, [{ input: '+1 (650) 555-1234', wa_id: '16505551234' }])
  const wamid = body.messages?.[0]?.id ?? ''
  t.match(wamid, /^wamid\.HBgLMTY1MDU1NTEyMzQVAgARGB[A-Za-z0-9+/]{25}A$/)
  t.match(await seen(), [{
    seq: 1,
    sender: '111',
    recipient: '+1 (650) 555-1234',
    body: { text: { body: 'hi' } },
    outcome: 'accepted',
    code: null,
    httpStatus: 200,
    wamid,
    opaque: 'm1:1',
    fault: null
  }])
})

await t.test('each accepted message has a unique id', async t => {
  const { send } = await startSandbox(t)
  const ids = await Promise.all(Array.from({ length: 20 }, () => send('+15550000001')))
  t.equal(new Set(ids.map(({ body }) => body.messages?.[0]?.id)).size, 20)
})

await t.test('paths with any version or none, and the marketing edge, are accepted', async t => {
  const { post } = await startSandbox(t)
  const text = { messaging_product: 'whatsapp', to: '15550000001', text: { body: 'hi' } }
  const template = { messaging_product: 'whatsapp', to: '15550000001', type: 'template', template: { name: 'n', language: { code: 'en' } } }
  for (const path of ['/v13.0/111/messages', '/v26.0/111/messages', '/111/messages']) {
    t.equal((await post(text, { path })).status, 200, path)
  }
  const marketing = await post(template, { path: '/v25.0/111/marketing_messages' })
  t.equal(marketing.body.messages?.[0]?.message_status, 'accepted')
  t.equal((await post(text, { path: '/v25.0/111/marketing_messages' })).body.error?.code, 131055)
})

await t.test('mark as read and typing have no recipient', async t => {
  const { post, seen } = await startSandbox(t)
  const read = { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.X' }
  t.same(await post(read), { status: 200, body: { success: true } })
  t.same(await post({ ...read, typing_indicator: { type: 'text' } }), { status: 200, body: { success: true } })
  t.equal((await post({ messaging_product: 'whatsapp', status: 'read' })).body.error?.code, 100)
  t.match(await seen(), [{ outcome: 'acknowledged' }, { outcome: 'acknowledged' }, { outcome: 'rejected' }])
})

await t.test('a token is required, and the token "expired" is rejected', async t => {
  const { post } = await startSandbox(t)
  const body = { messaging_product: 'whatsapp', to: '15550000001', text: { body: 'hi' } }
  const missing = await post(body, { headers: {} })
  t.equal(missing.status, 401)
  t.match(missing.body.error, { code: 0, type: 'OAuthException', error_data: { messaging_product: 'whatsapp' } })
  const expired = await post(body, { headers: { authorization: 'Bearer expired' } })
  t.equal(expired.status, 401)
  t.match(expired.body.error, { code: 190, fbtrace_id: /^A[\w-]{22}$/ })
  t.equal((await post(body, { path: '/v25.0/111/messages?access_token=abc', headers: {} })).status, 200)
})

await t.test('an invalid body is rejected with Meta\'s code', async t => {
  const { post } = await startSandbox(t)
  const good = { messaging_product: 'whatsapp', to: '15550000001', type: 'text', text: { body: 'hi' } }
  const hello = (parameters: object[] = []): Record<string, unknown> => ({
    ...good, type: 'template', template: { name: 'hello_world', language: { code: 'en_US' }, components: [{ type: 'body', parameters }] }
  })
  const reply = (count: number, title = 'Yes'): object => ({
    type: 'button',
    body: { text: 'Well?' },
    action: { buttons: Array.from({ length: count }, (_, id) => ({ type: 'reply', reply: { id: `${id}`, title } })) }
  })
  const cases: Array<[string, unknown, number]> = [
    ['invalid JSON', '{', 100],
    ['no messaging_product', { ...good, messaging_product: undefined }, 100],
    ['no recipient', { ...good, to: undefined }, 100],
    ['a recipient that is not a number', { ...good, to: 'Anna' }, 131009],
    ['an invalid user id', { ...good, to: undefined, recipient: '15550000001' }, 131009],
    ['no object for the type', { ...good, type: 'image' }, 131008],
    ['an empty text', { ...good, text: { body: '' } }, 100],
    ['a text of 4,097 characters', { ...good, text: { body: 'x'.repeat(4097) } }, 100],
    ['a text that is a number', { ...good, text: { body: 5 } }, 100],
    ['an unknown type', { ...good, type: 'jpeg' }, 100],
    ['a template without a language', { ...good, type: 'template', template: { name: 'n' } }, 100],
    ['the sample template with a parameter', hello([{ type: 'text', text: 'Anna' }]), 132000],
    ['the sample template in another language', { ...hello(), template: { name: 'hello_world', language: { code: 'pt_BR' } } }, 132001],
    ['a parameter with a line break', hello([{ type: 'text', text: 'a\nb' }]), 100],
    ['an image by id and by link', { ...good, type: 'image', image: { id: '1', link: 'https://test/1.png' } }, 131009],
    ['an image by neither', { ...good, type: 'image', image: { caption: 'x' } }, 131008],
    ['a link that is none', { ...good, type: 'image', image: { link: 'file:///1.png' } }, 100],
    ['four buttons', { ...good, type: 'interactive', interactive: reply(4) }, 131009],
    ['a button of 21 characters', { ...good, type: 'interactive', interactive: reply(1, 'x'.repeat(21)) }, 131009],
    ['opaque data of 513 characters', { ...good, biz_opaque_callback_data: 'x'.repeat(513) }, 100]
  ]
  for (const [name, body, code] of cases) {
    const response = await post(body)
    t.equal(response.status, code === 132001 ? 404 : 400, name)
    t.equal(response.body.error?.code, code, name)
  }
  t.equal((await post({ ...good, text: { body: '😀'.repeat(4096) } })).status, 200, 'characters are counted, not UTF-16 units')
  t.match((await post({ ...good, text: { body: 'x'.repeat(4097) } })).body.error, {
    message: '(#100) Param text[\'body\'] must be at most 4096 characters long.'
  }, 'with Meta\'s sentence')
})

await t.test('an unknown path or method gets an error in Meta\'s format', async t => {
  const { post, url } = await startSandbox(t)
  t.match(await post({}, { path: '/v25.0/111/photos' }), { status: 400, body: { error: { code: 2500 } } })
  const get = await fetch(`${url}/111/messages`)
  t.equal(get.status, 400)
  t.match(await get.json(), { error: { code: 100 } })
  t.match(await post('x'.repeat(1_100_000)), { status: 413, body: { error: { code: 100 } } })
})

await t.test('a user id belongs in "recipient"; in "to" it gets 200 and is dropped', async t => {
  const { post, seen } = await startSandbox(t)
  const text = { messaging_product: 'whatsapp', type: 'text', text: { body: 'hi' } }
  const right = await post({ ...text, recipient: 'US.13491208655302741918' })
  t.same(right.body.contacts, [{ input: 'US.13491208655302741918', user_id: 'US.13491208655302741918' }])
  const wrong = await post({ ...text, to: 'US.13491208655302741918' })
  t.equal(wrong.status, 200)
  t.match(wrong.body.messages?.[0]?.id, /^wamid\./)
  t.match(await seen(), [{ outcome: 'accepted' }, { outcome: 'dropped' }])
})

await t.test('the response for a group has its id', async t => {
  const { send } = await startSandbox(t)
  const { body } = await send('Y2FwaV9ncm91cDox', 'hi', { recipient_type: 'group' })
  t.equal(body.messages?.[0]?.group_id, 'Y2FwaV9ncm91cDox')
})

await t.test('in Brazil, Mexico and Argentina the id of a user differs from the dialled number', async t => {
  const { send } = await startSandbox(t)
  for (const [to, waId] of [
    ['+5531987654321', '553187654321'], ['+5511987654321', '5511987654321'],
    ['+525512345678', '5215512345678'], ['+541123456789', '5491123456789']
  ] as const) {
    t.equal((await send(to)).body.contacts?.[0]?.wa_id, waId, to)
  }
})

await t.test('a late chunked body is read, and headersAt and receivedAt differ', async t => {
  const { url, seen } = await startSandbox(t)
  const startedAt = performance.now()
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const message = request(`${url}/111/messages`, { method: 'POST', headers: { authorization: 'Bearer token', expect: '100-continue' } })
    message.once('response', response => {
      response.resume()
      resolve(response.statusCode)
    })
    message.once('error', reject)
    // The server has read the headers.
    message.once('continue', () => {
      message.write('{"messaging_product":"whatsapp",')
      sleep(150).then(() => message.end('"to":"15550000001","text":{"body":"hi"}}')).catch(reject)
    })
    message.flushHeaders()
  })
  const tookMs = performance.now() - startedAt
  t.equal(status, 200)
  const [record] = await seen()
  const gapMs = (record?.receivedAt ?? 0) - (record?.headersAt ?? 0)
  t.ok(gapMs >= 100 && gapMs <= tookMs + 1, `${gapMs} ms`)
  t.ok(Math.abs((record?.headersAt ?? 0) - Date.now()) < 60_000, 'in Unix time')
})
