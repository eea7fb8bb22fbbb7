/** The output of the log: the gateway never waits for a slow reader, and reports dropped lines. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { setImmediate as endOfTick } from 'node:timers/promises'
import t from 'tap'
import { createLogOutput } from '../../src/metrics/log-output.js'

/** A stream whose reader takes one chunk per call of `take`. */
function slowReader () {
  const pieces: string[] = []
  let taken: (() => void) | undefined
  const stream = new Writable({
    decodeStrings: false,
    write (text: string, _encoding, done) {
      pieces.push(text)
      taken = done
    }
  })
  return { stream, pieces, take: () => taken?.() }
}

await t.test('lines of one tick are written together', async t => {
  const { stream, pieces } = slowReader()
  const output = createLogOutput(stream, () => t.fail('nothing is dropped'))
  output.write('a\n')
  output.write('b\n')
  await endOfTick()
  t.strictSame(pieces, ['a\nb\n'])
})

await t.test('unread lines are buffered up to the limit, then dropped whole and reported', async t => {
  const { stream, pieces, take } = slowReader()
  const dropped: number[] = []
  const output = createLogOutput(stream, lines => dropped.push(lines), 10)
  for (const line of ['first\n', 'second\n', 'third\n', 'fourth\n']) {
    output.write(line)
    await endOfTick()
  }
  t.strictSame(dropped, [], 'not reported while the output is blocked')
  for (let i = 0; i < 2; i++) {
    take()
    await endOfTick()
  }
  output.write('fifth\n')
  await endOfTick()
  take()
  await endOfTick()
  t.strictSame(dropped, [2])
  t.equal(pieces.join(''), 'first\nsecond\nfifth\n')
})

await t.test('a reader that closes its end does not end the process', async t => {
  const { stream } = slowReader()
  const output = createLogOutput(stream, () => undefined)
  stream.destroy(new Error('EPIPE'))
  output.write('a\n')
  await endOfTick()
  t.pass('the process goes on')
})

await t.test('a process whose pipe is not read goes on, and exits after all its lines were read', async t => {
  const program = `
    import { createLog } from ${JSON.stringify(new URL('../../src/metrics/log.ts', import.meta.url).href)}
    import { flushLog } from ${JSON.stringify(new URL('../../src/metrics/log-output.ts', import.meta.url).href)}
    const log = createLog('info')
    for (let tick = 0; tick < 100; tick++) {
      for (let line = 0; line < 100; line++) log.info({ filler: 'x'.repeat(100) }, 'request')
      await new Promise(resolve => setImmediate(resolve))
    }
    process.stderr.write('it goes on')
    await flushLog(process.stdout)
    process.exit(0)`
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stderr] = await once(child.stderr, 'data') as [Buffer]
  t.equal(String(stderr), 'it goes on')
  let text = ''
  child.stdout.on('data', piece => { text += String(piece) })
  await once(child.stdout, 'end')
  t.equal(text.trim().split('\n').length, 10_000)
})
