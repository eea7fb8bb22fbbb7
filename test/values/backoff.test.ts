import t from 'tap'
import { backoffMs } from '../../src/values/backoff.js'

const range = { firstMs: 100, longestMs: 1000 }

await t.test('the bound of a delay doubles with each retry up to the longest, and never overflows', t => {
  const bounds = [100, 200, 400, 800, 1000, 1000]
  for (const [retry, boundMs] of [...bounds.entries(), [5000, 1000] as const]) {
    const delays = Array.from({ length: 200 }, () => backoffMs(retry, range))
    t.ok(delays.every(ms => ms >= boundMs / 2 && ms <= boundMs), `retry ${retry}: ${Math.min(...delays)} to ${Math.max(...delays)} ms`)
  }
  t.end()
})

await t.test('delays of one retry differ, so that clients that failed together spread out', t => {
  const delays = Array.from({ length: 200 }, () => backoffMs(10, range))
  t.ok(Math.max(...delays) - Math.min(...delays) > 300)
  t.end()
})
