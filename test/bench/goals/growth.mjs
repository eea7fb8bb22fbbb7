/** Goal 6: what an admission and a claim cost Redis, as ever more messages wait and ever more senders send. */
import { figure, interleave, judge } from '../kit/rounds.mjs'

const WANT = 10
/** Fewer than are due at the same moment with the fewest messages. */
const CLAIMS = 500
const ADMISSIONS = 4000

export async function growth ({ ground, rounds, quick, tell }) {
  const [few, many] = quick ? [2000, 20_000] : [10_000, 1_000_000]
  const senders = quick ? 100 : 1000
  const start = async (waiting, senders) => {
    // Without the file: a million messages would be written twice, and rewriting is not what is asked.
    const redis = await ground.redis({ persists: false })
    const { ask } = await ground.child('scripts.mjs', { redisUrl: redis.url, senders })
    for (let left = waiting; left > 0; left -= 10_000) {
      tell(`filling ${waiting.toLocaleString('en')} of ${senders} sender(s), ${left.toLocaleString('en')} left`)
      await ask('admit', Math.min(left, 10_000))
    }
    return async () => {
      const { claimUs } = await ask('claimAndSettle', { many: CLAIMS, want: WANT })
      return { admitUs: await ask('admit', ADMISSIONS), claimUs }
    }
  }
  const contenders = { few: await start(few, 1), many: await start(many, 1), spread: await start(few, senders) }
  await interleave(contenders, 1, () => tell('warming up'))
  const found = await interleave(contenders, rounds, tell)
  const all = (name, key) => found[name].map(one => one[key])
  const bound = against => ({ most: 1.5, unit: 'µs', against })
  const [more, wider] = [`${many.toLocaleString('en')} waiting`, `${senders.toLocaleString('en')} senders`]
  return [
    judge(`6 Redis's CPU of an admission, ${more}`, bound(`${few.toLocaleString('en')} waiting`), all('many', 'admitUs'), all('few', 'admitUs')),
    judge(`6 Redis's CPU of a message claimed, ${more}`, bound(`${few.toLocaleString('en')} waiting`), all('many', 'claimUs'), all('few', 'claimUs')),
    judge(`6 Redis's CPU of an admission, ${wider}`, bound('1 sender'), all('spread', 'admitUs'), all('few', 'admitUs')),
    judge(`6 Redis's CPU of a message claimed, ${wider}`, bound('1 sender'), all('spread', 'claimUs'), all('few', 'claimUs'))
  ]
}

/** Not a goal: Redis's CPU for each script, beside the least that any idempotent gateway does. */
export async function scripts ({ ground, rounds, quick, tell }) {
  const count = quick ? 1000 : 5000
  const redis = await ground.redis()
  const { ask } = await ground.child('scripts.mjs', { redisUrl: redis.url, senders: 1 })
  const bare = await ground.child('scripts.mjs', { redisUrl: (await ground.redis()).url, senders: 1, findMs: 0 })
  await ask('admit', count)
  await bare.ask('admit', count)
  const contenders = {
    floor: async () => await ask('floor', count),
    admit: async () => await ask('admit', count),
    bare: async () => await bare.ask('admit', count),
    claimAndSettle: async () => await ask('claimAndSettle', { many: Math.floor(count / 3), want: 100 })
  }
  const found = await interleave(contenders, rounds, tell)
  const [floor, pick] = [found.floor, key => found.claimAndSettle.map(one => one[key])]
  const than = { unit: 'µs', against: 'SET NX PX' }
  return [
    figure('Redis\'s CPU of an admission', than, found.admit, floor),
    figure('Redis\'s CPU of an admission without look-ups (FIND_WITHIN_MS=0)', than, found.bare, floor),
    figure('Redis\'s CPU of a message claimed, 100 at a time', than, pick('claimUs'), floor),
    figure('Redis\'s CPU of a settlement', than, pick('settleUs'), floor)
  ]
}
