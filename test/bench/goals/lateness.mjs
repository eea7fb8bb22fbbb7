/**
 * Goal 4: how late a message starts, at half load. Sluice's messages are queued for their pair: a message is ready one interval after the provider
 * got its predecessor, so only the provider's clock is used. Compared with it, at the same rate: messages that are
 * scheduled for a time, and BullMQ's delayed jobs. Redis runs with its default `hz` of 10.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { sendersOf } from '../kit/gateway.mjs'
import { figure, interleave, judge, quantile } from '../kit/rounds.mjs'
import { TEXT } from '../kit/text.mjs'

const SENDERS = 10
const INTERVAL_MS = 500
/** The pilot run that determines half load; and the maximum, above which the sender rate would limit. */
const PILOT_PAIRS = 100
const MOST_PAIRS = 1500
/** Scheduled messages and jobs are due this much later, so that all of them are stored by then. */
const AHEAD_MS = 1500

export async function lateness ({ environment, rounds, quick, report, profile }) {
  const deep = quick ? 3 : 6
  const provider = await environment.provider()
  const gateway = await environment.gateway({
    redis: await environment.redis(),
    apiUrl: provider.url,
    senders: SENDERS,
    rules: { pairIntervalMs: INTERVAL_MS },
    profile
  })
  const composed = await environment.composed({ redis: await environment.redis(), apiUrl: provider.url, concurrency: 500 })
  await composed.ask('work')
  const senders = sendersOf(SENDERS)
  let made = 0
  const name = () => String(17_770_000_000 + made++)
  const bodyOf = (to, n = 0) => ({ sender: senders[Number(to) % SENDERS], to: `+${to}`, message: TEXT, idempotencyKey: `l-${to}-${n}` })
  const post = async rows => await gateway.ask('POST', '/api/v1/messages/batch', rows)

  /** The arrivals of `count` messages at the provider: a list of recipient and time, ms. */
  async function arrivals (count, work) {
    await provider.configure({ delayMs: 0, records: true })
    const before = await provider.received()
    await work()
    await provider.reached(before + count)
    return await provider.arrivals()
  }

  /** Fills the queue of each pair at its own time, spread over an interval; returns the lateness from the second message on. */
  async function queued (pairs) {
    const names = Array.from({ length: pairs }, name)
    const [cpu, startedAt] = [gateway.cpu(), performance.now()]
    const got = await arrivals(pairs * deep, async () => {
      for (let at = 0; at < pairs; at += 10) {
        await sleep(Math.max(0, at / pairs * INTERVAL_MS - (performance.now() - startedAt)))
        await post(names.slice(at, at + 10).flatMap(to => Array.from({ length: deep }, (_, n) => bodyOf(to, n))))
      }
    })
    const share = (gateway.cpu() - cpu) / 1000 / (performance.now() - startedAt)
    const times = new Map(names.map(to => [to, []]))
    for (const [to, at] of got) times.get(to).push(at)
    return { share, late: [...times.values()].flatMap(moments => moments.slice(1).map((at, i) => at - moments[i] - INTERVAL_MS)) }
  }

  /** `put` gets recipients, each with its delay, and returns when each is due, ms since the epoch. */
  const moments = (pairs, put) => async () => {
    const count = pairs * (deep - 1)
    const names = Array.from({ length: count }, name)
    let due = []
    const got = await arrivals(count, async () => { due = await put(names.map((to, i) => [to, AHEAD_MS + Math.floor(i / pairs * INTERVAL_MS)])) })
    const dueOf = new Map(names.map((to, i) => [to, due[i]]))
    return { late: got.map(([to, at]) => at - dueOf.get(to)) }
  }

  async function schedule (wanted) {
    const now = Date.now()
    const due = wanted.map(([, wait]) => now + wait)
    const rows = wanted.map(([to], i) => ({ ...bodyOf(to), scheduledFor: due[i] }))
    for (let from = 0; from < rows.length; from += 500) await post(rows.slice(from, from + 500))
    return due
  }
  const delay = async wanted => await composed.ask('fill', wanted.map(([to, wait]) => [bodyOf(to), wait]))

  report('finding half load')
  if (!quick) await queued(PILOT_PAIRS)
  const { share } = await queued(PILOT_PAIRS)
  const pairs = Math.min(MOST_PAIRS, Math.round(PILOT_PAIRS * 0.5 / share))
  const contenders = { queued: async () => await queued(pairs), jobs: moments(pairs, delay), ...quick ? {} : { scheduled: moments(pairs, schedule) } }
  const found = await interleave(contenders, quick ? 1 : rounds, report)
  const at = (kind, part) => found[kind].map(({ late }) => quantile(late, part))
  const load = `${Math.round(pairs / INTERVAL_MS * 1000).toLocaleString('en')} a second`
  return [
    judge(`4 lateness in the queue, p50, at half load (${load})`, { most: 2, unit: 'ms' }, at('queued', 0.5)),
    judge('4 lateness in the queue, p99', { most: 8, unit: 'ms' }, at('queued', 0.99)),
    judge('4 lateness, p50, against a delayed job', { most: 0.08, unit: 'ms', against: 'BullMQ delayed job' }, at('queued', 0.5), at('jobs', 0.5)),
    judge('4 lateness, p99, against a delayed job', { most: 0.08, unit: 'ms', against: 'BullMQ delayed job' }, at('queued', 0.99), at('jobs', 0.99)),
    ...quick
      ? []
      : [
          figure('4 lateness of a scheduled message, p50', { unit: 'ms', against: 'BullMQ delayed job' }, at('scheduled', 0.5), at('jobs', 0.5)),
          figure('4 lateness of a scheduled message, p99', { unit: 'ms', against: 'BullMQ delayed job' }, at('scheduled', 0.99), at('jobs', 0.99))
        ],
    figure('4 share of a core that the gateway used, in the queue', { unit: 'cores' }, found.queued.map(({ share }) => share))
  ]
}
