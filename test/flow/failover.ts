/** Shared by the flow tests on Sentinel and on a cluster: a sequence of all caller operations, and a load during which a master dies. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Test } from 'tap'
import type { Seen } from '../sandbox/support.js'
import { startNode, type Node } from '../support/gateway.js'
import { createPrefix, type TestRedis } from '../support/redis.js'
import { each, pass, until } from '../support/until.js'
import { startSandboxProcess } from '../support/process.js'
import { request } from '../support/request.js'
import { observe } from './observer.js'

export const INTERVAL_MS = 300
/** Two sends of a pair may start this much closer than the rule says. */
const TOLERANCE_MS = 50
/** How long a dying master accepts writes that its replicas do not receive. */
const UNREPLICATED_MS = 300
/** Every message must be accepted within this time. */
const LOAD_MS = 30_000
/** Without a wait for replicas, messages accepted this close to the crash may be lost; a busy caller reads the response late. */
const AROUND_MS = 1500
/** The minimum number of messages of a sender that are accepted in that time. */
const MIN_UNREPLICATED = 4

/** A sandbox in a process of its own, so that its clock is independent. It enforces no limits and only observes. */
export interface Observer { url: string, arrivals: () => Promise<Seen[]>, forget: () => Promise<void> }

export async function startObserver (t: Pick<Test, 'teardown'>): Promise<Observer> {
  const { found } = await startSandboxProcess(t)
  const control = `${new URL(found).origin}/_sandbox`
  await request(`${control}/settings`, { method: 'PUT', body: JSON.stringify({ latencyMs: 5, enforcePair: false, throughputPerSecond: null }) })
  return {
    url: found,
    arrivals: async () => (await request(`${control}/messages`)).body['messages'] as Seen[],
    forget: async () => { await request(`${control}/messages`, { method: 'DELETE' }) }
  }
}

/** Long timeouts, for tests without a crash: on a busy machine a late response does not change the outcome. */
export const longTimeouts = { WHATSAPP_RATE_LIMIT_MS: '2500', START_WITHIN_MS: '5000', SEND_TIMEOUT_MS: '10000', LEASE_MS: '30000' }

export interface RunningGateway { nodes: Node[], senders: string[], prefix: string, sandbox: Observer }

/** `count` nodes that share their senders. */
export async function startNodes (
  t: Test,
  on: { url: string; sandbox: Observer; senders: string[]; count: number; env?: Record<string, string> }
): Promise<RunningGateway> {
  const prefix = createPrefix()
  const file = `${t.testdir({ 'senders.json': JSON.stringify(on.senders.map(id => ({ id, accessToken: `token-${id}` }))) })}/senders.json`
  const env = {
    WHATSAPP_SENDERS_FILE: file,
    WHATSAPP_ACCESS_TOKEN: '',
    WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS),
    WHATSAPP_RETRY_SCHEDULE_MS: '500,500,500,500,500',
    WHATSAPP_RETRY_INTERVAL_MS: '500',
    SEND_TIMEOUT_MS: '500',
    LEASE_MS: '6000',
    ...on.env
  }
  await on.sandbox.forget()
  const nodes = await Promise.all(
    Array.from({ length: on.count }, async () => await startNode(t, { redisUrl: on.url, apiUrl: on.sandbox.url, prefix, env }))
  )
  return { nodes, senders: on.senders, prefix, sandbox: on.sandbox }
}

