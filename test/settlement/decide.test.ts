import t from 'tap'
import { createSchedule } from '../../src/values/backoff.js'
import type { Outcome } from '../../src/message.js'
import { decide, decideBounce, decideUnknown, type SettlementSettings, type Settlement } from '../../src/settlement/decide.js'

const settings: SettlementSettings = {
  backoff: createSchedule([60_000, 300_000, 900_000, 1_800_000, 3_600_000]), unknownOutcome: 'retry', unknownHoldMs: 0, findMs: 0
}
const times = { startedAfterMs: 1, durationMs: 20 }
const fault = { ...times, code: 'CODE', error: 'error text' }

const table: Array<[what: string, outcome: Outcome, grant: { attempt: number }, settlement: Partial<Settlement>]> = [
  ['a sent attempt is settled as sent', { ...times, status: 'sent', providerMessageId: 'wamid.1' }, { attempt: 1 }, { status: 'sent', bucket: '' }],
  ['a first rejection is retried after a minute', { ...fault, status: 'retryable' }, { attempt: 1 }, { status: 'retry', afterMs: 60_000 }],
  [
    'a Retry-After slightly longer than the schedule is used',
    { ...fault, status: 'retryable', retryAfterMs: 90_000 },
    { attempt: 1 },
    { status: 'retry', afterMs: 90_000 }
  ],
  [
    'a Retry-After shorter than the schedule is ignored',
    { ...fault, status: 'retryable', retryAfterMs: 1000 },
    { attempt: 1 },
    { status: 'retry', afterMs: 60_000 }
  ],
  [
    'a Retry-After is limited to twice the schedule',
    { ...fault, status: 'retryable', retryAfterMs: 86_400_000 },
    { attempt: 1 },
    { status: 'retry', afterMs: 120_000 }
  ],
  ['a fifth rejection is retried after an hour', { ...fault, status: 'retryable' }, { attempt: 5 }, { status: 'retry', afterMs: 3_600_000 }],
  ['a sixth rejection is the last', { ...fault, status: 'retryable' }, { attempt: 6 }, { status: 'failed', reason: 'exhausted' }],
  [
    'a code with fewer attempts fails earlier',
    { ...fault, status: 'retryable', mostAttempts: 3 },
    { attempt: 3 },
    { status: 'failed', reason: 'exhausted' }
  ],
  [
    'a code with fewer attempts is retried before its limit',
    { ...fault, status: 'retryable', mostAttempts: 3 },
    { attempt: 2 },
    { status: 'retry', afterMs: 300_000 }
  ],
  [
    'a code with more attempts fails after the schedule too',
    { ...fault, status: 'retryable', mostAttempts: 9 },
    { attempt: 6 },
    { status: 'failed', reason: 'exhausted' }
  ],
  [
    'a rate-limited pair cools down, and no attempt is used',
    { ...fault, status: 'limited', bucket: 'pair', coolDownMs: 6000 },
    { attempt: 6 },
    { status: 'wait', bucket: 'pair', coolMs: 6000 }
  ],
  [
    'a rate-limited sender cools down, and no attempt is used',
    { ...fault, status: 'limited', bucket: 'sender-rate', coolDownMs: 1000 },
    { attempt: 1 },
    { status: 'wait', bucket: 'sender-rate', coolMs: 1000 }
  ],
  [
    'a permanent rejection is FAILED at once',
    { ...fault, status: 'rejected' },
    { attempt: 1 },
    { status: 'failed', reason: 'rejected', bucket: '' }
  ],
  [
    'a bad token stops the sender; settle.lua decides whether the message fails',
    { ...fault, status: 'sender-stopped', probeMs: 60_000 },
    { attempt: 1 },
    { status: 'stop', reason: 'rejected', bucket: 'sender', coolMs: 60_000 }
  ],
  [
    'an unsent message is queued again',
    { ...fault, startedAfterMs: null, status: 'unsent', code: 'NOT_STARTED' },
    { attempt: 1 },
    { status: 'wait', bucket: '' }
  ],
  [
    'an unreachable provider cools the sender down for a second',
    { ...fault, startedAfterMs: null, status: 'unsent', code: 'CONNECT_REFUSED' },
    { attempt: 1 },
    { status: 'wait', bucket: 'sender-rate', coolMs: 1000 }
  ],
  ['an unknown outcome is held for a retry step', { ...fault, status: 'unknown' }, { attempt: 2 }, { status: 'unknown', afterMs: 300_000 }],
  ['an unknown outcome is held after the last attempt too', { ...fault, status: 'unknown' }, { attempt: 6 }, { status: 'unknown', afterMs: 60_000 }]
]

