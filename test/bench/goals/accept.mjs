/** Goal 1: messages accepted and queued, none sent; one process, 64 connections, callers that wait for their response. */
import { checkAccepted, meter } from '../kit/environment.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

const later = { prefer: 'respond-async' }

export async function accept ({ environment, rounds, seconds, quick, report, profile }) {
  const provider = await environment.provider()
  const callers = await environment.callers()
  const [ours, theirs] = [await environment.redis(), await environment.redis()]
  const gateway = await environment.gateway({ redis: ours, apiUrl: provider.url, role: 'api', profile })
  const composed = await environment.composed({ redis: theirs, apiUrl: provider.url })
  const equipped = quick ? null : await environment.composed({ redis: theirs, apiUrl: provider.url, equipped: true })
  let run = 0
  const load = (process, redis, url = process.url) => async how => {
    const { result, nodeUs, redisUs } = await meter({ process, redis }, async () => await callers.ask('run', {
      url, headers: { ...process.headers, ...later }, seconds, tag: `a${++run}`, ...how
    }))
    checkAccepted(result, how !== undefined)
    return { perSecond: result.perSecond, nodeUs: nodeUs / result.accepted, redisUs: redisUs / result.accepted }
  }
  const contenders = { sluice: load(gateway, ours), composed: load(composed, theirs) }
  if (equipped !== null) {
    Object.assign(contenders, {
      equipped: load(equipped, theirs),
      nothing: load(composed, theirs, composed.nothing),
      once: load(composed, theirs, composed.once),
      onceEquipped: load(equipped, theirs, equipped.once)
    })
  }
  await warmUp(contenders, { report, quick })
  const found = await interleave(contenders, rounds, report)
  const of = (name, key) => found[name].map(one => key === 'cpu' ? one.nodeUs + one.redisUs : one[key])
  const against = (what, key, unit, peer, label) => figure(`1 accept, ${what}`, { unit, against: label }, of('sluice', key), of(peer, key))
  return [
    judge('1 accept, messages a second', { least: 2, stretch: 2.4, unit: '/s', against: 'composed' },
      of('sluice', 'perSecond'), of('composed', 'perSecond')),
    against('CPU of node and Redis', 'cpu', 'µs', 'composed', 'composed'),
    against('CPU of node', 'nodeUs', 'µs', 'composed', 'composed'),
    against('CPU of Redis', 'redisUs', 'µs', 'composed', 'composed'),
    ...equipped === null
      ? []
      : [
          against('messages a second, against the peer with keys, log and metrics', 'perSecond', '/s', 'equipped', 'composed, equipped'),
          against('messages a second, against a route that only validates', 'perSecond', '/s', 'nothing', 'Fastify, validating'),
          against('CPU of node, against a route that only validates', 'nodeUs', 'µs', 'nothing', 'Fastify, validating'),
          against('messages a second, against one SET NX per message with keys, log and metrics', 'perSecond', '/s',
            'onceEquipped', 'one SET NX, equipped'),
          figure('1 the minimum: one SET NX per message, messages a second', { unit: '/s', against: 'composed' },
            of('once', 'perSecond'), of('composed', 'perSecond')),
          figure('1 the minimum: one SET NX per message with keys, log and metrics, messages a second', { unit: '/s', against: 'composed' },
            of('onceEquipped', 'perSecond'), of('composed', 'perSecond'))
        ]
  ]
}
