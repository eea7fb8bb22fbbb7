/** Not a goal: other setups of the composed peer, to compare the goals with its best one. */
import { checkAccepted, meter } from '../kit/environment.mjs'
import { figure, interleave, warmUp } from '../kit/rounds.mjs'

const variants = {
  composed: {},
  'ioredis autopipelining': { autopipelining: true },
  'a separate connection for the queue': { ownConnection: true },
  'concurrent requests to key and limiter': { atOnce: true }
}

export async function peers ({ environment, rounds, seconds, quick, report }) {
  const provider = await environment.provider()
  const callers = await environment.callers()
  let run = 0
  const load = async options => {
    const redis = await environment.redis()
    const process = await environment.composed({ ...options, redis, apiUrl: provider.url })
    return async how => {
      const { result, nodeUs, redisUs } = await meter({ process, redis }, async () => await callers.ask('run', {
        url: process.url, headers: { prefer: 'respond-async' }, seconds, tag: `p${++run}`, ...how
      }))
      checkAccepted(result, how !== undefined)
      return { perSecond: result.perSecond, us: (nodeUs + redisUs) / result.accepted }
    }
  }
  const contenders = {}
  for (const [name, options] of Object.entries(variants)) contenders[name] = await load(options)
  await warmUp(contenders, { report, quick })
  const found = await interleave(contenders, rounds, report)
  return Object.keys(variants)
    .filter(name => name !== 'composed')
    .flatMap(name =>
      [
        ['messages a second', 'perSecond', '/s'],
        ['CPU of node and Redis', 'us', 'µs']
      ].map(([what, key, unit]) =>
        figure(
          `the peer with ${name}, ${what}`,
          { unit, against: 'unchanged' },
          found[name].map(one => one[key]),
          found['composed'].map(one => one[key])
        )
      )
    )
}
