/**
 * The peer: what a good engineer builds in an afternoon from the best libraries. Fastify with a TypeBox schema,
 * `SET NX EX` for idempotency, rate-limiter-flexible for the rate limit per recipient, a BullMQ job per message, a BullMQ worker with
 * undici, and `SET KEEPTTL` for the outcome. README.md explains each choice. `equipped` adds what the gateway has enabled: keys,
 * a log line per request, metrics; the other options are for goals/peers.mjs.
 */
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import bearerAuth from '@fastify/bearer-auth'
import { Type } from '@sinclair/typebox'
import { Queue, Worker } from 'bullmq'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import prometheus from 'prom-client'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { Pool } from 'undici'
import { options, serve } from '../kit/child.mjs'

const {
  redisUrl,
  apiUrl,
  equipped = false,
  concurrency = 0,
  intervalMs = 2000,
  autopipelining = false,
  ownConnection = false,
  atOnce = false
} = options
const connect = () => new Redis(redisUrl, { enableAutoPipelining: autopipelining })
const redis = connect()
const queue = new Queue('send', {
  connection: ownConnection ? connect() : redis,
  defaultJobOptions: { removeOnComplete: true, attempts: 6, backoff: { type: 'exponential', delay: 60_000 } }
})
const limiter = new RateLimiterRedis({ storeClient: redis, keyPrefix: 'rl', points: 1, duration: intervalMs / 1000 })
const api = new URL(apiUrl)
const pool = new Pool(api.origin, { connections: 1000, pipelining: 1 })
const headers = { authorization: 'Bearer token', 'content-type': 'application/json' }

/** Posts to the provider and stores the outcome at the idempotency key. */
async function send ({ to, message, idempotencyKey }) {
  const { body } = await pool.request({
    method: 'POST',
    path: `${api.pathname}/100000000000000/messages`,
    headers,
    body: JSON.stringify({ messaging_product: 'whatsapp', to, type: 'text', text: { body: message } })
  })
  const { messages: [{ id }] } = await body.json()
  await redis.set(`idem:${idempotencyKey}`, JSON.stringify({ status: 'sent', id, at: Date.now() }), 'KEEPTTL')
  return id
}

const worker =
  concurrency === 0
    ? null
    : new Worker('send', async ({ data }) => await send(data), {
      connection: new Redis(redisUrl, { maxRetriesPerRequest: null }),
      concurrency,
      autorun: false
    })
worker?.on('error', () => undefined)

const Body = Type.Object(
  {
    to: Type.String({ pattern: '^\\+?[0-9 ()-]{7,20}$' }),
    message: Type.String({ minLength: 1, maxLength: 4096 }),
    idempotencyKey: Type.String({ minLength: 1, maxLength: 256 }),
    sender: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }))
  },
  { additionalProperties: false }
)
const Response = Type.Object({
  id: Type.String(),
  status: Type.String(),
  delayMs: Type.Optional(Type.Number()),
  providerMessageId: Type.Optional(Type.String())
})
const schema = { body: Body, response: { 200: Response, 202: Response } }

const app = Fastify({ logger: equipped }).setValidatorCompiler(TypeBoxValidatorCompiler)
if (equipped) {
  await app.register(bearerAuth, { keys: [options.key] })
  const seconds = new prometheus.Histogram({ name: 'http_request_seconds', help: 'Response time', labelNames: ['route', 'status'] })
  app.addHook('onResponse', async (request, reply) =>
    seconds.observe({ route: request.routeOptions.url, status: reply.statusCode }, reply.elapsedTime / 1000)
  )
}

app.post('/messages', { schema }, async (request, reply) => {
  const { to, idempotencyKey } = request.body
  const storing = redis.set(`idem:${idempotencyKey}`, '1', 'EX', 86_400, 'NX')
  const limiting = atOnce ? waitOf(to) : null
  if (await storing === null) return { id: idempotencyKey, status: 'duplicate' }
  const delay = await (limiting ?? waitOf(to))
  if (delay === 0 && request.headers.prefer !== 'respond-async') {
    return { id: idempotencyKey, status: 'sent', providerMessageId: await send(request.body) }
  }
  await queue.add('send', request.body, { jobId: idempotencyKey, delay })
  reply.code(202)
  return { id: idempotencyKey, status: 'queued', delayMs: delay }
})

/** Many in one request: one round trip for all keys, and one for all jobs; the limiter has no batches, so its calls run concurrently. */
app.post('/messages/batch', { schema: { body: Type.Array(Body, { maxItems: 1000 }) }, bodyLimit: 16 * 1024 * 1024 }, async (request, reply) => {
  const rows = request.body
  const keys = redis.pipeline()
  for (const { idempotencyKey } of rows) keys.set(`idem:${idempotencyKey}`, '1', 'EX', 86_400, 'NX')
  const replies = await keys.exec()
  const fresh = rows.filter((_, i) => replies[i][1] !== null)
  const delays = await Promise.all(fresh.map(async ({ to }) => await waitOf(to)))
  await queue.addBulk(fresh.map((data, i) => ({ name: 'send', data, opts: { jobId: data.idempotencyKey, delay: delays[i] } })))
  reply.code(207)
  return { results: rows.map(({ idempotencyKey }, i) => ({ httpStatus: replies[i][1] === null ? 200 : 202, id: idempotencyKey })) }
})

/** A route that only validates the body: the cost of HTTP itself. */
app.post('/nothing', { schema }, async (request, reply) => {
  reply.code(202)
  return { id: request.body.idempotencyKey, status: 'queued', delayMs: 0 }
})

/** The minimum that a gateway does to accept a message: it validates it and stores its key. No rate limit, no queue, no worker. */
app.post('/once', { schema }, async (request, reply) => {
  await redis.set(`idem:${request.body.idempotencyKey}`, '1', 'EX', 86_400, 'NX')
  reply.code(202)
  return { id: request.body.idempotencyKey, status: 'queued', delayMs: 0 }
})

/** The minimum that it does to send a message: it stores its key, sends it, and stores the outcome. */
app.post('/direct', { schema }, async request => {
  await redis.set(`idem:${request.body.idempotencyKey}`, '1', 'EX', 86_400, 'NX')
  return { id: request.body.idempotencyKey, status: 'sent', providerMessageId: await send(request.body) }
})

async function waitOf (to) {
  try {
    await limiter.consume(to)
    return 0
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return refused.msBeforeNext
    throw refused
  }
}

await app.listen({ port: 0, host: '127.0.0.1' })
await queue.waitUntilReady()

serve({
  url: () => `http://127.0.0.1:${app.server.address().port}`,
  work () { worker.run().catch(() => undefined) },
  pause: async () => await worker.pause(),
  resume: () => worker.resume(),
  async idle () {
    for (;;) {
      const counts = await queue.getJobCounts('active', 'waiting', 'delayed')
      if (Object.values(counts).every(count => count === 0)) return
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  },
  /** Adds jobs, a thousand at a time: `[data, delay in ms]`. Returns when each is due, ms since the epoch. */
  async fill (wanted) {
    const due = []
    for (let from = 0; from < wanted.length; from += 1000) {
      const jobs = await queue.addBulk(
        wanted.slice(from, from + 1000).map(([data, delay]) => ({ name: 'send', data, opts: { jobId: data.idempotencyKey, delay } }))
      )
      due.push(...jobs.map(({ timestamp, delay }) => timestamp + delay))
    }
    return due
  }
})
