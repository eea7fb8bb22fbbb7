/** Goal 2: CPU of node and Redis for a whole message, from its admission to its settlement. */
import { setTimeout as sleep } from 'node:timers/promises'
import { sendersOf } from '../kit/gateway.mjs'
import { checkAccepted, meter } from '../kit/environment.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

const SENDERS = 40
/** The time for the response and the settlement of the last message. */
const TAIL_MS = 100

export async function whole ({ environment, rounds, quick, report, profile }) {
  const count = quick ? 800 : 6000
  const provider = await environment.provider(20)
  const callers = await environment.callers()
  const [ours, theirs] = [await environment.redis(), await environment.redis()]
  const gateway = await environment.gateway({ redis: ours, apiUrl: provider.url, senders: SENDERS, profile })
  const composed = await environment.composed({ redis: theirs, apiUrl: provider.url, concurrency: 500 })
  await composed.ask('work')
  let run = 0
  const load = (process, redis, { settled = async () => undefined, url = process.url } = {}) => async how => {
    const from = run++ * count
    const before = await provider.received()
    let done = 0
    const { nodeUs, redisUs } = await meter({ process, redis }, async () => {
      const result = await callers.ask('run', {
        url, headers: { ...process.headers, prefer: 'respond-async' }, count, from, tag: 'w', recipients: 1e7, senders: sendersOf(SENDERS), ...how
      })
      checkAccepted(result, how !== undefined)
      done = result.accepted
      await provider.reached(before + done)
      await sleep(TAIL_MS)
    })
    await settled()
    return { nodeUs: nodeUs / done, redisUs: redisUs / done }
  }
  const contenders = { sluice: load(gateway, ours, gateway), composed: load(composed, theirs, { settled: async () => await composed.ask('idle') }) }
  if (!quick) {
    const equipped = await environment.composed({ redis: theirs, apiUrl: provider.url, equipped: true })
    Object.assign(contenders, {
      direct: load(composed, theirs, { url: composed.direct }),
      directEquipped: load(equipped, theirs, { url: equipped.direct })
    })
  }
  await warmUp(contenders, { report, quick })
  const found = await interleave(contenders, rounds, report)
  const all = (name, key) => found[name].map(one => key === 'cpu' ? one.nodeUs + one.redisUs : one[key])
  return [
    judge('2 a whole message, CPU of node and Redis', { most: 0.45, unit: 'µs', against: 'composed' }, all('sluice', 'cpu'), all('composed', 'cpu')),
    figure('2 a whole message, CPU of node', { unit: 'µs', against: 'composed' }, all('sluice', 'nodeUs'), all('composed', 'nodeUs')),
    figure('2 a whole message, CPU of Redis', { unit: 'µs', against: 'composed' }, all('sluice', 'redisUs'), all('composed', 'redisUs')),
    ...quick
      ? []
      : [
          figure('2 the minimum: SET NX, send, SET, CPU of node and Redis', { unit: 'µs', against: 'composed' },
            all('direct', 'cpu'), all('composed', 'cpu')),
          figure('2 the minimum with keys, log and metrics, CPU of node and Redis', { unit: 'µs', against: 'composed' },
            all('directEquipped', 'cpu'), all('composed', 'cpu'))
        ]
  ]
}
