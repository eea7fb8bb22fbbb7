import { pino } from 'pino'
import t from 'tap'
import { logEvents } from '../../src/metrics/logs.js'
import { createGround } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { until } from '../support/until.js'

const ground = await createGround(t)

await t.test('no log line of a busy flow shows a number, a text, a key or a token', async t => {
  const lines: string[] = []
  const node = await ground.start(t, {
    LOG_LEVEL: 'trace', WHATSAPP_ACCESS_TOKEN: 'EAAsecrettoken', WHATSAPP_RATE_LIMIT_MS: '60', WHATSAPP_RETRY_SCHEDULE_MS: '50,50', WHATSAPP_RETRY_INTERVAL_MS: '100', SEND_TIMEOUT_MS: '200', UNKNOWN_HOLD_MS: '100'
  }, { onLog: line => { lines.push(line) } })
  logEvents(node.events, pino({ level: 'trace' }, { write: line => { lines.push(line) } }))
  const text = 'Your code is 493817'
  const people = ['15550008001', '155611310000801', '15560131026', '15558400011', '15558200011', '15550008002']
  await Promise.all(people.map(async to => await node.send(`+${to}`, text, { metadata: { patient: 'Jane Doe' } })))
  await Promise.all(Array.from({ length: 5 }, async (_, at) => await node.send('+15550008001', `${text} ${at}`)))
  await node.del('/rate-limits/+15550008001')
  await node.get('/messages?recipient=%2B15550008001')
  await node.get('/failures?recipient=%2B15560131026')
  await node.send('+1555000800', text, { unknown: true })
  await node.as('a-wrong-key-that-is-secret').send('+15550008003', text)
  await node.send('US.13491208655302741918', text)
  await until('all is settled', async () => (await node.get('/stats')).body['senders'][0].unsettled === 0)
  await ground.sandbox.control('POST', 'faults', { recipient: '*', sender: SENDER, times: 1, kind: 'code', code: 190 })
  await node.send('+15550008004', text)
  await node.close()

  t.ok(lines.length > 30, `${lines.length} lines`)
  const secrets = [...people, '15550008004', '1349120865530', '5550008', '493817', 'Jane Doe', 'EAAsecrettoken', 'a-wrong-key', ...Object.values(keys)]
  for (const secret of secrets) t.same(lines.filter(line => line.includes(secret)), [], `nothing of ${secret}`)
  const all = lines.map(line => JSON.parse(line) as { msg?: string })
  for (const msg of ['message granted', 'message throttled: queued', 'attempt sent', 'attempt failed, will retry', 'attempt failed', 'attempt unknown', 'sender stopped']) {
    t.ok(all.some(line => line.msg === msg), `there is a line "${msg}"`)
  }
})

await t.test('a script that fails is told without the command that held the message', async t => {
  const lines: string[] = []
  const node = await ground.start(t, {}, { onLog: line => { lines.push(line) } })
  logEvents(node.events, pino({ level: 'trace' }, { write: line => { lines.push(line) } }))
  await ground.redis.connect().set(`{${node.prefix}:${SENDER}}:backlog`, 'no hash')
  t.match(await node.send('+15550008101', 'Your code is 493817'), { status: 500, body: { code: 'INTERNAL' } })
  t.match((await node.post('/messages/batch', [{ to: '+15550008101', message: 'Your code is 493817' }])).body['results'][0], { httpStatus: 500 })
  t.ok(lines.some(line => line.includes('WRONGTYPE')), 'the cause is told')
  for (const secret of ['5550008101', '493817']) t.same(lines.filter(line => line.includes(secret)), [], `nothing of ${secret}`)
})
