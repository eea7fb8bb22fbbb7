/** Goal 8: a thousand messages in one request, compared with the same messages one by one. */
import { checkAccepted } from '../kit/environment.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

const ROWS = 1000
/** Callers that post batches: enough that the node always has one to process. */
const CALLERS = 2

export async function batch ({ environment, rounds, seconds, quick, report, profile }) {
  const provider = await environment.provider()
  const callers = await environment.callers()
  const gateway = await environment.gateway({ redis: await environment.redis(), apiUrl: provider.url, role: 'api', profile })
  const composed = quick ? null : await environment.composed({ redis: await environment.redis(), apiUrl: provider.url })
  let from = 0
  const load = (how, tag, headers = gateway.headers) => async warm => {
    const result = await callers.ask('run', { headers, seconds, from, tag, ...warm, ...how })
    checkAccepted(result, warm !== undefined)
    from += result.used
    return result.perSecond
  }
  const contenders = {
    batch: load({ url: `${gateway.url}/batch`, batch: ROWS, connections: CALLERS }, 'b'),
    single: load({ url: gateway.url, headers: { ...gateway.headers, prefer: 'respond-async' } }, 's')
  }
  if (composed !== null) contenders.bulk = load({ url: `${composed.url}/batch`, batch: ROWS, connections: CALLERS }, 'c', {})
  await warmUp(contenders, { report, quick })
  const found = await interleave(contenders, rounds, report)
  return [
    judge('8 messages a second in batches of 1,000', { least: 3, unit: '/s', against: 'single posts' }, found.batch, found.single),
    ...(found.bulk === undefined
      ? []
      : [
          figure(
            '8 messages a second in batches of 1,000, against addBulk',
            { unit: '/s', against: 'composed with addBulk' },
            found.batch,
            found.bulk
          )
        ])
  ]
}
