/** The metrics that each event updates, without Redis. */
import t from 'tap'
import { createBus, type Bus } from '../../src/events.js'
import { createInstruments, type Instruments } from '../../src/metrics/instruments.js'
import { record } from '../../src/metrics/recording.js'
import { standardPolicy } from '../../src/provider/policy.js'

const SENDER = '111'

function listen (): { events: Bus, to: Instruments, count: (line: string) => Promise<number | undefined> } {
  const events = createBus()
  const to = createInstruments()
  record(events, to, { senders: [SENDER], codeName: standardPolicy.nameOf })
  return {
    events,
    to,
    async count (series) {
      const line = (await to.registry.metrics()).split('\n').find(one => one.startsWith(`sluice_${series} `))
      return line === undefined ? undefined : Number(line.split(' ').at(-1))
    }
  }
}

const attempt = {
  sender: SENDER,
  id: '111.a.b',
  recipient: 'p15550000001',
  caller: 'app',
  attempt: 1,
  lane: 'urgent',
  outcome: 'sent',
  startedAfterMs: 4,
  durationMs: 200,
  lateMs: 30,
  settlement: 'sent'
} as const

await t.test('an attempt counts by outcome, and a settled message by its final outcome', async t => {
  const { events, count } = listen()
  events.emit('attempt.settled', attempt)
  events.emit('attempt.settled', { ...attempt, outcome: 'rejected', code: '131026', settlement: 'failed' })
  events.emit('attempt.settled', { ...attempt, outcome: 'retryable', code: 'HTTP_503', settlement: 'retry' })
  t.equal(await count('provider_requests_total{sender="111",outcome="sent",code=""}'), 1)
  t.equal(await count('provider_requests_total{sender="111",outcome="rejected",code="131026"}'), 1)
  t.equal(await count('provider_requests_total{sender="111",outcome="retryable",code="HTTP_5XX"}'), 1)
  t.equal(await count('messages_settled_total{sender="111",outcome="sent"}'), 1)
  t.equal(await count('messages_settled_total{sender="111",outcome="failed"}'), 1)
  t.equal(await count('dispatch_lateness_seconds_bucket{le="0.025",lane="urgent"}'), 0)
  t.equal(await count('dispatch_lateness_seconds_bucket{le="0.05",lane="urgent"}'), 3, 'lateMs in seconds')
  t.equal(await count('provider_request_duration_seconds_sum{outcome="sent"}'), 0.2)
})

await t.test('an unknown code creates no series of its own', async t => {
  const { events, to, count } = listen()
  for (let i = 0; i < 50; i++) events.emit('attempt.settled', { ...attempt, outcome: 'rejected', code: `99${i}000`, settlement: 'failed' })
  for (let i = 0; i < 50; i++) events.emit('sender.stopped', { sender: SENDER, code: `98${i}000`, error: '' })
  t.equal(await count('provider_requests_total{sender="111",outcome="rejected",code="other"}'), 50)
  t.equal(await count('sender_stops_total{sender="111",code="other"}'), 50)
  t.notMatch(await to.registry.metrics(), /9[89]\d+000/)
})

await t.test('an attempt that this node did not start has no duration', async t => {
  const { events, count } = listen()
  events.emit('attempt.settled', { ...attempt, outcome: 'unsent', code: 'NOT_STARTED', startedAfterMs: null, durationMs: 0, settlement: 'wait' })
  events.emit('attempt.settled', { ...attempt, outcome: 'unknown', code: 'LEASE_EXPIRED', startedAfterMs: 250, durationMs: 0, settlement: 'unknown' })
  t.equal(await count('provider_requests_total{sender="111",outcome="unknown",code="LEASE_EXPIRED"}'), 1)
  t.equal(await count('unknown_outcomes_total{sender="111"}'), 1)
  t.equal(await count('dispatch_lateness_seconds_count{lane="urgent"}'), undefined)
  t.equal(await count('provider_request_duration_seconds_count{outcome="unknown"}'), undefined)
})

