/** How the count of failures by cause is shared: no reader waits for a slow one twice, and an operator sees the result of an action. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { shareSummary, type FailureSummary } from '../../src/failure/summary.js'
import { until } from '../support/until.js'

const numbered = (count: number): FailureSummary => ({ groups: [], unavailable: [String(count)] })

await t.test('readers at the same time share a count, and the next one counts again where that is quick', async t => {
  let counts = 0
  const { read } = shareSummary(async () => {
    counts++
    await sleep(1)
    return numbered(counts)
  })
  await Promise.all([read(['1']), read(['1'])])
  t.equal(counts, 1)
  await until('it is counted again', async () => (await read(['1'])).unavailable[0] === '2')
})

await t.test('a slow count is returned while the next one is made, and only once at a time', async t => {
  let [counts, release] = [0, () => {}]
  const { read, forget } = shareSummary(async () => {
    counts++
    const own = counts
    if (own === 1) await sleep(210)
    else await new Promise<void>(resolve => { release = resolve })
    return numbered(own)
  })
  await read(['1'])
  await until('the next count begins', async () => (await read(['1'])).unavailable[0] === '1' && counts === 2)
  t.same([(await read(['1'])).unavailable, counts], [['1'], 2], 'readers still get the former one')
  release()
  await until('readers get the next one', async () => (await read(['1'])).unavailable[0] === '2')
  forget()
  const fresh = read(['1'])
  t.equal(counts, 3, 'after an action the count is new')
  release()
  t.same((await fresh).unavailable, ['3'])
})

await t.test('what was counted before an action is not returned after it, and an error is not kept', async t => {
  const [releases, results]: [Array<(error?: Error) => void>, number[]] = [[], []]
  const { read, forget } = shareSummary(async () => {
    const own = results.push(0)
    await new Promise<void>((resolve, reject) => releases.push(error => { error === undefined ? resolve() : reject(error) }))
    return numbered(own)
  })
  const before = read(['1'])
  forget()
  const after = read(['1'])
  releases[0]?.()
  releases[1]?.()
  t.same([(await before).unavailable, (await after).unavailable], [['1'], ['2']])
  forget()
  const failing = read(['1'])
  releases[2]?.(new Error('Redis is away'))
  await t.rejects(failing, 'Redis is away')
  const next = read(['1'])
  releases[3]?.()
  t.same((await next).unavailable, ['4'])
})
