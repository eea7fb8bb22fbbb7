/** Not a goal: answers at 3,000 messages a second, whatever became of those before; timed from the moment at which each was due. */
import { retryWhileUnavailable } from '../kit/ground.mjs'
import { figure, interleave, warmUp } from '../kit/rounds.mjs'

const PER_SECOND = 3000

export async function openLoop ({ ground, rounds, seconds, quick, tell, profile }) {
  const rate = quick ? PER_SECOND / 6 : PER_SECOND
  const provider = await ground.provider()
  const callers = await ground.callers()
  const gateway = await ground.gateway({ redis: await ground.redis(), apiUrl: provider.url, role: 'api', profile })
  const composed = await ground.composed({ redis: await ground.redis(), apiUrl: provider.url })
  let run = 0
  const load = ({ url, headers }, manner = {}) => async how => {
    const told = await callers.ask('run', { url, headers: { ...headers, prefer: 'respond-async' }, seconds, rate, tag: `o${++run}`, ...manner, ...how })
    retryWhileUnavailable(told, how !== undefined)
    return told.ms
  }
  const contenders = { sluice: load(gateway), composed: load(composed), nothing: load({ ...composed, url: composed.nothing }) }
  await warmUp(contenders, { tell, quick })
  const found = await interleave(contenders, rounds, tell)
  const all = (name, part) => found[name].map(ms => ms[part])
  return ['p50', 'p99', 'p999'].flatMap(part => [
    figure(`open loop, ${rate} a second, ${part}`, { unit: 'ms', against: 'composed' }, all('sluice', part), all('composed', part)),
    figure(`open loop, ${rate} a second, ${part}, beside a route that only validates`, { unit: 'ms', against: 'Fastify, validating' }, all('sluice', part), all('nothing', part))
  ])
}
