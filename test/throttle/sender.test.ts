import t from 'tap'
import { senderQuota } from '../../src/throttle/quota.js'

/** Times of grants in µs until `untilUs`, with a message always waiting except in the pauses; by the rule of lua/include/gcra.lua. */
function grants ({ intervalUs, burst }: { intervalUs: number, burst: number }, untilUs: number, pauses: Array<[from: number, to: number]>): number[] {
  const found: number[] = []
  let tat = 0
  let now = 0
  while (now < untilUs) {
    const pause = pauses.find(([from, to]) => now >= from && now < to)
    if (pause !== undefined) now = pause[1]
    const earliest = tat - (burst - 1) * intervalUs
    if (earliest > now) {
      now = earliest
      continue
    }
    found.push(now)
    tat = Math.max(now, tat) + intervalUs
  }
  return found
}

function mostInASecond (moments: number[]): number {
  let most = 0
  for (let from = 0, to = 0; to < moments.length; to++) {
    while ((moments[to] ?? 0) - (moments[from] ?? 0) >= 1_000_000) from++
    most = Math.max(most, to - from + 1)
  }
  return most
}

await t.test('no sliding second holds more than the rate, from 1 to 1,000 a second', async t => {
  const above: number[] = []
  const below: number[] = []
  for (let rate = 1; rate <= 1000; rate++) {
    const moments = grants(senderQuota(rate), 3_000_000, [[1_200_000, 1_217_000 + rate * 31], [2_000_000, 2_000_100]])
    if (mostInASecond(moments) > rate) above.push(rate)
    if (moments.length < rate * 2.4) below.push(rate)
  }
  t.same(above, [])
  t.same(below.filter(rate => rate > 20), [], 'nor are there far fewer grants')
})

await t.test('the burst is small, so that an idle sender does not flood the provider', async t => {
  t.same([1, 39, 40, 80, 1000].map(rate => senderQuota(rate).burst), [1, 1, 1, 2, 25])
  t.same(senderQuota(1), { burst: 1, intervalUs: 1_000_000 })
})
