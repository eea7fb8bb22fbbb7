/** What the flow tests on Sentinel and on a cluster share: a round through all that callers do, and a load during which a master dies. */
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
/** For so long a dying master is made to take what its replicas don't hear of. */
const DEAF_MS = 300
/** By then every message is accepted. */
const LOAD_MS = 30_000
/** What was accepted around that time may be lost where nobody waits for replicas, and a busy caller reads late that it was. */
const AROUND_MS = 1500
/** So many more messages of a sender are accepted in it at least. */
const UNHEARD = 4

/** WhatsApp's stand-in, in a process of its own so that its clock is not ours. It takes whatever comes: it observes. */
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

/** A house in which everybody has time: where nobody dies, a request that is answered late has been sent all the same. */
export const unhurried = { WHATSAPP_RATE_LIMIT_MS: '2500', START_WITHIN_MS: '5000', SEND_TIMEOUT_MS: '10000', LEASE_MS: '30000' }

export interface House { nodes: Node[], senders: string[], prefix: string, sandbox: Observer }

/** `count` nodes that share their senders. */
export async function startHouse (t: Test, on: { url: string, sandbox: Observer, senders: string[], count: number, env?: Record<string, string> }): Promise<House> {
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
  const nodes = await Promise.all(Array.from({ length: on.count }, async () => await startNode(t, { redisUrl: on.url, apiUrl: on.sandbox.url, prefix, env })))
  return { nodes, senders: on.senders, prefix, sandbox: on.sandbox }
}

/** Send, wait, duplicate, cancel, fail and retry, look up, count: on every sender, over both nodes by turns. */
export async function goRound (t: Test, { nodes, senders, sandbox }: House): Promise<void> {
  const [one, two = one] = nodes as [Node, Node?]
  await each(senders, senders.length, async sender => {
    const ann = '+15550000001'
    t.match((await one.send(ann, 'at once', { sender, idempotencyKey: 'a' })).body, { status: 'sent', immediate: true }, `${sender}: sent at once`)
    t.match((await two.send(ann, 'behind it', { sender, idempotencyKey: 'b' })).body, { status: 'queued', waitingFor: 'pair-rate' }, 'the next one waits, on the other node too')
    const third = await one.send(ann, 'never', { sender, idempotencyKey: 'c', scheduledFor: new Date(Date.now() + 3_600_000).toISOString() })
    t.match(third.body, { status: 'scheduled' })
    t.match((await two.send(ann, 'at once', { sender, idempotencyKey: 'a' })).body, { duplicate: true, status: 'sent' }, 'a repeat is a duplicate')
    t.match((await two.del(`/messages/${third.body['id']}`)).body, { status: 'cancelled' })
    const failing = await one.send('+15562131000', 'twice refused', { sender })
    t.match(failing.body, { status: 'retrying' })
    await until('the retry worker has sent it', async () => (await two.get(`/messages/${failing.body['id']}`)).body['status'] === 'sent', 30_000)
    await until('what waited is sent', async () => (await two.get('/messages/b?sender=' + sender)).status === 200 &&
      (await sandbox.arrivals()).filter(seen => seen.sender === sender && seen.recipient === ann).length === 2)
    t.equal((await one.get(`/messages?sender=${sender}&recipient=${encodeURIComponent(ann)}`)).body['messages'].length, 3, 'all three are found')
    t.match((await two.post(`/senders/${sender}/pause`, {})).status, 200)
    t.match((await one.send('+15550000002', 'held', { sender })).body, { status: 'queued', waitingFor: 'pause' })
    t.match((await one.post(`/senders/${sender}/resume`, {})).status, 200)
  })
  const stats = await until('all is settled', async () => {
    const { body } = await one.get('/stats')
    return body['senders'].every((sender: { unsettled: number }) => sender.unsettled === 0) && body
  })
  t.match(stats, { deliveryFailures: { pending: 0, resolved: senders.length, failed: 0 } })
  t.match((await two.get('/queues/stats')).body, { waiting: 0, active: 0, completed: 4 * senders.length })
  t.match((await one.get('/workers/retry')).body, { isRunning: true })
}

export interface Loss { lost: string[], doubled: string[], unreplicated: number, leastSpacing: number, outOfOrder: string[] }

/**
 * Posts `each` messages to each of two recipients of each sender, a pair's in order, by turns to both nodes; each is repeated with its key until
 * it is accepted. `crash` happens after a third of them; it may wait for the first sender's messages that are accepted meanwhile. Returns what came of it, seen at the sandbox, once nothing is left to send: of the lost
 * and the doubled those that asynchronous replication does not explain, and in `unreplicated` how many there were.
 */
