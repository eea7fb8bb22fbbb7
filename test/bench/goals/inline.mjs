/** Goal 7: a message that is sent while its caller waits; the provider takes 20 ms. Reports the time added to a direct request to the provider. */
import { sendersOf } from '../kit/gateway.mjs'
import { checkAccepted } from '../kit/environment.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

const SENDERS = 40

export async function inline ({ environment, rounds, seconds, quick, report, profile }) {
  const provider = await environment.provider(20)
  const callers = await environment.callers()
  const gateway = await environment.gateway({ redis: await environment.redis(), apiUrl: provider.url, senders: SENDERS, profile })
  const theirs = await environment.redis()
  const composed = await environment.composed({ redis: theirs, apiUrl: provider.url })
  const equipped = quick ? null : await environment.composed({ redis: theirs, apiUrl: provider.url, equipped: true })
  let from = 0
  const load = ({ url, headers }) => async how => {
    const result = await callers.ask('run', { url, headers, seconds, from, tag: 'i', recipients: 1e7, senders: sendersOf(SENDERS), ...how })
    checkAccepted(result, how !== undefined)
    from += result.asked
    return result
  }
  const contenders = { provider: load({ url: `${provider.url}/messages` }), sluice: load(gateway), composed: load(composed) }
  if (equipped !== null) Object.assign(contenders, { least: load({ url: equipped.direct, headers: equipped.headers }) })
  await warmUp(contenders, { report, quick })
  const found = await interleave(contenders, rounds, report)
  /** At least the resolution of the callers' clocks. */
  const added = (name, part) => found[name].map(({ ms }, round) => Math.max(0.01, ms[part] - found.provider[round].ms[part]))
  const rate = name => found[name].map(({ perSecond }) => perSecond)
  return [
    judge('7 inline send, time on top of the provider, p50', { most: 1.5, unit: 'ms' }, added('sluice', 'p50')),
    judge(
      '7 inline send, time on top of the provider, p99',
      { most: 1, unit: 'ms', against: 'composed' },
      added('sluice', 'p99'),
      added('composed', 'p99')
    ),
    figure(
      '7 inline send, time on top of the provider, p50, against the peer',
      { unit: 'ms', against: 'composed' },
      added('sluice', 'p50'),
      added('composed', 'p50')
    ),
    figure('7 inline send, messages a second', { unit: '/s', against: 'composed' }, rate('sluice'), rate('composed')),
    ...(equipped === null
      ? []
      : [
          figure(
            '7 the minimum: SET NX, send, SET, with keys, log and metrics, time on top of the provider, p50',
            { unit: 'ms', against: 'composed' },
            added('least', 'p50'),
            added('composed', 'p50')
          )
        ])
  ]
}
