/** Goal 7: a message that is sent while its caller waits; the provider takes 20 ms. Reports the time added to a direct request to the provider. */
import { sendersOf } from '../kit/gateway.mjs'
import { checkAccepted, meter } from '../kit/environment.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

const SENDERS = 40
const CALLERS = [1, 64, 256]

export async function inline ({ environment, rounds, seconds, quick, report, profile }) {
  const provider = await environment.provider(20)
  const callers = await environment.load()
  const [ours, theirs] = [await environment.redis(), await environment.redis()]
  const gateway = await environment.gateway({ redis: ours, apiUrl: provider.url, senders: SENDERS, profile })
  const equipped = await environment.composed({ redis: theirs, apiUrl: provider.url, equipped: true })
  let from = 0
  const load = ({ url, headers }, metered = { process: { cpu: () => 0 }, redis: { cpu: () => 0 } }) => async how => {
    const { result, nodeUs, redisUs } = await meter(metered, async () => await callers({
      url, headers, seconds, from, tag: 'i', recipients: 1e7, senders: sendersOf(SENDERS), ...how
    }))
    checkAccepted(result, how.isWarmUp)
    from += result.used
    return { ...result, nodeUs: nodeUs / result.accepted, redisUs: redisUs / result.accepted }
  }
  const works = {
    provider: load({ url: `${provider.url}/messages` }),
    sluice: load(gateway, { process: gateway, redis: ours }),
    peer: load(equipped, { process: equipped, redis: theirs }),
    least: load({ url: equipped.direct, headers: equipped.headers }, { process: equipped, redis: theirs })
  }
  await warmUp(Object.fromEntries(Object.entries(works).map(([name, work]) => [name, async how => await work({ isWarmUp: true, ...how })])),
    { report, quick })
  const found = {}
  for (const connections of CALLERS) {
    const contenders = Object.fromEntries(Object.entries(works).map(([name, work]) => [name, async () => await work({ connections })]))
    found[connections] = await interleave(contenders, rounds, text => report(`${connections} callers, ${text}`))
  }
  /** At least the resolution of the callers' clocks. */
  const added = (name, part, connections) =>
    found[connections][name].map(({ ms }, round) => Math.max(0.01, ms[part] - found[connections].provider[round].ms[part]))
  const all = (name, key, connections = 64) => found[connections][name].map(one => one[key])
  const against = 'composed, equipped'
  return [
    judge('7 inline send, time on top of the provider, p50, 1 caller', { most: 2, unit: 'ms' }, added('sluice', 'p50', 1)),
    ...CALLERS.flatMap(connections => [['p50', 1], ['p99', 0.8]].map(([part, most]) => judge(
      `7 inline send, time on top of the provider, ${part}, ${connections} ${connections === 1 ? 'caller' : 'callers'}, against the peer`,
      { most, unit: 'ms', against }, added('sluice', part, connections), added('peer', part, connections)))),
    judge('7 inline send, CPU of node', { most: 1.3, unit: 'µs', against: 'SET NX, send, SET, equipped' },
      all('sluice', 'nodeUs'), all('least', 'nodeUs')),
    figure('7 inline send, CPU of node, against the peer', { unit: 'µs', against }, all('sluice', 'nodeUs'), all('peer', 'nodeUs')),
    figure('7 inline send, CPU of Redis', { unit: 'µs', against }, all('sluice', 'redisUs'), all('peer', 'redisUs')),
    figure('7 inline send, messages a second, 64 callers', { unit: '/s', against }, all('sluice', 'perSecond'), all('peer', 'perSecond')),
    figure('7 inline send, messages a second, 256 callers', { unit: '/s', against }, all('sluice', 'perSecond', 256), all('peer', 'perSecond', 256)),
    figure('7 the minimum: SET NX, send, SET, equipped, time on top of the provider, p50, 64 callers', { unit: 'ms', against },
      added('least', 'p50', 64), added('peer', 'p50', 64))
  ]
}
