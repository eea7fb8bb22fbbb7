/** Batched calls: one sender's messages of one tick of the event loop with the same shared arguments. */
import t from 'tap'
import type { Part } from '../../src/redis/script-call.js'
import { runBatched } from '../../src/redis/batch-calls.js'

const part = (name: string): Part => ({ args: [name] })

/** Records the calls, and replies to each message with its own name. */
function createCalls (): { calls: string[][], flushed: number[], run: ReturnType<typeof runBatched> } {
  const calls: string[][] = []
  const flushed: number[] = []
  const run = runBatched(async (sender, args, parts) => {
    calls.push([sender, ...args, ...parts.map(one => (one.args[0] ?? '').slice(0, 1))])
    return parts.map(one => ['done', one.args[0]])
  }, () => flushed.push(calls.length))
  return { calls, flushed, run }
}

await t.test('messages of one tick are one call, and each gets its own reply', async t => {
  const { calls, run } = createCalls()
  t.strictSame(await Promise.all(['a', 'b', 'c'].map(async name => await run('1', ['x'], part(name)))), [['done', 'a'], ['done', 'b'], ['done', 'c']])
  await run('1', ['x'], part('d'))
  t.strictSame(calls, [['1', 'x', 'a', 'b', 'c'], ['1', 'x', 'd']])
})

await t.test('messages of other senders, or with other shared arguments, are calls of their own, in order', async t => {
  const { calls, run } = createCalls()
  await Promise.all([run('1', ['x'], part('a')), run('2', ['x'], part('b')), run('1', ['y'], part('c')), run('1', ['x'], part('d'))])
  t.strictSame(calls, [['1', 'x', 'a'], ['1', 'y', 'c'], ['1', 'x', 'd'], ['2', 'x', 'b']])
})

await t.test('a call goes before the end of the tick once it has as many messages as Redis works on, at most 50', async t => {
  const { calls, flushed, run } = createCalls()
  await Promise.all(Array.from({ length: 120 }, async () => await run('1', [], part('a'))))
  t.strictSame(calls.map(call => call.length - 1), [16, 16, 32, 50, 6])
  t.strictSame(flushed, [1, 2, 3, 4], 'the last call waits for the end of the tick')
  await Promise.all(Array.from({ length: 15 }, async () => await run('1', [], part('a'))))
  t.strictSame([calls.length, flushed.length], [6, 4], 'a small call waits for the end of the tick')
})

await t.test('a call carries a limited number of characters', async t => {
  const { calls, run } = createCalls()
  await Promise.all(Array.from({ length: 5 }, async () => await run('1', [], part('l'.repeat(150_000)))))
  t.strictSame(calls.map(call => call.length - 1), [2, 2, 1])
})

await t.test('a call that fails fails for all its messages, and a message that fails fails alone', async t => {
  const failing = runBatched(async () => { throw new TypeError('lost') }, () => {})
  const lost = await Promise.allSettled([failing('1', [], part('a')), failing('1', [], part('b'))])
  t.match(lost, [{ reason: { message: 'lost' } }, { reason: { message: 'lost' } }])
  const partly = runBatched(async () => [['done'], ['error', 'why']], () => {})
  const replies = await Promise.allSettled([partly('1', [], part('a')), partly('1', [], part('b')), partly('1', [], part('c'))])
  t.match(replies, [{ value: ['done'] }, { reason: { code: 'INTERNAL', message: 'why' } }, { reason: { code: 'INTERNAL', message: 'no reply' } }])
})
