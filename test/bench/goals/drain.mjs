/** Goal 5: queued messages, sent with 1,000 in flight to a provider that takes 50 ms, compared with bare undici and a BullMQ worker. */
import { setTimeout as sleep } from 'node:timers/promises'
import { sendersOf } from '../kit/gateway.mjs'
import { checkAccepted, meter } from '../kit/environment.mjs'
import { figure, interleave, judge } from '../kit/rounds.mjs'
import { TEXT } from '../kit/text.mjs'

const IN_FLIGHT = 1000
const PROVIDER_MS = 50
/** A sender may send 1,000 a second: enough senders that none reaches its limit. */
const SENDERS = 40
/** The time until all places in flight are used and the first responses have arrived. */
const RAMP_MS = 500
/** The number of messages queued at first; doubled if they were too few. */
const FIRST_FILL = 5000

export async function drain ({ environment, rounds, seconds, report, profile, quick }) {
  const windowMs = Math.min(1, seconds) * 1000
  const provider = await environment.provider(PROVIDER_MS)
  const [ours, theirs] = [await environment.redis(), await environment.redis()]
  const contenders = {
    sluice: await createSluice({ environment, redis: ours, provider, profile }),
    worker: await createWorker({ environment, redis: theirs, provider }),
    undici: await createBare({ environment, provider })
  }
  /** Resumes the contender, counts what reaches the provider in the window, and pauses it again. */
  async function measure ({ resume, pause, process, redis }) {
    const before = await provider.received()
    await resume()
    await sleep(RAMP_MS)
    const count = async () => {
      const [from, before] = [performance.now(), await provider.received()]
      await sleep(windowMs)
      const sent = await provider.received() - before
      return { sent, perSecond: sent / (performance.now() - from) * 1000 }
    }
    const { result, nodeUs, redisUs } = process === undefined ? { result: await count() } : await meter({ process, redis }, count)
    await pause()
    await sleep(2 * PROVIDER_MS)
    return { perSecond: result.perSecond, nodeUs: nodeUs / result.sent, redisUs: redisUs / result.sent, used: await provider.received() - before }
  }
  /** Fills the queues and measures; repeats with more messages if all of them were sent. */
  function work (contender) {
    let need = FIRST_FILL
    let waiting = 0
    return async () => {
      for (;;) {
        if (waiting < need) await contender.fill(need - waiting)
        waiting = Math.max(waiting, need)
        const result = await measure(contender)
        waiting -= result.used
        if (result.perSecond > 0 && (waiting > need * 0.1 || contender.isEndless)) return result
        if (result.perSecond > 0) need *= 2
      }
    }
  }
  const works = Object.fromEntries(Object.entries(contenders).map(([name, contender]) => [name, work(contender)]))
  if (!quick) await interleave(works, 1, () => report('warming up'))
  const found = await interleave(works, quick ? 2 : rounds, report)
  const all = (name, key) => found[name].map(one => one[key])
  const cpu = name => found[name].map(({ nodeUs, redisUs }) => nodeUs + redisUs)
  return [
    judge(
      '5 drain with 1,000 in flight, messages a second',
      { least: 0.6, unit: '/s', against: 'undici' },
      all('sluice', 'perSecond'),
      all('undici', 'perSecond')
    ),
    judge(
      '5 drain with 1,000 in flight, messages a second, against a worker',
      { least: 2, unit: '/s', against: 'BullMQ worker' },
      all('sluice', 'perSecond'),
      all('worker', 'perSecond')
    ),
    figure('5 drain, CPU of node and Redis', { unit: 'µs', against: 'BullMQ worker' }, cpu('sluice'), cpu('worker')),
    figure('5 drain, CPU of Redis', { unit: 'µs', against: 'BullMQ worker' }, all('sluice', 'redisUs'), all('worker', 'redisUs'))
  ]
}

async function createSluice ({ environment, redis, provider, profile }) {
  const senders = sendersOf(SENDERS)
  const callers = await environment.callers()
  const gateway = await environment.gateway({ redis, apiUrl: provider.url, senders: SENDERS, rules: { maxInFlight: IN_FLIGHT / SENDERS }, profile })
  const all = async action => await Promise.all(senders.map(async sender => await gateway.ask('POST', `/api/v1/senders/${sender}/${action}`)))
  let from = 0
  await all('pause')
  return {
    process: gateway,
    redis,
    async fill (messages) {
      const result = await callers.ask('run', {
        url: `${gateway.url}/batch`,
        headers: gateway.headers,
        connections: 2,
        batch: 500,
        count: Math.ceil(messages / 500),
        from,
        tag: 'd',
        recipients: 1e7,
        senders
      })
      checkAccepted(result)
      from += result.used / 500
    },
    resume: async () => await all('resume'),
    pause: async () => await all('pause')
  }
}

async function createWorker ({ environment, redis, provider }) {
  const composed = await environment.composed({ redis, apiUrl: provider.url, concurrency: IN_FLIGHT })
  let made = 0
  await composed.ask('work')
  await composed.ask('pause')
  return {
    process: composed,
    redis,
    async fill (messages) {
      await composed.ask(
        'fill',
        Array.from({ length: messages }, () => [{ to: `+1777${String(made).padStart(7, '0')}`, message: TEXT, idempotencyKey: `d-${made++}` }, 0])
      )
    },
    resume: async () => await composed.ask('resume'),
    pause: async () => await composed.ask('pause')
  }
}

async function createBare ({ environment, provider }) {
  const { ask } = await environment.child('undici.mjs', { apiUrl: provider.url, inFlight: IN_FLIGHT })
  return { isEndless: true, fill () {}, resume: async () => await ask('resume'), pause: async () => await ask('pause') }
}