/** Send, wait, duplicate, cancel, fail and retry, look up, count: for every sender, alternating between both nodes. */
export async function exerciseApi (t: Test, { nodes, senders, sandbox }: RunningGateway): Promise<void> {
  const [one, two = one] = nodes as [Node, Node?]
  await each(senders, senders.length, async sender => {
    const ann = '+15550000001'
    t.match((await one.send(ann, 'at once', { sender, idempotencyKey: 'a' })).body, { status: 'sent', immediate: true }, `${sender}: sent at once`)
    t.match(
      (await two.send(ann, 'queued', { sender, idempotencyKey: 'b' })).body,
      { status: 'queued', waitingFor: 'pair-rate' },
      'the next message waits, also on the other node'
    )
    const third = await one.send(ann, 'never', { sender, idempotencyKey: 'c', scheduledFor: new Date(Date.now() + 3_600_000).toISOString() })
    t.match(third.body, { status: 'scheduled' })
    t.match((await two.send(ann, 'at once', { sender, idempotencyKey: 'a' })).body, { duplicate: true, status: 'sent' }, 'a repeat is a duplicate')
    t.match((await two.del(`/messages/${third.body['id']}`)).body, { status: 'cancelled' })
    const failing = await one.send('+15562131000', 'refused twice', { sender })
    t.match(failing.body, { status: 'retrying' })
    await until('the retry worker has sent it', async () => (await two.get(`/messages/${failing.body['id']}`)).body['status'] === 'sent', 30_000)
    await until('the queued message is sent', async () => (await two.get('/messages/b?sender=' + sender)).status === 200 &&
      (await sandbox.arrivals()).filter(seen => seen.sender === sender && seen.recipient === ann).length === 2)
    const { body: found } = await one.get(`/messages?sender=${sender}&recipient=${encodeURIComponent(ann)}`)
    t.match(found, { messages: { length: 3 } }, 'all three are found')
    t.match((await two.post(`/senders/${sender}/pause`, {})).status, 200)
    t.match((await one.send('+15550000002', 'paused', { sender })).body, { status: 'queued', waitingFor: 'pause' })
    t.match((await one.post(`/senders/${sender}/resume`, {})).status, 200)
  })
  const stats = await until('all messages are settled', async () => {
    const { body } = await one.get('/stats')
    return body['unavailable'] === undefined && body['senders'].every((sender: { unsettled: number }) => sender.unsettled === 0) && body
  })
  t.match(stats, { deliveryFailures: { pending: 0, resolved: senders.length, failed: 0 } })
  t.match((await two.get('/queues/stats')).body, { waiting: 0, active: 0, completed: 4 * senders.length })
  t.match((await one.get('/workers/retry')).body, { isRunning: true })
}

export interface Loss { lost: string[], doubled: string[], unreplicated: number, leastSpacing: number, outOfOrder: string[] }

/**
 * Posts `each` messages to each of two recipients of each sender, a pair's in order, alternating between both nodes. Each is repeated with its
 * key until it is accepted. `crash` runs after a third; it may wait until more messages of the first sender are accepted. Returns, once all are
 * settled, the lost and duplicated messages that asynchronous replication does not explain, and in `unreplicated` the total number of both.
 */
