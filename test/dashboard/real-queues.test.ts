/** BullMQ's own queues in the dashboard: what their jobs report of their progress and results. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER } from '../support/gateway.js'
import { until } from '../support/until.js'
import { openBoard, queued } from './support.js'

const environment = await createTestEnvironment(t)

await t.test('the job of a drain run reports how many messages it has sent so far, and in the end', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '2000', ...longStartWindow })
  const board = openBoard(node)
  for (let n = 0; n < 3; n++) await node.send('+15550000001', `text ${n}`, {}, queued)
  const running = await until('progress', async () => {
    const [job] = (await board.queue('active', 1, 10, 'WHATSAPP-drain')).jobs
    return (job?.['progress']?.sends ?? 0) > 0 && job
  })
  t.match(running, { data: { sender: SENDER }, progress: { sends: Number } })
  const done = await until('the end of the drain run', async () => {
    // Its progress was seen, so it need not wait between its messages any more.
    await node.del('/rate-limits/+15550000001')
    return (await board.queue('completed', 1, 10, 'WHATSAPP-drain')).jobs[0]
  })
  t.match(done, { returnValue: Number })
})

await t.test('the job of a retry run reports the results of its failures', async t => {
  const node = await environment.start(t, {
    WHATSAPP_RATE_LIMIT_MS: '1',
    WHATSAPP_RETRY_SCHEDULE_MS: '1,600000',
    WHATSAPP_RETRY_INTERVAL_MS: '300',
    ...longStartWindow
  })
  const board = openBoard(node)
  await node.send('+1556113100031')
  const [run] = await until('a run with a failure', async () => {
    const { jobs } = await board.queue('completed', 1, 50, 'WHATSAPP-retry')
    const found = jobs.filter(job => job['returnValue']?.total > 0)
    return found.length > 0 && found
  })
  t.match(run?.['returnValue'], { total: 1, succeeded: 1, failed: 0, permanentlyFailed: 0, deferred: 0 })
})
