/** Notifications that no parser expects, as bytes to a node: what can be read is processed. */
import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { createTestEnvironment } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { mutate, mutations } from '../support/mutate.js'
import { request, type Reply } from '../support/request.js'
import { seedOf } from '../support/seed.js'
import { until } from '../support/until.js'

const seed = seedOf('webhook mutations of a node')
const environment = await createTestEnvironment(t)
const SECRET = 'app-secret-of-the-test'
const withWebhooks = { WHATSAPP_APP_SECRET: SECRET, WHATSAPP_VERIFY_TOKEN: 'verify-me' }

/** Posts a webhook and, as Meta does, repeats it until it is accepted, so that a slow machine does not matter. */
async function post (node: Node, body: string | Buffer): Promise<Reply> {
  const signature = createHmac('sha256', SECRET).update(body).digest('hex')
  return await until('the webhook is accepted', async () => {
    const headers = { 'x-hub-signature-256': `sha256=${signature}`, 'content-type': 'application/json' }
    const reply = await request(`${node.origin}/webhooks/whatsapp`, { method: 'POST', body, headers })
    return reply.status === 200 && reply
  })
}

await t.test('a webhook with one mutation leaves the other changes processed', async t => {
  const node = await environment.start(t, withWebhooks)
  const redis = environment.redis.connect()
  const nameOf = (wamid: string): string => `${createHash('sha256').update(wamid).digest('base64url').slice(0, 22)}:sent`
  const cases = fc.sample(mutations, { numRuns: Number(process.env['FUZZ_RUNS'] ?? 150), seed })
  for (const [i, mutation] of cases.entries()) {
    const changes = [0, 1, 2].map(part => ({
      field: 'messages',
      value: {
        metadata: { phone_number_id: SENDER },
        ...(part === 1 ? { messages: [{ id: `wamid.IN${i}`, from: '15550001' }] } : {}),
        statuses: [0, 1].map(one => ({ id: `wamid.${i}.${part}.${one}`, status: 'sent', timestamp: '1750030073' }))
      }
    }))
    const { value } = mutate({ entry: [{ id: '1', changes }] }, mutation, ['entry', 0, 'changes', 1])
    t.equal((await post(node, JSON.stringify(value))).status, 200)
    const others = [0, 2].flatMap(part => [0, 1].map(one => nameOf(`wamid.${i}.${part}.${one}`)))
    const kept = await redis.hmget(`{${node.prefix}:${SENDER}}:parked-bodies`, ...others)
    if (kept.includes(null)) t.fail(`seed ${seed}, case ${i}: ${JSON.stringify(mutation)}`)
  }
  t.strictSame(node.seen('unexpected-error'), [])
})

await t.test('bytes that are not UTF-8, members given twice and ids that are long numbers leave the other statuses processed', async t => {
  const node = await environment.start(t, withWebhooks)
  const redis = environment.redis.connect()
  const bad = [
    '{"id":"wamid.\xff\xfe","status":"sent","timestamp":"1"}', '{"id":122097329108006499,"status":"sent","timestamp":"1"}',
    '{"id":"wamid.FIRST","status":"sent","id":"wamid.LAST","timestamp":1e400}', '{"id":"wamid.H","status":"failed","errors":[{"code":1e30}]}',
    '{"id":"wamid.I","status":"sent","recipient_id":"\xe9","timestamp":122097329108006499}', '{"id":"wamid.\\ud83d","status":"sent"}'
  ]
  const good = (part: number): string => `{"id":"wamid.good${part}","status":"sent","timestamp":"1750030073"}`
  const statuses = bad.flatMap((status, part) => [good(part), status])
  const change = (sender: string, texts: string[]): string =>
    `{"field":"messages","value":{"metadata":{"phone_number_id":${sender}},"statuses":[${texts.join(',')}]}}`
  const changes = [change(`"${SENDER}"`, statuses), change('122097329108006499', ['{"id":"wamid.other","status":"sent"}']), change(SENDER, [good(9)])]
  const body = Buffer.from(`{"entry":[{"id":122097329108006499,"changes":[${changes.join(',')}]}]}`, 'latin1')
  const reply = await post(node, body)
  t.match(reply.body, { statuses: 10 }, 'seven good ones, and three of the bad ones that name a message')
  const parked = await redis.hvals(`{${node.prefix}:${SENDER}}:parked-bodies`)
  const names = parked.map(text => /wamid\.\w+/.exec(text)?.[0] ?? text).sort()
  t.strictSame(names, [...[0, 1, 2, 3, 4, 5, 9].map(part => `wamid.good${part}`), 'wamid.H', 'wamid.I', 'wamid.LAST'].sort())
  t.strictSame(node.seen('unexpected-error'), [])
})