export async function loadThrough (
  t: Test,
  gateway: RunningGateway,
  each: number,
  crash: (accepted: () => Promise<unknown>) => Promise<void>,
  options: { waitsForReplicas: boolean }
): Promise<Loss> {
  const { nodes, senders, sandbox } = gateway
  const leastSpacing = watchSpacing(t, sandbox)
  const pairs = senders.flatMap(sender => ['1', '2'].map(end => ({ sender, to: `+1555000001${end}` })))
  const wanted = pairs.length * each
  const acceptedAt = new Map<string, number>()
  const faults = new Set<string>()
  const startedAt = performance.now()
  let crashed: Promise<void> | null = null
  let crashedAt = Infinity
  let deadAt = Infinity
  let rejectedUntil = 0

  async function someMore (): Promise<void> {
    const count = (): number => [...acceptedAt.keys()].filter(text => text.startsWith(`${senders[0]}+`)).length
    const before = count()
    await pass(UNREPLICATED_MS)
    await until('more messages are accepted', () => count() >= before + MIN_UNREPLICATED)
  }

  async function post ({ sender, to }: { sender: string, to: string }): Promise<void> {
    for (let number = 1; number <= each; number++) {
      const text = `${sender}${to}/${number}`
      for (let tries = 0; ; tries++) {
        const node = nodes[(number + tries) % nodes.length] as Node
        const { status, body } = await node.send(to, text, { sender, idempotencyKey: text })
        if (status === 200 || status === 202) break
        if (status !== 503) faults.add(`${status}`)
        if (performance.now() > startedAt + LOAD_MS) throw new Error(`still rejected: ${JSON.stringify(body)}`)
        rejectedUntil = performance.now()
        await pass(50)
      }
      acceptedAt.set(text, performance.now())
      if (crashed === null && acceptedAt.size > wanted / 3) {
        crashedAt = performance.now()
        crashed = crash(someMore)
        crashed.then(() => { deadAt = performance.now() }, () => undefined)
      }
      await pass(100)
    }
  }
  await Promise.all(pairs.map(post))
  await crashed
  await until('all messages are settled', async () => {
    const { status, body } = await (nodes[0] as Node).get('/stats')
    // Those on a server that is down are left out.
    return status === 200 && body['unavailable'] === undefined && body['senders'].every((sender: { unsettled: number }) => sender.unsettled === 0)
  }, 30_000)

  const arrivals = await sandbox.arrivals()
  const seen = observe(arrivals)
  const arrived = new Map(arrivals.map(arrival => [arrival.body?.text?.body ?? '', arrival.headersAt - performance.timeOrigin]))
  const unexplained = (at: number | undefined): boolean =>
    options.waitsForReplicas || at === undefined || at < crashedAt - TOLERANCE_MS || at > deadAt + AROUND_MS
  // A node that was too busy to read the response in time cannot know the outcome of its request, and sends again.
  const unknownIds = new Set(
    nodes
      .flatMap(node => node.seen('attempt.settled'))
      .flatMap(({ outcome, code, id }) => (outcome === 'unknown' && code !== 'LEASE_EXPIRED' ? [id] : []))
  )
  const unknownTexts = new Set(
    arrivals.flatMap(({ sender, opaque, body }) =>
      unknownIds.has(`${sender}.${opaque?.split('.').slice(0, -1).join('.') ?? ''}`) ? [body?.text?.body ?? ''] : []
    )
  )
  const missing = [...acceptedAt].filter(([text]) => !arrived.has(text))
  t.same([...faults], [], 'a message that is not accepted gets 503')
  t.comment(
    `${wanted} messages: ${missing.length} lost, ${seen.doubled.length} duplicated, least spacing ${Math.round(leastSpacing())} ms, ` +
      `rejected for ${Math.round(rejectedUntil - crashedAt)} ms`
  )
  const firstArrival = (text: string): number | undefined =>
    arrivals.map(arrival => (arrival.body?.text?.body === text ? arrival.headersAt - performance.timeOrigin : null)).find(at => at !== null) ??
    undefined
  return {
    unreplicated: missing.length + seen.doubled.length,
    lost: missing.filter(([, at]) => unexplained(at)).map(([text]) => text),
    doubled: seen.doubled.filter(text => unexplained(firstArrival(text)) && !unknownTexts.has(text)),
    leastSpacing: leastSpacing(),
    outOfOrder: seen.outOfOrder
  }
}

/**
 * The least time between two sends to one pair since the call, in ms. undici publishes each request when it writes it, so the clock of another
 * process, which is read late on a busy machine, is not involved.
 */
export function watchSpacing (t: Pick<Test, 'teardown'>, observer: Observer): () => number {
  const { origin } = new URL(observer.url)
  const last = new Map<string, number>()
  let least = Infinity
  const onRequest = (message: unknown): void => {
    const { request } = message as { request: { origin: string, method: string, body: unknown } }
    if (String(request.origin) !== origin || request.method !== 'POST') return
    const { text } = JSON.parse(String(request.body)) as { text: { body: string } }
    const [pair = ''] = text.body.split('/')
    const now = performance.now()
    least = Math.min(least, now - (last.get(pair) ?? -Infinity))
    last.set(pair, now)
  }
  subscribe('undici:client:sendHeaders', onRequest)
  t.teardown(() => unsubscribe('undici:client:sendHeaders', onRequest))
  return () => least
}

/** Kills a master before its last writes, those during `meanwhile`, are replicated: the replicas are frozen and their connections cut. */
export async function killBeforeReplication (
  master: TestRedis,
  replicas: TestRedis[],
  meanwhile: () => Promise<unknown> = async () => await pass(UNREPLICATED_MS)
): Promise<void> {
  for (const { pid } of replicas) process.kill(pid, 'SIGSTOP')
  await master.connect().client('KILL', 'TYPE', 'REPLICA')
  await meanwhile()
  await master.kill()
  for (const { pid } of replicas) process.kill(pid, 'SIGCONT')
}

/** Checks what must hold for a load in spite of a crash. */
export function judge (t: Test, found: Loss): void {
  t.same(found.lost, [], 'nothing acknowledged is lost')
  t.same(found.doubled, [], 'nothing was sent twice')
  t.ok(found.leastSpacing >= INTERVAL_MS - TOLERANCE_MS, `least spacing of a pair: ${found.leastSpacing} ms`)
}
