/** Not a goal: other ways to set up the composed peer, so that the goals are held against its best one. */
import { retryWhileUnavailable, meter } from '../kit/ground.mjs'
import { figure, interleave, warmUp } from '../kit/rounds.mjs'

const variants = {
  composed: {},
  'autopipelining of ioredis': { autopipelining: true },
  'a connection of its own for the queue': { ownConnection: true },
  'key and limiter asked at the same time': { atOnce: true }
}

export async function peers ({ ground, rounds, seconds, quick, tell }) {
  const provider = await ground.provider()
  const callers = await ground.callers()
  let run = 0
  const load = async options => {
    const redis = await ground.redis()
    const process = await ground.composed({ ...options, redis, apiUrl: provider.url })
    return async how => {
      const { given, nodeUs, redisUs } = await meter({ process, redis }, async () => await callers.ask('run', {
        url: process.url, headers: { prefer: 'respond-async' }, seconds, tag: `p${++run}`, ...how
      }))
      retryWhileUnavailable(given, how !== undefined)
      return { perSecond: given.perSecond, us: (nodeUs + redisUs) / given.accepted }
    }
  }
  const contenders = {}
  for (const [name, options] of Object.entries(variants)) contenders[name] = await load(options)
  await warmUp(contenders, { tell, quick })
  const found = await interleave(contenders, rounds, tell)
  return Object.keys(variants).filter(name => name !== 'composed').flatMap(name => [['messages a second', 'perSecond', '/s'], ['CPU of node and Redis', 'us', 'µs']].map(([what, key, unit]) =>
    figure(`the peer with ${name}, ${what}`, { unit, against: 'as it is' }, found[name].map(one => one[key]), found['composed'].map(one => one[key]))))
}
