/** Goal 1: messages taken in and put in line, none sent; one process, 64 connections, callers that wait for their answer. */
import { retryWhileUnavailable, meter } from '../kit/ground.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

const later = { prefer: 'respond-async' }

export async function accept ({ ground, rounds, seconds, quick, tell, profile }) {
  const provider = await ground.provider()
  const callers = await ground.callers()
  const [ours, theirs] = [await ground.redis(), await ground.redis()]
  const gateway = await ground.gateway({ redis: ours, apiUrl: provider.url, role: 'api', profile })
  const composed = await ground.composed({ redis: theirs, apiUrl: provider.url })
  const dressed = quick ? null : await ground.composed({ redis: theirs, apiUrl: provider.url, dressed: true })
  let run = 0
  const load = (process, redis, url = process.url) => async how => {
    const { given, nodeUs, redisUs } = await meter({ process, redis }, async () => await callers.ask('run', {
      url, headers: { ...process.headers, ...later }, seconds, tag: `a${++run}`, ...how
    }))
    retryWhileUnavailable(given, how !== undefined)
    return { perSecond: given.perSecond, nodeUs: nodeUs / given.accepted, redisUs: redisUs / given.accepted }
  }
  const contenders = { sluice: load(gateway, ours), composed: load(composed, theirs) }
  if (dressed !== null) {
    Object.assign(contenders, {
      dressed: load(dressed, theirs), nothing: load(composed, theirs, composed.nothing), once: load(composed, theirs, composed.once), onceDressed: load(dressed, theirs, dressed.once)
    })
  }
  await warmUp(contenders, { tell, quick })
  const found = await interleave(contenders, rounds, tell)
  const of = (name, key) => found[name].map(one => key === 'cpu' ? one.nodeUs + one.redisUs : one[key])
  const beside = (what, key, unit, peer, against) => figure(`1 accept, ${what}`, { unit, against }, of('sluice', key), of(peer, key))
  return [
    judge('1 accept, messages a second', { least: 2, stretch: 2.4, unit: '/s', against: 'composed' }, of('sluice', 'perSecond'), of('composed', 'perSecond')),
    beside('CPU of node and Redis', 'cpu', 'µs', 'composed', 'composed'),
    beside('CPU of node', 'nodeUs', 'µs', 'composed', 'composed'),
    beside('CPU of Redis', 'redisUs', 'µs', 'composed', 'composed'),
    ...dressed === null
      ? []
      : [
          beside('messages a second, the peer with keys, log and metrics as well', 'perSecond', '/s', 'dressed', 'composed, dressed'),
          beside('messages a second, share of a route that only validates', 'perSecond', '/s', 'nothing', 'Fastify, validating'),
          beside('CPU of node, beside a route that only validates', 'nodeUs', 'µs', 'nothing', 'Fastify, validating'),
          beside('messages a second, beside one SET NX a message with keys, log and metrics', 'perSecond', '/s', 'onceDressed', 'one SET NX, dressed'),
          figure('1 the least: one SET NX a message, messages a second', { unit: '/s', against: 'composed' }, of('once', 'perSecond'), of('composed', 'perSecond')),
          figure('1 the least: one SET NX a message with keys, log and metrics, messages a second', { unit: '/s', against: 'composed' }, of('onceDressed', 'perSecond'), of('composed', 'perSecond'))
        ]
  ]
}
