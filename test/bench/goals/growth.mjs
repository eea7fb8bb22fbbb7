/** Goal 6: what an admission and a claim cost Redis, as ever more messages wait and ever more senders send. */
import { interleave, judge } from '../kit/rounds.mjs'

const WANT = 10

export async function growth ({ ground, rounds, quick, tell }) {
  const [few, many] = quick ? [2000, 15_000] : [10_000, 1_000_000]
  const senders = quick ? 100 : 1000
  // So many are due at the same moment with the fewest messages.
  const [claims, admissions] = quick ? [200, 1000] : [500, 4000]
  const start = async (waiting, senders) => {
    // Without the file: a million messages would be written twice, and rewriting is not what is asked.
    const redis = await ground.redis({ persists: false })
    const { ask } = await ground.child('scripts.mjs', { redisUrl: redis.url, senders })
    for (let left = waiting; left > 0; left -= 10_000) {
      tell(`filling ${waiting.toLocaleString('en')} of ${senders} sender(s), ${left.toLocaleString('en')} left`)
      await ask('admit', Math.min(left, 10_000))
    }
    return async () => {
      const { claimUs } = await ask('claimAndSettle', { many: claims, want: WANT })
      return { admitUs: await ask('admit', admissions), claimUs }
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
