import t from 'tap'
import { createGate, forAll, inIsolation, inParallel } from '../src/parallel.js'
import { pass } from './support/until.js'

await t.test('a gate limits the work in progress over all callers, first in, first out, also after errors', async t => {
  const gate = createGate(3)
  const started: number[] = []
  let running = 0
  let most = 0
  const work = async (n: number): Promise<number> => await gate(async () => {
    started.push(n)
    most = Math.max(most, ++running)
    await pass(1)
    running--
    if (n % 4 === 0) throw new TypeError(`${n}`)
    return n
  })
  const done = await Promise.allSettled(Array.from({ length: 20 }, async (_, n) => await work(n)))
  t.equal(most, 3)
  t.strictSame(started, Array.from({ length: 20 }, (_, n) => n))
  t.equal(done.filter(({ status }) => status === 'rejected').length, 5)
  t.strictSame(await Promise.all([work(1), inParallel([2, 3], 2, work)]), [1, [2, 3]], 'and no slot is lost')
  t.equal(most, 3)
})

await t.test('an error of one item stops no other', async t => {
  const failed: Array<[number, string]> = []
  const work = async (n: number): Promise<number> => {
    await pass(1)
    if (n % 3 === 0) throw new TypeError(`${n}`)
    return n
  }
  const items = [1, 2, 3, 4, 5, 6, 7]
  t.strictSame(await inIsolation(items, 2, work, (error, item) => failed.push([item, (error as Error).message])), [1, 2, 4, 5, 7])
  t.strictSame(failed, [[3, '3'], [6, '6']])
  const done: number[] = []
  await t.rejects(forAll(items, 2, async n => done.push(await work(n))), { message: '3' }, 'the first error, after all others are done')
  t.strictSame(done.sort(), [1, 2, 4, 5, 7])
})
