/** Goal 8: a thousand messages in one request, beside the same messages one by one. */
import { retryWhileUnavailable } from '../kit/ground.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

const ROWS = 1000
/** Callers that post batches: so many that the node always has one to work on. */
const CALLERS = 2

export async function batch ({ ground, rounds, seconds, quick, tell, profile }) {
  const provider = await ground.provider()
  const callers = await ground.callers()
  const gateway = await ground.gateway({ redis: await ground.redis(), apiUrl: provider.url, role: 'api', profile })
  const composed = quick ? null : await ground.composed({ redis: await ground.redis(), apiUrl: provider.url })
  let from = 0
  const load = (how, tag, headers = gateway.headers) => async warm => {
    const told = await callers.ask('run', { headers, seconds, from, tag, ...warm, ...how })
    retryWhileUnavailable(told, warm !== undefined)
    from += told.asked
    return told.perSecond
  }
  const contenders = {
    batch: load({ url: `${gateway.url}/batch`, batch: ROWS, connections: CALLERS }, 'b'),
    single: load({ url: gateway.url, headers: { ...gateway.headers, prefer: 'respond-async' } }, 's')
  }
  if (composed !== null) contenders.bulk = load({ url: `${composed.url}/batch`, batch: ROWS, connections: CALLERS }, 'c', {})
  await warmUp(contenders, { tell, quick })
  const found = await interleave(contenders, rounds, tell)
  return [
    judge('8 messages a second in batches of 1,000', { least: 3, unit: '/s', against: 'single posts' }, found.batch, found.single),
    ...found.bulk === undefined ? [] : [figure('8 messages a second in batches of 1,000, beside addBulk', { unit: '/s', against: 'composed with addBulk' }, found.batch, found.bulk)]
  ]
}
