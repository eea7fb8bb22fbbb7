/** Goal 6: the Redis CPU of an admission and a claim, with a growing number of waiting messages and of senders. */
import { interleave, judge } from '../kit/rounds.mjs'

const WANT = 10

export async function growth ({ environment, rounds, quick, report }) {
  const [few, many] = quick ? [2000, 15_000] : [10_000, 1_000_000]
  const senders = quick ? 100 : 1000
  // The smallest setup has at least this many messages ready at the same time.
  const [claims, admissions] = quick ? [200, 1000] : [500, 4000]
  const start = async (waiting, senders) => {
    // Without the append-only file: a rewrite of a million messages is not what is measured.
    const redis = await environment.redis({ persists: false })
    const { ask } = await environment.child('scripts.mjs', { redisUrl: redis.url, senders })
    for (let left = waiting; left > 0; left -= 10_000) {
      report(`filling ${waiting.toLocaleString('en')} of ${senders} sender(s), ${left.toLocaleString('en')} left`)
      await ask('admit', Math.min(left, 10_000))
    }
    return async () => {
      const { claimUs } = await ask('claimAndSettle', { many: claims, want: WANT })
      return { admitUs: await ask('admit', admissions), claimUs }
    }
  }
  const contenders = { few: await start(few, 1), many: await start(many, 1), spread: await start(few, senders) }
  await interleave(contenders, 1, () => report('warming up'))
  const found = await interleave(contenders, rounds, report)
  const all = (name, key) => found[name].map(one => one[key])
  const bound = (most, against) => ({ most, unit: 'µs', against })
  const fewer = bound(1.3, `${few.toLocaleString('en')} waiting`)
  const [more, wider] = [`${many.toLocaleString('en')} waiting`, `${senders.toLocaleString('en')} senders`]
  return [
    judge(`6 Redis's CPU of an admission, ${more}`, fewer, all('many', 'admitUs'), all('few', 'admitUs')),
    judge(`6 Redis's CPU of a message claimed, ${more}`, fewer, all('many', 'claimUs'), all('few', 'claimUs')),
    judge(`6 Redis's CPU of an admission, ${wider}`, bound(1.5, '1 sender'), all('spread', 'admitUs'), all('few', 'admitUs')),
    judge(`6 Redis's CPU of a message claimed, ${wider}`, bound(1.5, '1 sender'), all('spread', 'claimUs'), all('few', 'claimUs'))
  ]
}