for (const [what, outcome, grant, settlement] of table) {
  await t.test(what, async t => {
    t.match(decide(outcome, { spared: 0, ...grant, sender: '111' }, settings), settlement)
  })
}

await t.test('an unknown outcome is held as long as the settings say', async t => {
  t.equal(decide({ ...fault, status: 'unknown' }, { attempt: 1, spared: 0, sender: '111' }, { ...settings, unknownHoldMs: 900_000 }).afterMs, 900_000)
})

await t.test('after the hold the policy decides, within the number of attempts', async t => {
  const after = (attempt: number, spared = 0): Parameters<typeof decideUnknown>[0] => ({ attempt, spared, sender: '111' })
  t.match(decideUnknown(after(1), 'retry', settings), { status: 'retry', afterMs: 0 })
  t.match(decideUnknown(after(1), 'fail', settings), { status: 'failed', reason: 'unknown' })
  t.match(decideUnknown(after(6), 'retry', settings), { status: 'failed', reason: 'unknown', afterMs: 60_000 })
  t.match(decideUnknown(after(6, 1), 'retry', settings), { status: 'retry', afterMs: 0 }, 'an attempt that an outage explains is not counted')
  t.match(decideUnknown(after(1, 1), 'retry', settings), { status: 'retry' }, 'not even if it is the only one')
})

await t.test('a failure that is not the message\'s own counts for the circuit, with jitter', async t => {
  const withCircuit = { ...settings, circuitProbeMs: 5000 }
  const first = { attempt: 1, spared: 0, sender: '111' }
  const failures: Outcome[] = [
    { ...fault, status: 'retryable', outage: true }, { ...fault, status: 'unknown', outage: true }, { ...fault, status: 'unsent', outage: true }
  ]
  const waits = failures.map(outcome => decide(outcome, first, withCircuit)).map(({ bucket, coolMs }) => {
    t.equal(bucket, 'outage')
    return coolMs
  })
  t.ok(waits.every(ms => ms >= 4000 && ms <= 6000) && new Set(waits).size > 1, `${waits.join(', ')} ms`)
  t.equal(decide({ ...fault, status: 'retryable' }, first, withCircuit).bucket, '', 'a failure of its own does not')
  t.equal(decide(failures[0] as Outcome, first, settings).bucket, '', 'nothing does without a circuit breaker')
  t.match(decide(failures[0] as Outcome, { ...first, attempt: 6 }, withCircuit), { status: 'failed', afterMs: 3_600_000 })
  t.match(decide(failures[0] as Outcome, { ...first, attempt: 6, spared: 1 }, withCircuit), { status: 'retry', afterMs: 3_600_000 })
})

await t.test('with webhooks an unknown outcome is held for a quarter of an hour', async t => {
  const withWebhooks = { ...settings, webhooksEnabledFor: (sender: string) => sender === '111' }
  t.equal(decide({ ...fault, status: 'unknown' }, { attempt: 1, spared: 0, sender: '111' }, withWebhooks).afterMs, 900_000)
  t.equal(decide({ ...fault, status: 'unknown' }, { attempt: 1, spared: 0, sender: '222' }, withWebhooks).afterMs, 60_000)
})

await t.test('a bounce is retried by the schedule or FAILED, and cools down what its code says', async t => {
  t.match(decideBounce({ status: 'retryable' }, { attempt: 1, sender: '100' }, settings), { status: 'retry', afterMs: 60_000, bucket: '' })
  t.match(decideBounce({ status: 'retryable' }, { attempt: 6, sender: '100' }, settings), { status: 'failed', reason: 'exhausted' })
  t.match(decideBounce({ status: 'retryable', mostAttempts: 3 }, { attempt: 3, sender: '100' }, settings), { status: 'failed', reason: 'exhausted' })
  t.match(decideBounce({ status: 'rejected' }, { attempt: 1, sender: '100' }, settings), { status: 'failed', reason: 'rejected' })
  t.match(decideBounce({ status: 'limited', bucket: 'pair', coolDownMs: 6000 }, { attempt: 2, sender: '100' }, settings), {
    status: 'retry',
    afterMs: 300_000,
    bucket: 'pair',
    coolMs: 6000
  })
  t.match(decideBounce({ status: 'sender-stopped', probeMs: 3_600_000 }, { attempt: 1, sender: '100' }, settings), {
    status: 'retry',
    afterMs: 60_000,
    bucket: 'sender',
    coolMs: 3_600_000
  })
})
