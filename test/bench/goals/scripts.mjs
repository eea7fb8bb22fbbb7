/** Not a goal: Redis's CPU per script, compared with the minimum of any idempotent gateway. */
import { figure, interleave } from '../kit/rounds.mjs'

export async function scripts ({ environment, rounds, quick, report }) {
  const count = quick ? 1000 : 5000
  const redis = await environment.redis()
  const { ask } = await environment.child('scripts.mjs', { redisUrl: redis.url, senders: 1 })
  const bare = await environment.child('scripts.mjs', { redisUrl: (await environment.redis()).url, senders: 1, findMs: 0 })
  await ask('admit', count)
  await bare.ask('admit', count)
  const contenders = {
    floor: async () => await ask('floor', count),
    admit: async () => await ask('admit', count),
    bare: async () => await bare.ask('admit', count),
    claimAndSettle: async () => await ask('claimAndSettle', { many: Math.floor(count / 3), want: 100 })
  }
  const found = await interleave(contenders, rounds, report)
  const [floor, pick] = [found.floor, key => found.claimAndSettle.map(one => one[key])]
  const options = { unit: 'µs', against: 'SET NX PX' }
  return [
    figure('Redis\'s CPU of an admission', options, found.admit, floor),
    figure('Redis\'s CPU of an admission without look-ups (FIND_WITHIN_MS=0)', options, found.bare, floor),
    figure('Redis\'s CPU of a message claimed, 100 at a time', options, pick('claimUs'), floor),
    figure('Redis\'s CPU of a settlement', options, pick('settleUs'), floor)
  ]
}
