/** Not a goal: latency at 3,000 messages a second, independent of earlier responses; counted from each request's due time. */
import { checkAccepted } from '../kit/environment.mjs'
import { figure, interleave, warmUp } from '../kit/rounds.mjs'

const PER_SECOND = 3000

export async function openLoop ({ environment, rounds, seconds, quick, report, profile }) {
  const rate = quick ? PER_SECOND / 6 : PER_SECOND
  const provider = await environment.provider()
  const callers = await environment.callers()
  const gateway = await environment.gateway({ redis: await environment.redis(), apiUrl: provider.url, role: 'api', profile })
  const composed = await environment.composed({ redis: await environment.redis(), apiUrl: provider.url })
  let run = 0
  const load =
    ({ url, headers }, manner = {}) =>
      async how => {
        const result = await callers.ask('run', {
          url,
          headers: { ...headers, prefer: 'respond-async' },
          seconds,
          rate,
          tag: `o${++run}`,
          ...manner,
          ...how
        })
        checkAccepted(result, how !== undefined)
        return result.ms
      }
  const contenders = { sluice: load(gateway), composed: load(composed), nothing: load({ ...composed, url: composed.nothing }) }
  await warmUp(contenders, { report, quick })
  const found = await interleave(contenders, rounds, report)
  const all = (name, part) => found[name].map(ms => ms[part])
  return ['p50', 'p99', 'p999'].flatMap(part => [
    figure(`open loop, ${rate} a second, ${part}`, { unit: 'ms', against: 'composed' }, all('sluice', part), all('composed', part)),
    figure(
      `open loop, ${rate} a second, ${part}, against a route that only validates`,
      { unit: 'ms', against: 'Fastify, validating' },
      all('sluice', part),
      all('nothing', part)
    )
  ])
}
