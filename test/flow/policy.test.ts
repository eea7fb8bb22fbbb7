/** The policy for each code: every code of Meta through a whole gateway, returned by the sandbox's test numbers. */
import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { expected, names } from '../provider/expected-codes.js'
import { createTestEnvironment, longStartWindow as ample } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import type { Reply } from '../support/request.js'
import { each, until } from '../support/until.js'

const environment = await createTestEnvironment(t, ample)
const { arrivals, sandbox } = environment

/** No automatic retry happens within a test, and a pair is free again soon. */
const noRetries = { WHATSAPP_RATE_LIMIT_MS: '60', WHATSAPP_RETRY_INTERVAL_MS: '600000' }
/** Long enough for late starts and late responses on a busy machine. */
const longTimeouts = { ...noRetries, LEASE_MS: '60000', INLINE_WAIT_MS: '20000' }
const OTHER = '+15550002001'

/** A node with a sender for each name, so that a code affects only its own sender. */
async function startFor (t: Test, senders: string[]): Promise<Node> {
  const dir = t.testdir({ 'senders.json': JSON.stringify(senders.map(id => ({ id, accessToken: 'token' }))) })
  return await environment.start(t, { ...longTimeouts, WHATSAPP_SENDERS_FILE: `${dir}/senders.json`, WHATSAPP_ACCESS_TOKEN: '' })
}

const senderOf = (code: number | string): string => `c${code}`

/** Repeats a call until the node does not reject it with 503. */
async function ask (call: () => Promise<Reply>): Promise<Reply> {
  return await until('the node accepts the request', async () => {
    const reply = await call()
    return reply.status !== 503 && reply
  }, 20_000)
}

/** Whether `delayMs` is the planned wait, minus at most the time since `askedAt`. */
function isWait (delayMs: number, planMs: number, askedAt: number): boolean {
  return delayMs <= planMs && delayMs >= planMs - (performance.now() - askedAt) - 10
}

await t.test('every code of Meta is final or retried, uses an attempt or not, and cools down or stops what the policy says', async t => {
  const node = await startFor(t, expected.map(([code]) => senderOf(code)))
  const asked = new Map<string, number>()
  await each(expected, 5, async ([code, , outcome, waitMs = 0]) => {
    const askedAt = performance.now()
    const sender = senderOf(code)
    asked.set(sender, askedAt)
    const first = await ask(async () => await node.send(`+15560${String(code).padStart(6, '0')}`, 'Hello', { sender }))
    const isOver = performance.now() - askedAt > waitMs
    const then = await ask(async () => await node.send(OTHER, 'Hello', { sender }))
    const message = (await ask(async () => await node.get(`/messages/${first.body['id']}`))).body
    const label = `${code} (${names[outcome]})`
    // A repeat after a late response returns the state of the message, not the error.
    const isRepeat = first.body['duplicate'] === true
    if (!isRepeat) t.match(first.body['error'], { code: String(code), explanation: String, remedy: String }, label)
    t.equal(message['attemptCount'], outcome === 'R' || outcome === 'X' ? 1 : 0, `${label}: attempts`)
    if (outcome === 'R' || outcome === 'X' || outcome === 'P') t.match(then.body, { status: 'sent' }, `${label}: others are not affected`)
    if (outcome === 'X') t.match([first.status, message], [isRepeat ? 200 : 422, { status: 'failed' }], `${label}: final`)
    if (outcome === 'R') t.match([first.status, message], [isRepeat ? 200 : 202, { status: 'retrying', nextRetryAt: String }], `${label}: retried`)
    if (outcome === 'P') t.ok(isWait(first.body['delayMs'], waitMs, askedAt), `${label}: the pair cools down (${first.body['delayMs']} ms)`)
    if (outcome === 'F' && waitMs > 5000) {
      t.ok(
        then.body['waitingFor'] === 'cool-down' && isWait(then.body['delayMs'], waitMs, askedAt),
        `${label}: the whole sender cools down (${then.body['delayMs']} ms)`
      )
    }
    // A cool-down of a second may be over before the response arrives.
    if (outcome === 'P' || (outcome === 'F' && !isOver)) {
      t.match([first.status, first.body['status'], first.body['waitingFor']], [isRepeat ? 200 : 202, 'queued', 'cool-down'], `${label}: queued again`)
    }
    if (outcome === 'S') {
      t.match(
        [first.body, then.body],
        [
          { status: 'queued', waitingFor: 'sender-stopped', delayMs: null },
          { status: 'queued', waitingFor: 'sender-stopped' }
        ],
        `${label}: its messages wait`
      )
    }
  })
  const [seconds, micros] = await environment.redis.connect().time()
  const states = (await ask(async () => await node.get('/senders'))).body['senders'] as Array<{ id: string, resumesAt: string }>
  for (const [code, , outcome, waitMs = 0] of expected.filter(([, , outcome]) => outcome === 'S')) {
    const state = states.find(({ id }) => id === senderOf(code))
    t.match(state, { state: 'stopped', reason: String(code), queued: 2 }, `${code} (${names[outcome]})`)
    const nextInMs = Date.parse(state?.resumesAt ?? '') - Number(seconds) * 1000 - Number(micros) / 1000
    t.ok(isWait(nextInMs, waitMs, asked.get(senderOf(code)) ?? 0), `${code}: it is probed in ${nextInMs} ms`)
  }
  // If Redis's reply was late, the node cannot know that this attempt stopped the sender; the state in Redis, and so the alert, has it.
  const staleSenders = new Set(node.seen('attempt.stale').map(({ sender }) => sender))
  const stopped = node
    .seen('sender.stopped')
    .map(({ sender, code }) => [sender, code])
    .sort()
  const due = expected
    .filter(([code, , outcome]) => outcome === 'S' && !staleSenders.has(senderOf(code)))
    .map(([code]) => [senderOf(code), String(code)])
  t.strictSame(stopped, due.sort(), 'one event per stop')
})

