/**
 * Not a goal: several gateways next to one Redis, and next to a cluster of three masters, which 40 senders share. All gateways have one core, and all
 * servers the other: what a message costs shows how it scales, the messages a second do not.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { sendersOf } from '../kit/gateway.mjs'
import { checkAccepted, meter } from '../kit/environment.mjs'
import { figure, interleave, warmUp } from '../kit/rounds.mjs'

const SENDERS = 40
const GATEWAYS = [1, 2, 4]
const MASTERS = [1, 3]
/** Callers of all gateways together. */
const CALLERS = 256

export async function scale ({ environment, rounds, seconds, quick, report }) {
  const provider = await environment.provider(20)
  const callers = await environment.load()
  const entries = []
  let from = 0
  for (const masters of MASTERS) {
    const redis = masters === 1 ? await environment.redis() : await environment.cluster(masters)
    const gateways = []
    while (gateways.length < Math.max(...GATEWAYS)) {
      gateways.push(await environment.gateway({ redis, apiUrl: provider.url, senders: SENDERS }))
    }
    /** Messages are accepted, sent and settled: the whole of their cost. */
    const load = count => async how => {
      const used = gateways.slice(0, count)
      const before = await provider.received()
      const process = { cpu: () => used.reduce((sum, gateway) => sum + gateway.cpu(), 0) }
      const { result: done, nodeUs, redisUs } = await meter({ process, redis }, async () => {
        const results = await Promise.all(used.map(async ({ url, headers }, at) => await callers({
          url,
          headers,
          seconds,
          from: from + at * 1e6,
          tag: `s${masters}`,
          recipients: 1e9,
          senders: sendersOf(SENDERS),
          connections: CALLERS / count,
          ...how
        })))
        for (const result of results) checkAccepted(result, how !== undefined)
        const accepted = results.reduce((sum, result) => sum + result.accepted, 0)
        await provider.reached(before + accepted)
        await sleep(100)
        from += Math.max(...results.map(({ used }) => used))
        return { accepted, perSecond: results.reduce((sum, result) => sum + result.perSecond, 0) }
      })
      return { perSecond: done.perSecond, nodeUs: nodeUs / done.accepted, redisUs: redisUs / done.accepted }
    }
    const contenders = Object.fromEntries(GATEWAYS.map(count => [String(count), load(count)]))
    await warmUp(contenders, { report, quick })
    const found = await interleave(contenders, rounds, text => report(`${masters} masters, ${text} gateways`))
    const all = (count, key) => found[String(count)].map(one => one[key])
    const servers = masters === 1 ? 'one Redis' : `a cluster of ${masters} masters`
    for (const count of GATEWAYS) {
      const peer = count === 1 ? undefined : '1 gateway'
      const row = (what, key, unit) => figure(`scale: ${count} ${count === 1 ? 'gateway' : 'gateways'} and ${servers}, ${what}`,
        { unit, against: peer }, all(count, key), peer === undefined ? undefined : all(1, key))
      entries.push(row('CPU of nodes', 'nodeUs', 'µs'), row('CPU of Redis', 'redisUs', 'µs'), row('messages a second', 'perSecond', '/s'))
    }
    for (const gateway of gateways) await gateway.stop()
  }
  return entries
}
