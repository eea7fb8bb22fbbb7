/** Goal 2: CPU of node and Redis for a whole message, from its acceptance until its outcome is written. */
import { setTimeout as sleep } from 'node:timers/promises'
import { sendersOf } from '../kit/gateway.mjs'
import { retryWhileUnavailable, meter } from '../kit/ground.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

const SENDERS = 40
/** What is under way when the provider has taken the last message: its answer and its settlement. */
const TAIL_MS = 100

export async function whole ({ ground, rounds, quick, tell, profile }) {
  const count = quick ? 800 : 6000
  const provider = await ground.provider(20)
  const callers = await ground.callers()
  const [ours, theirs] = [await ground.redis(), await ground.redis()]
  const gateway = await ground.gateway({ redis: ours, apiUrl: provider.url, senders: SENDERS, profile })
  const composed = await ground.composed({ redis: theirs, apiUrl: provider.url, concurrency: 500 })
  await composed.ask('work')
  let run = 0
  const load = (process, redis, { settled = async () => undefined, url = process.url } = {}) => async how => {
    const from = run++ * count
    const before = await provider.took()
    let done = 0
    const { nodeUs, redisUs } = await meter({ process, redis }, async () => {
      const told = await callers.ask('run', {
        url, headers: { ...process.headers, prefer: 'respond-async' }, count, from, tag: 'w', recipients: 1e7, senders: sendersOf(SENDERS), ...how
      })
      retryWhileUnavailable(told, how !== undefined)
      done = told.accepted
      await provider.reached(before + done)
      await sleep(TAIL_MS)
    })
    await settled()
    return { nodeUs: nodeUs / done, redisUs: redisUs / done }
  }
  const contenders = { sluice: load(gateway, ours, gateway), composed: load(composed, theirs, { settled: async () => await composed.ask('idle') }) }
  if (!quick) {
    const dressed = await ground.composed({ redis: theirs, apiUrl: provider.url, dressed: true })
    Object.assign(contenders, { direct: load(composed, theirs, { url: composed.direct }), directDressed: load(dressed, theirs, { url: dressed.direct }) })
  }
  await warmUp(contenders, { tell, quick })
  const found = await interleave(contenders, rounds, tell)
  const all = (name, key) => found[name].map(one => key === 'cpu' ? one.nodeUs + one.redisUs : one[key])
  return [
    judge('2 a whole message, CPU of node and Redis', { most: 0.45, unit: 'µs', against: 'composed' }, all('sluice', 'cpu'), all('composed', 'cpu')),
    figure('2 a whole message, CPU of node', { unit: 'µs', against: 'composed' }, all('sluice', 'nodeUs'), all('composed', 'nodeUs')),
    figure('2 a whole message, CPU of Redis', { unit: 'µs', against: 'composed' }, all('sluice', 'redisUs'), all('composed', 'redisUs')),
    ...quick
      ? []
      : [
          figure('2 the least: SET NX, send, SET, CPU of node and Redis', { unit: 'µs', against: 'composed' }, all('direct', 'cpu'), all('composed', 'cpu')),
          figure('2 the least with keys, log and metrics, CPU of node and Redis', { unit: 'µs', against: 'composed' }, all('directDressed', 'cpu'), all('composed', 'cpu'))
        ]
  ]
}