/** Responses of proxies and load balancers, without a code of Meta. */
const statuses: Array<[status: number, state: 'sent' | 'failed' | 'retrying' | 'queued' | 'unknown', waitingFor?: 'stop' | 'cool-down']> = [
  [302, 'queued', 'stop'],
  [401, 'queued', 'stop'],
  [403, 'queued', 'stop'],
  [404, 'queued', 'stop'],
  [405, 'queued', 'stop'],
  [407, 'queued', 'stop'],
  [400, 'failed'],
  [413, 'failed'],
  [425, 'retrying'],
  [429, 'queued', 'cool-down'],
  [408, 'unknown'],
  [499, 'unknown'],
  [500, 'unknown'],
  [503, 'unknown']
]

await t.test('the policy covers HTTP statuses without a code of Meta', async t => {
  const node = await startFor(t, statuses.map(([status]) => senderOf(status)))
  await each(statuses, 5, async ([status, state, waitingFor]) => {
    const sender = senderOf(status)
    await sandbox.control('POST', 'faults', { recipient: '*', sender, times: 1, kind: 'html', httpStatus: status })
    const { body } = await ask(async () => await node.send(OTHER, 'Hello', { sender }))
    t.match(body['error'], { code: `HTTP_${status}`, explanation: String, remedy: String })
    const message = (await ask(async () => await node.get(`/messages/${body['id']}`))).body
    t.match(message, { status: state, ...(waitingFor === undefined ? {} : { waitingFor }) }, `HTTP ${status}`)
  })
  t.equal(node.seen('sender.stopped').length, 6)
})

await t.test('a pair\'s cool-down grows with consecutive rate limit rejections, and is short again after a success', async t => {
  const node = await environment.start(t, noRetries)
  const to = '+155631310560001'
  const { body: { id, delayMs } } = await node.send(to, 'one')
  t.ok(delayMs > 3000 && delayMs <= 6000, `${delayMs}`)
  for (const [times, leastMs, mostMs] of [[2, 20_000, 24_000], [3, 90_000, 96_000]] as const) {
    await node.del(`/rate-limits/${to}`)
    await arrivals(to, times)
    const message = await until('the message is queued again', async () => {
      const { body } = await node.get(`/messages/${id}`)
      return body['status'] === 'queued' && body['delayMs'] > 1000 && body
    })
    t.ok(message['delayMs'] > leastMs && message['delayMs'] <= mostMs, `${message['delayMs']} ms`)
  }
  await node.del(`/rate-limits/${to}`)
  await until('it is sent', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent')
  const next = await until('another message is rate limited', async () => {
    const { body } = await node.send(to, 'two')
    return body['waitingFor'] === 'cool-down' && body
  })
  t.ok(next['delayMs'] > 3000 && next['delayMs'] <= 6000, `${next['delayMs']} ms`)
})

await t.test('a stopped sender is probed at once with a new token, and resumes automatically', async t => {
  const dir = t.testdir({ token: 'expired' })
  const node = await environment.start(t, { ...noRetries, WHATSAPP_ACCESS_TOKEN: '', WHATSAPP_ACCESS_TOKEN_FILE: `${dir}/token` })
  const waiting = await Promise.all([1, 2, 3].map(async i => (await node.send(`+1555000301${i}`)).body))
  t.match(waiting.map(({ waitingFor }) => waitingFor), ['stop', 'stop', 'stop'])
  writeFileSync(`${dir}/token`, 'good')
  for (const { id } of waiting) await until('it is sent', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent', 20_000)
  t.match([node.seen('sender.stopped'), node.seen('sender.resumed')], [[{ sender: SENDER, code: '190' }], [{ sender: SENDER }]])
})

await t.test('a policy file applies from the start, can be reloaded, and an invalid one changes nothing', async t => {
  const dir = t.testdir({ 'policy.json': '[{"code":"131026","outcome":"retryable","remedy":"Call them."},{"code":"131031","probeMs":1000}]' })
  const node = await environment.start(t, { ...noRetries, POLICY_FILE: `${dir}/policy.json` })
  t.match(await node.send('+155601310260010'), { status: 202, body: { status: 'retrying', error: { remedy: 'Call them.' } } })
  writeFileSync(`${dir}/policy.json`, '[{"code":"131026","outcome":"unsent"}]')
  await node.reload()
  t.match(node.seen('policy.rejected'), [{ error: /entry 1 \("131026"\), outcome: must be one of retryable/ }])
  t.match(await node.send('+155601310260011'), { status: 202, body: { status: 'retrying' } }, 'the previous policy stays in force')
  writeFileSync(`${dir}/policy.json`, '[{"code":"131031","probeMs":1000}]')
  await node.reload()
  t.match(node.seen('policy.reloaded'), [{ codes: ['131031'] }])
  t.match(await node.send('+155601310260012'), { status: 422 }, 'a code without an entry in the file follows the table again')
  const { body } = await node.send('+155611310310013')
  t.match(body, { status: 'queued', waitingFor: 'sender-stopped' })
  await until(
    'the sender is probed after a second, and resumes',
    async () => (await node.get(`/messages/${body['id']}`)).body['status'] === 'sent',
    20_000
  )
})
