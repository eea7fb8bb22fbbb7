/**
 * Goal 4: how late a message starts, at half load. Ours stand in line for their pair: a message's turn comes one interval after the provider
 * got the one before it, so both ends of the time are seen by the provider and by nobody else. Beside it, at the same rate, messages that were
 * scheduled for a moment, and BullMQ's delayed jobs. Redis runs with its default `hz` of 10.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { sendersOf } from '../kit/gateway.mjs'
import { figure, interleave, judge, quantile } from '../kit/rounds.mjs'
import { TEXT } from '../kit/text.mjs'

const SENDERS = 10
const INTERVAL_MS = 500
/** The pilot that finds out what half load is; and the most, which the senders' own rate would begin to bind. */
const PILOT_PAIRS = 100
const MOST_PAIRS = 1500
/** Scheduled messages and jobs are due from then on, so that all of them are there. */
const AHEAD_MS = 1500

export async function lateness ({ ground, rounds, quick, tell, profile }) {
  const deep = quick ? 3 : 6
  const provider = await ground.provider()
  const gateway = await ground.gateway({ redis: await ground.redis(), apiUrl: provider.url, senders: SENDERS, rules: { pairIntervalMs: INTERVAL_MS }, profile })
  const composed = await ground.composed({ redis: await ground.redis(), apiUrl: provider.url, concurrency: 500 })
  await composed.ask('work')
  const senders = sendersOf(SENDERS)
  let made = 0
  const name = () => String(17_770_000_000 + made++)
  const bodyOf = (to, n = 0) => ({ sender: senders[Number(to) % SENDERS], to: `+${to}`, message: TEXT, idempotencyKey: `l-${to}-${n}` })
  const post = async rows => await gateway.ask('POST', '/api/v1/messages/batch', rows)

  /** What the provider gets of so many messages: a list of recipient and moment, ms. */
  async function arrivals (count, work) {
    await provider.configure({ delayMs: 0, records: true })
    const before = await provider.took()
    await work()
    await provider.reached(before + count)
    return await provider.arrivals()
  }

  /** Each pair gets its line at a moment of its own, spread over an interval; lateness from the second message on. */
  async function lines (pairs) {
    const names = Array.from({ length: pairs }, name)
    const [cpu, began] = [gateway.cpu(), performance.now()]
    const got = await arrivals(pairs * deep, async () => {
      for (let at = 0; at < pairs; at += 10) {
        await sleep(Math.max(0, at / pairs * INTERVAL_MS - (performance.now() - began)))
        await post(names.slice(at, at + 10).flatMap(to => Array.from({ length: deep }, (_, n) => bodyOf(to, n))))
      }
    })
    const share = (gateway.cpu() - cpu) / 1000 / (performance.now() - began)
    const times = new Map(names.map(to => [to, []]))
    for (const [to, at] of got) times.get(to).push(at)
    return { share, late: [...times.values()].flatMap(moments => moments.slice(1).map((at, i) => at - moments[i] - INTERVAL_MS)) }
  }

  /** `put` is given recipients, each with its time to wait, and tells when each is due, ms since the epoch. */
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

  tell('finding half load')
  if (!quick) await lines(PILOT_PAIRS)
  const { share } = await lines(PILOT_PAIRS)
  const pairs = Math.min(MOST_PAIRS, Math.round(PILOT_PAIRS * 0.5 / share))
  const contenders = { lines: async () => await lines(pairs), jobs: moments(pairs, delay), ...quick ? {} : { scheduled: moments(pairs, schedule) } }
  const found = await interleave(contenders, quick ? 1 : rounds, tell)
  const at = (kind, part) => found[kind].map(({ late }) => quantile(late, part))
  const load = `${Math.round(pairs / INTERVAL_MS * 1000).toLocaleString('en')} a second`
  return [
    judge(`4 lateness in line, p50, at half load (${load})`, { most: 2, unit: 'ms' }, at('lines', 0.5)),
    judge('4 lateness in line, p99', { most: 5, unit: 'ms' }, at('lines', 0.99)),
    judge('4 lateness, p50, beside a delayed job', { most: 0.1, unit: 'ms', against: 'BullMQ delayed job' }, at('lines', 0.5), at('jobs', 0.5)),
    judge('4 lateness, p99, beside a delayed job', { most: 0.1, unit: 'ms', against: 'BullMQ delayed job' }, at('lines', 0.99), at('jobs', 0.99)),
    ...quick
      ? []
      : [
          figure('4 lateness of a scheduled message, p50', { unit: 'ms', against: 'BullMQ delayed job' }, at('scheduled', 0.5), at('jobs', 0.5)),
          figure('4 lateness of a scheduled message, p99', { unit: 'ms', against: 'BullMQ delayed job' }, at('scheduled', 0.99), at('jobs', 0.99))
        ],
    figure('4 share of a core that the gateway used, in line', { unit: 'cores' }, found.lines.map(told => told.share))
  ]
}
