/** Goal 5: messages that wait, sent with 1,000 in flight to a provider that takes 50 ms, beside bare undici and a BullMQ worker. */
import { setTimeout as sleep } from 'node:timers/promises'
import { sendersOf } from '../kit/gateway.mjs'
import { retryWhileUnavailable, meter } from '../kit/ground.mjs'
import { figure, interleave, judge } from '../kit/rounds.mjs'
import { TEXT } from '../kit/text.mjs'

const IN_FLIGHT = 1000
const PROVIDER_MS = 50
/** A sender may send 1,000 a second: so many senders that this binds none of them. */
const SENDERS = 40
/** Until all places are taken and the first answers are there. */
const RAMP_MS = 500
/** So many messages wait at first; more where that was too few. */
const FIRST_FILL = 5000

export async function drain ({ ground, rounds, seconds, tell, profile, quick }) {
  const windowMs = Math.min(1, seconds) * 1000
  const provider = await ground.provider(PROVIDER_MS)
  const [ours, theirs] = [await ground.redis(), await ground.redis()]
  const contenders = {
    sluice: await createSluice({ ground, redis: ours, provider, profile }),
    worker: await createWorker({ ground, redis: theirs, provider }),
    undici: await createBare({ ground, provider })
  }
  /** Lets go, and counts what reaches the provider in a time; then holds it again. */
  async function look ({ resume, pause, process, redis }) {
    const began = await provider.took()
    await resume()
    await sleep(RAMP_MS)
    const count = async () => {
      const [from, before] = [performance.now(), await provider.took()]
      await sleep(windowMs)
      const sent = await provider.took() - before
      return { sent, perSecond: sent / (performance.now() - from) * 1000 }
    }
    const { given, nodeUs, redisUs } = process === undefined ? { given: await count() } : await meter({ process, redis }, count)
    await pause()
    await sleep(2 * PROVIDER_MS)
    return { perSecond: given.perSecond, nodeUs: nodeUs / given.sent, redisUs: redisUs / given.sent, used: await provider.took() - began }
  }
  /** Fills up and looks; again with more where all of it went out. */
  function work (contender) {
    let need = FIRST_FILL
    let waiting = 0
    return async () => {
      for (;;) {
        if (waiting < need) await contender.fill(need - waiting)
        waiting = Math.max(waiting, need)
        const told = await look(contender)
        waiting -= told.used
        if (told.perSecond > 0 && (waiting > need * 0.1 || contender.isEndless)) return told
        if (told.perSecond > 0) need *= 2
      }
    }
  }
  const works = Object.fromEntries(Object.entries(contenders).map(([name, contender]) => [name, work(contender)]))
  if (!quick) await interleave(works, 1, () => tell('warming up'))
  const found = await interleave(works, quick ? 2 : rounds, tell)
  const all = (name, key) => found[name].map(one => one[key])
  const cpu = name => found[name].map(({ nodeUs, redisUs }) => nodeUs + redisUs)
  return [
    judge('5 drain with 1,000 in flight, messages a second', { least: 0.8, unit: '/s', against: 'undici' }, all('sluice', 'perSecond'), all('undici', 'perSecond')),
    judge('5 drain with 1,000 in flight, messages a second, beside a worker', { least: 1.5, unit: '/s', against: 'BullMQ worker' }, all('sluice', 'perSecond'), all('worker', 'perSecond')),
    figure('5 drain, CPU of node and Redis', { unit: 'µs', against: 'BullMQ worker' }, cpu('sluice'), cpu('worker')),
    figure('5 drain, CPU of Redis', { unit: 'µs', against: 'BullMQ worker' }, all('sluice', 'redisUs'), all('worker', 'redisUs'))
  ]
}

async function createSluice ({ ground, redis, provider, profile }) {
  const senders = sendersOf(SENDERS)
  const callers = await ground.callers()
  const gateway = await ground.gateway({ redis, apiUrl: provider.url, senders: SENDERS, rules: { maxInFlight: IN_FLIGHT / SENDERS }, profile })
  const all = async action => await Promise.all(senders.map(async sender => await gateway.ask('POST', `/api/v1/senders/${sender}/${action}`)))
  let from = 0
  await all('pause')
  return {
    process: gateway,
    redis,
    async fill (messages) {
      const told = await callers.ask('run', {
        url: `${gateway.url}/batch`, headers: gateway.headers, connections: 2, batch: 500, count: Math.ceil(messages / 500), from, tag: 'd', recipients: 1e7, senders
      })
      retryWhileUnavailable(told)
      from += told.asked / 500
    },
    resume: async () => await all('resume'),
    pause: async () => await all('pause')
  }
}

async function createWorker ({ ground, redis, provider }) {
  const composed = await ground.composed({ redis, apiUrl: provider.url, concurrency: IN_FLIGHT })
  let made = 0
  await composed.ask('work')
  await composed.ask('pause')
  return {
    process: composed,
    redis,
    async fill (messages) {
      await composed.ask('fill', Array.from({ length: messages }, () => [{ to: `+1777${String(made).padStart(7, '0')}`, message: TEXT, idempotencyKey: `d-${made++}` }, 0]))
    },
    resume: async () => await composed.ask('resume'),
    pause: async () => await composed.ask('pause')
  }
}

async function createBare ({ ground, provider }) {
  const { ask } = await ground.child('undici.mjs', { apiUrl: provider.url, inFlight: IN_FLIGHT })
  return { isEndless: true, fill () {}, resume: async () => await ask('resume'), pause: async () => await ask('pause') }
}
