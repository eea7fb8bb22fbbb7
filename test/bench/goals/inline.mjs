/** Goal 7: a message that is sent while its caller waits; the provider takes 20 ms. What is told is the time on top of asking the provider itself. */
import { sendersOf } from '../kit/gateway.mjs'
import { retryWhileUnavailable } from '../kit/ground.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

const SENDERS = 40

export async function inline ({ ground, rounds, seconds, quick, tell, profile }) {
  const provider = await ground.provider(20)
  const callers = await ground.callers()
  const gateway = await ground.gateway({ redis: await ground.redis(), apiUrl: provider.url, senders: SENDERS, profile })
  const theirs = await ground.redis()
  const composed = await ground.composed({ redis: theirs, apiUrl: provider.url })
  const dressed = quick ? null : await ground.composed({ redis: theirs, apiUrl: provider.url, dressed: true })
  let from = 0
  const load = ({ url, headers }) => async how => {
    const told = await callers.ask('run', { url, headers, seconds, from, tag: 'i', recipients: 1e7, senders: sendersOf(SENDERS), ...how })
    retryWhileUnavailable(told, how !== undefined)
    from += told.asked
    return told
  }
  const contenders = { provider: load({ url: `${provider.url}/messages` }), sluice: load(gateway), composed: load(composed) }
  if (dressed !== null) Object.assign(contenders, { least: load({ url: dressed.direct, headers: dressed.headers }) })
  await warmUp(contenders, { tell, quick })
  const found = await interleave(contenders, rounds, tell)
  /** Never less than what callers can tell apart. */
  const added = (name, part) => found[name].map(({ ms }, round) => Math.max(0.01, ms[part] - found.provider[round].ms[part]))
  const rate = name => found[name].map(({ perSecond }) => perSecond)
  return [
    judge('7 inline send, time on top of the provider, p50', { most: 1.5, unit: 'ms' }, added('sluice', 'p50')),
    judge('7 inline send, time on top of the provider, p99', { most: 1, unit: 'ms', against: 'composed' }, added('sluice', 'p99'), added('composed', 'p99')),
    figure('7 inline send, time on top of the provider, p50, beside the peer', { unit: 'ms', against: 'composed' }, added('sluice', 'p50'), added('composed', 'p50')),
    figure('7 inline send, messages a second', { unit: '/s', against: 'composed' }, rate('sluice'), rate('composed')),
    ...dressed === null ? [] : [figure('7 the least: SET NX, send, SET, with keys, log and metrics, time on top of the provider, p50', { unit: 'ms', against: 'composed' }, added('least', 'p50'), added('composed', 'p50'))]
  ]
}
