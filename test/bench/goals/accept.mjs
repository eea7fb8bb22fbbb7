/** Goal 1: messages accepted and queued, none sent; one process, callers that wait for their response, 64 and 256 of them. */
import { checkAccepted, meter } from '../kit/environment.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

const later = { prefer: 'respond-async' }
/** Peers, with their names in the results. */
const peers = {
  composed: 'composed', equipped: 'composed, equipped', once: 'one SET NX', onceEquipped: 'one SET NX, equipped', nothing: 'Fastify, validating'
}
/** Callers, and which contenders they call. */
const loads = { 64: ['sluice', ...Object.keys(peers)], 256: ['sluice', 'composed', 'equipped', 'onceEquipped'] }

export async function accept ({ environment, rounds, seconds, quick, report, profile }) {
  const provider = await environment.provider()
  const callers = await environment.load()
  const [ours, theirs] = [await environment.redis(), await environment.redis()]
  const gateway = await environment.gateway({ redis: ours, apiUrl: provider.url, role: 'api', profile })
  const composed = await environment.composed({ redis: theirs, apiUrl: provider.url })
  const equipped = await environment.composed({ redis: theirs, apiUrl: provider.url, equipped: true })
  let run = 0
  const load = (process, redis, url = process.url) => async how => {
    const { result, nodeUs, redisUs } = await meter({ process, redis }, async () => await callers({
      url, headers: { ...process.headers, ...later }, seconds, tag: `a${++run}`, ...how
    }))
    checkAccepted(result, how.isWarmUp)
    const busiest = Math.max(nodeUs, redisUs) / 1e6 / result.seconds
    return { perSecond: result.perSecond, nodeUs: nodeUs / result.accepted, redisUs: redisUs / result.accepted, busiest }
  }
  const works = {
    sluice: load(gateway, ours),
    composed: load(composed, theirs),
    equipped: load(equipped, theirs),
    once: load(composed, theirs, composed.once),
    onceEquipped: load(equipped, theirs, equipped.once),
    nothing: load(composed, theirs, composed.nothing)
  }
  await warmUp(Object.fromEntries(Object.entries(works).map(([name, work]) => [name, async how => await work({ isWarmUp: true, ...how })])),
    { report, quick })
  const found = {}
  for (const [connections, names] of Object.entries(loads)) {
    const contenders = Object.fromEntries(names.map(name => [name, async () => await works[name]({ connections: Number(connections) })]))
    found[connections] = await interleave(contenders, rounds, text => report(`${connections} callers, ${text}`))
  }
  const of = (name, key, connections = 64) => found[connections][name].map(one => key === 'cpu' ? one.nodeUs + one.redisUs : one[key])
  const against = (what, key, unit, peer, where = {}) => {
    const label = { unit, against: peers[peer], ...where }
    const values = [of('sluice', key), of(peer, key)]
    return (where.most === undefined ? figure : judge)(`1 accept, ${what}`, label, ...values)
  }
  const perSecond = (connections, peer, least) => judge(`1 accept, messages a second, ${connections} callers, against ${peers[peer]}`,
    { least, unit: '/s', against: peers[peer] }, of('sluice', 'perSecond', connections), of(peer, 'perSecond', connections))
  return [
    ...Object.keys(loads).flatMap(connections => [
      perSecond(connections, 'composed', 1.1), perSecond(connections, 'equipped', 1.4), perSecond(connections, 'onceEquipped', 0.8)
    ]),
    judge('1 accept, share of its core that the busier of node and Redis used, 64 callers', { least: 0.9, unit: 'cores' }, of('sluice', 'busiest')),
    against('CPU of node', 'nodeUs', 'µs', 'onceEquipped', { most: 1.15 }),
    against('CPU of Redis', 'redisUs', 'µs', 'composed'),
    against('CPU of node and Redis', 'cpu', 'µs', 'composed'),
    against('CPU of node and Redis, against the equipped peer', 'cpu', 'µs', 'equipped'),
    against('messages a second, against a route that only validates', 'perSecond', '/s', 'nothing'),
    figure('1 the minimum: one SET NX per message, messages a second', { unit: '/s', against: 'composed' },
      of('once', 'perSecond'), of('composed', 'perSecond')),
    figure('1 the minimum with keys, log and metrics, messages a second', { unit: '/s', against: 'composed' },
      of('onceEquipped', 'perSecond'), of('composed', 'perSecond'))
  ]
}
