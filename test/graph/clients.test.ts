/** Published clients of Meta's API, with the gateway as base URL: they send, wait and fail as with Meta. */
import t from 'tap'
import { createTestEnvironment } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { recordStarts } from '../support/observe.js'
import { until } from '../support/until.js'
import { greatDetail } from './clients/great-detail.js'
import { hints, kapso } from './clients/kapso.js'
import { microfox } from './clients/microfox.js'
import { startOfficial } from './clients/official.js'
import type { Client, Make, Rejected } from './clients/client.js'
import { whatsappApiJs } from './clients/whatsapp-api-js.js'
import { whatsappBusiness } from './clients/whatsapp-business.js'
import { createCertificate, startRecorder } from './recorder.js'

const INTERVAL_MS = 2500
const WRONG_KEY = 'a-wrong-key'

const environment = await createTestEnvironment(t)
const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS), START_WITHIN_MS: '5000', MAX_QUEUE_PER_RECIPIENT: '2' })
const starts = recordStarts(t, environment.sandbox.url)
const certificate = createCertificate(t)
/** `path`: the path it requests with `/gw` in its base URL; `kind`: its name of an error. */
const clients: Array<{ name: string, make: Make | 'official', path: string, kind: RegExp }> = [
  { name: '@great-detail/whatsapp', make: greatDetail, path: `/gw/v23.0/${SENDER}/messages`, kind: /^HTTPError$/ },
  { name: '@kapso/whatsapp-cloud-api', make: kapso, path: `/gw/v24.0/${SENDER}/messages`, kind: /^GraphApiError$/ },
  { name: 'whatsapp-api-js', make: whatsappApiJs, path: `/gw/v24.0/${SENDER}/messages`, kind: /^OAuthException$/ },
  { name: '@microfox/whatsapp-business', make: microfox, path: `/gw/v22.0/${SENDER}/messages`, kind: /^WhatsAppBusinessSDKError$/ },
  { name: 'whatsapp-business', make: whatsappBusiness, path: `/gw/v17.0/${SENDER}/messages`, kind: /^OAuthException$/ },
  { name: 'whatsapp, Meta\'s own', make: 'official', path: `/v16.0/${SENDER}/messages`, kind: /^OAuthException by HTTP 4\d\d$/ }
]

/** An overloaded node rejects requests temporarily, as Meta does. */
const unlessOverloaded = (rejected: Rejected): Rejected | null => rejected.code === 131016 ? null : rejected

t.jobs = clients.length
await Promise.all(clients.map(async ({ name, make, path, kind }, i) => {
  await t.test(name, { buffered: true }, async t => {
    const recorder = await startRecorder(t, node.origin, make === 'official' ? certificate : undefined)
    const create = (key: string): Client =>
      make === 'official' ? startOfficial(t, recorder.port, key, certificate.file) : make(`http://127.0.0.1:${recorder.port}/gw`, key)
    const client = create(keys.app)
    const person = `1555002000${i}`
    const number = `155601310260${10 + i}`

    // The clients do not retry; their users do.
    const send = async (words: string) => await until(`"${words}" is accepted`, async () => await client.send(person, words).catch(error => {
      t.comment(String(error))
      return null
    }), 20_000)

    const first = await send('one')
    t.match(first, { id: /^wamid\./, contact: person }, 'the first message is sent')
    const second = await send('two')
    t.match(second, { id: /^111\.[\w-]{22}\.[0-9a-f]+$/, contact: person }, 'the second is accepted')
    const third = await send('two')
    t.not(third.id, second.id, 'the same text again is another message')
    const full = await until('the queue is full', async () => await client.rejected(`1555002100${i}`).then(unlessOverloaded, () => null), 20_000)
    t.match(full, { code: 131056, message: /\S/, kind }, 'a full queue has the code of the pair rate limit')

    t.match(
      await until('it is rejected', async () => unlessOverloaded(await client.rejected(number))),
      { code: 131026, message: /\S/, kind },
      'a rejection by WhatsApp keeps its code'
    )
    t.match(
      await until('it is rejected', async () => unlessOverloaded(await client.rejected('12'))),
      { code: 131009, message: /\S/, kind },
      'an invalid number has a code'
    )
    t.match(
      await until('it is rejected', async () => unlessOverloaded(await create(WRONG_KEY).rejected(person))),
      { code: 190, message: /\S/, kind },
      'a wrong key has a code'
    )
    t.equal(await client.markRead('wamid.HBgLMTU1NTAwMjAwMDAVAgASGBQ'), true, 'a message is marked as read')

    const arrivals = await environment.arrivals(person, 3, 15_000)
    t.same(arrivals.map(({ body }) => body?.text?.body), ['one', 'two', 'two'])
    const gaps = starts.gaps(person)
    // 50 ms of tolerance: Redis's clock paces, and the test reads its own.
    t.ok(gaps.length === 2 && gaps.every(gap => gap >= INTERVAL_MS - 50), `paced: ${gaps.map(Math.round).join(', ')} ms`)
    await until('the second is settled', async () => (await node.get(`/messages/${second.id}`)).body['status'] === 'sent')

    const asked = recorder.drain()
    t.same([...new Set(asked.map(one => one.path))], [path], 'it requested the same path as with Meta')
    for (const { method, agent, coding } of asked.slice(0, 1)) t.comment(`${name}: ${method} ${path}, ${coding}, ${agent}`)
  })
}))

await t.test('a client that classifies errors classifies ours like Meta\'s', async t => {
  t.same(hints.filter(({ category }) => category !== 'server'), [
    { category: 'throttling', action: 'retry_after' }, { category: 'parameter', action: 'fix_and_retry' },
    { category: 'parameter', action: 'fix_and_retry' }, { category: 'authorization', action: 'refresh_token' }
  ])
})
