/** Goal 9: concurrent `sendMessage` calls of one process, which the client joins into batches, compared with a request for each. */
import { SHARED } from '../kit/process.mjs'
import { meter } from '../kit/environment.mjs'
import { figure, interleave, judge, warmUp } from '../kit/rounds.mjs'

/** Calls under way in the calling process. */
const CALLERS = 256

export async function client ({ environment, rounds, seconds, quick, report, profile }) {
  const provider = await environment.provider()
  const redis = await environment.redis()
  const gateway = await environment.gateway({ redis, apiUrl: provider.url, role: 'api', profile })
  const apiKey = gateway.headers.authorization.slice('Bearer '.length)
  const { ask } = await environment.child('client.mjs', { baseUrl: new URL(gateway.url).origin, apiKey }, SHARED)
  const load = how => async warm => {
    const { result, nodeUs } = await meter({ process: gateway, redis }, async () => await ask('run', { how, callers: CALLERS, seconds, ...warm }))
    return { ...result, nodeUs: nodeUs / result.accepted }
  }
  const contenders = { batched: load('batched'), single: load('single') }
  await warmUp(contenders, { report, quick })
  const found = await interleave(contenders, rounds, report)
  const all = (name, key) => found[name].map(one => one[key])
  const against = 'without batching'
  return [
    judge('9 client: messages a second of one process', { least: 3, unit: '/s', against }, all('batched', 'perSecond'), all('single', 'perSecond')),
    figure('9 client: CPU of the calling process', { unit: 'µs', against }, all('batched', 'clientUs'), all('single', 'clientUs')),
    figure('9 client: CPU of the gateway\'s node', { unit: 'µs', against }, all('batched', 'nodeUs'), all('single', 'nodeUs'))
  ]
}