await t.test('a late success counts as sent, and a second one as a double send', async t => {
  const { events, count } = listen()
  const stale = { sender: SENDER, id: '111.a.b', attempt: 1, outcome: 'sent' } as const
  for (const result of ['sent', 'double', 'gone', 'ignored']) events.emit('attempt.stale', { ...stale, result })
  t.equal(await count('messages_settled_total{sender="111",outcome="sent"}'), 1)
  t.equal(await count('double_sends_total{sender="111"}'), 1)
  t.equal(await count('provider_requests_total{sender="111",outcome="sent",code=""}'), 4)
})

await t.test('series that alerts use start at 0, also for a sender added later', async t => {
  const { events, count } = listen()
  const alertSeries = async (sender: string): Promise<unknown[]> =>
    await Promise.all(
      ['pair_spacing_violations_total', 'unknown_outcomes_total', 'double_sends_total'].map(async name => await count(`${name}{sender="${sender}"}`))
    )
  t.same(await alertSeries(SENDER), [0, 0, 0])
  t.equal(await count('sender_stops_total{sender="111",code="190"}'), 0)
  t.equal(await count('operator_acts_total{action="pause"}'), 0)
  t.equal(await count('retry_results_total{result="permanently_failed"}'), 0)
  t.same(await alertSeries('222'), [undefined, undefined, undefined])
  events.emit('senders.reloaded', { total: 2, added: ['222'], removed: [], renewed: [] })
  t.same(await alertSeries('222'), [0, 0, 0])
  events.emit('pair.violated', { sender: '222', id: 'x', gapMs: 1, intervalMs: 2000 })
  t.same(await alertSeries('222'), [1, 0, 0])
})

await t.test('rejections, duplicates, retries, repairs, operator actions and unexpected errors count by kind', async t => {
  const { events, count } = listen()
  const admission = { sender: SENDER, id: '', lane: 'normal', caller: 'app', keySource: 'header', durationMs: 3 } as const
  events.emit('message.admitted', { ...admission, outcome: 'rejected', code: 'BACKLOG_FULL' })
  events.emit('message.admitted', { ...admission, outcome: 'reused' })
  events.emit('message.admitted', { ...admission, outcome: 'duplicate' })
  events.emit('message.closed', { sender: SENDER, id: 'x', state: 'expired' })
  events.emit('retry.ran', { total: 6, succeeded: 1, failed: 2, permanentlyFailed: 0, deferred: 3, by: 'the retry worker' })
  events.emit('retry-worker.ran', { total: 6, durationMs: 3 })
  events.emit('recovery.found', { sender: SENDER, kind: 'lease', id: 'x' })
  events.emit('operator.action', { by: 'ops', action: 'pause', sender: SENDER, subject: SENDER })
  events.emit('unexpected-error', { location: `recovery of ${SENDER}`, error: null })
  t.equal(await count('refusals_total{sender="111",code="BACKLOG_FULL"}'), 1)
  t.equal(await count('refusals_total{sender="111",code="IDEMPOTENCY_KEY_REUSED"}'), 1)
  t.equal(await count('duplicates_total{sender="111",source="header"}'), 1)
  t.equal(await count('messages_admitted_total{sender="111",outcome="rejected",lane="normal"}'), 1)
  t.equal(await count('messages_settled_total{sender="111",outcome="expired"}'), 1)
  t.equal(await count('retry_runs_total'), 1)
  t.equal(await count('retry_results_total{result="deferred"}'), 3)
  t.equal(await count('recoveries_total{sender="111",kind="lease"}'), 1)
  t.equal(await count('operator_acts_total{action="pause"}'), 1)
  t.equal(await count('faults_total{location="recovery"}'), 1)
  t.equal(await count('admission_duration_seconds_count'), 3)
})