export async function loadThrough (t: Test, house: House, each: number, crash: (accepted: () => Promise<unknown>) => Promise<void>, options: { waitsForReplicas: boolean }): Promise<Loss> {
  const { nodes, senders, sandbox } = house
  const leastSpacing = watchSpacing(t, sandbox)
  const pairs = senders.flatMap(sender => ['1', '2'].map(end => ({ sender, to: `+1555000001${end}` })))
  const wanted = pairs.length * each
  const acceptedAt = new Map<string, number>()
  const faults = new Set<string>()
  const startedAt = performance.now()
  let crashed: Promise<void> | null = null
  let crashedAt = Infinity
  let deadAt = Infinity
  let awayUntil = 0

  async function someMore (): Promise<void> {
    const count = (): number => [...acceptedAt.keys()].filter(text => text.startsWith(`${senders[0]}+`)).length
    const before = count()
    await pass(DEAF_MS)
    await until('more is accepted', () => count() >= before + UNHEARD)
  }

  async function post ({ sender, to }: { sender: string, to: string }): Promise<void> {
    for (let number = 1; number <= each; number++) {
      const text = `${sender}${to}/${number}`
      for (let tries = 0; ; tries++) {
        const node = nodes[(number + tries) % nodes.length] as Node
        const { status, body } = await node.send(to, text, { sender, idempotencyKey: text })
        if (status === 200 || status === 202) break
        if (status !== 503) faults.add(`${status}`)
        if (performance.now() > startedAt + LOAD_MS) throw new Error(`still refused: ${JSON.stringify(body)}`)
        awayUntil = performance.now()
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
  await until('nothing is left', async () => {
    const { status, body } = await (nodes[0] as Node).get('/stats')
    return status === 200 && body['senders'].every((sender: { unsettled: number }) => sender.unsettled === 0)
  }, 30_000)

  const arrivals = await sandbox.arrivals()
  const seen = observe(arrivals)
  const arrived = new Map(arrivals.map(arrival => [arrival.body?.text?.body ?? '', arrival.headersAt - performance.timeOrigin]))
  const unexplained = (at: number | undefined): boolean => options.waitsForReplicas || at === undefined || at < crashedAt - TOLERANCE_MS || at > deadAt + AROUND_MS
  // A node that was too busy to hear the answer in time can't know what became of its request, and sends again.
  const unheard = new Set(nodes.flatMap(node => node.seen('attempt.settled')).flatMap(({ outcome, code, id }) => outcome === 'unknown' && code !== 'LEASE_EXPIRED' ? [id] : []))
  const unsure = new Set(arrivals.flatMap(({ sender, opaque, body }) => unheard.has(`${sender}.${opaque?.split('.').slice(0, -1).join('.') ?? ''}`) ? [body?.text?.body ?? ''] : []))
  const notThere = [...acceptedAt].filter(([text]) => !arrived.has(text))
  t.same([...faults], [], 'who is not accepted is told to come again')
  t.comment(`${wanted} messages: ${notThere.length} lost, ${seen.doubled.length} doubled, least spacing ${Math.round(leastSpacing())} ms, refused for ${Math.round(awayUntil - crashedAt)} ms`)
  const firstArrival = (text: string): number | undefined => arrivals.map(arrival => arrival.body?.text?.body === text ? arrival.headersAt - performance.timeOrigin : null).find(at => at !== null) ?? undefined
  return {
    unreplicated: notThere.length + seen.doubled.length,
    lost: notThere.filter(([, at]) => unexplained(at)).map(([text]) => text),
    doubled: seen.doubled.filter(text => unexplained(firstArrival(text)) && !unsure.has(text)),
    leastSpacing: leastSpacing(),
    outOfOrder: seen.outOfOrder
  }
}

/**
 * The least time between two sends to one pair, ms, since the call. undici tells of each request as it writes it, so no clock of another process comes in,
 * which on a busy machine is read late.
 */
export function watchSpacing (t: Pick<Test, 'teardown'>, observer: Observer): () => number {
  const { origin } = new URL(observer.url)
  const last = new Map<string, number>()
  let least = Infinity
  const note = (message: unknown): void => {
    const { request } = message as { request: { origin: string, method: string, body: unknown } }
    if (String(request.origin) !== origin || request.method !== 'POST') return
    const { text } = JSON.parse(String(request.body)) as { text: { body: string } }
    const [pair = ''] = text.body.split('/')
    const now = performance.now()
    least = Math.min(least, now - (last.get(pair) ?? -Infinity))
    last.set(pair, now)
  }
  subscribe('undici:client:sendHeaders', note)
  t.teardown(() => unsubscribe('undici:client:sendHeaders', note))
  return () => least
}

/** The death of a master whose replicas have not heard of its last moments, in which `meanwhile` happens: stopped, and cut off from what was on its way to them. */
export async function killUnheard (master: TestRedis, replicas: TestRedis[], meanwhile: () => Promise<unknown> = async () => await pass(DEAF_MS)): Promise<void> {
  for (const { pid } of replicas) process.kill(pid, 'SIGSTOP')
  await master.connect().client('KILL', 'TYPE', 'REPLICA')
  await meanwhile()
  await master.kill()
  for (const { pid } of replicas) process.kill(pid, 'SIGCONT')
}

/** What has to hold of a load, whatever died in the middle of it. */
export function judge (t: Test, found: Loss): void {
  t.same(found.lost, [], 'nothing acknowledged is lost')
  t.same(found.doubled, [], 'nothing came twice')
  t.ok(found.leastSpacing >= INTERVAL_MS - TOLERANCE_MS, `least spacing of a pair: ${found.leastSpacing} ms`)
}
