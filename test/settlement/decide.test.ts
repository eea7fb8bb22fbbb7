import t from 'tap'
import { createSchedule } from '../../src/backoff.js'
import type { Outcome } from '../../src/message.js'
import { decide, decideBounce, decideUnknown, type SettlementSettings, type Verdict } from '../../src/settlement/decide.js'

const settings: SettlementSettings = {
  backoff: createSchedule([60_000, 300_000, 900_000, 1_800_000, 3_600_000]), unknownOutcome: 'retry', unknownHoldMs: 0, findMs: 0
}
const times = { startedAfterMs: 1, durationMs: 20 }
const fault = { ...times, code: 'CODE', error: 'what was said' }

const table: Array<[what: string, outcome: Outcome, grant: { attempt: number }, verdict: Partial<Verdict>]> = [
  ['what is sent is sent', { ...times, status: 'sent', providerMessageId: 'wamid.1' }, { attempt: 1 }, { verdict: 'sent', bucket: '' }],
  ['a first refusal is retried after a minute', { ...fault, status: 'retryable' }, { attempt: 1 }, { verdict: 'retry', afterMs: 60_000 }],
  ['one that names a moment not much later', { ...fault, status: 'retryable', retryAfterMs: 90_000 }, { attempt: 1 }, { verdict: 'retry', afterMs: 90_000 }],
  ['nor sooner than the schedule', { ...fault, status: 'retryable', retryAfterMs: 1000 }, { attempt: 1 }, { verdict: 'retry', afterMs: 60_000 }],
  ['nor later than twice of it', { ...fault, status: 'retryable', retryAfterMs: 86_400_000 }, { attempt: 1 }, { verdict: 'retry', afterMs: 120_000 }],
  ['a fifth after an hour', { ...fault, status: 'retryable' }, { attempt: 5 }, { verdict: 'retry', afterMs: 3_600_000 }],
  ['a sixth is the last', { ...fault, status: 'retryable' }, { attempt: 6 }, { verdict: 'failed', reason: 'exhausted' }],
  ['a code that is worth fewer tries is given up earlier', { ...fault, status: 'retryable', mostAttempts: 3 }, { attempt: 3 }, { verdict: 'failed', reason: 'exhausted' }],
  ['and not before', { ...fault, status: 'retryable', mostAttempts: 3 }, { attempt: 2 }, { verdict: 'retry', afterMs: 300_000 }],
  ['nor later than all others', { ...fault, status: 'retryable', mostAttempts: 9 }, { attempt: 6 }, { verdict: 'failed', reason: 'exhausted' }],
  ['a full pair rests, without an attempt', { ...fault, status: 'limited', bucket: 'pair', coolDownMs: 6000 }, { attempt: 6 }, { verdict: 'wait', bucket: 'pair', coolMs: 6000 }],
  ['a full sender likewise', { ...fault, status: 'limited', bucket: 'sender-rate', coolDownMs: 1000 }, { attempt: 1 }, { verdict: 'wait', bucket: 'sender-rate', coolMs: 1000 }],
  ['what is rejected is FAILED at once', { ...fault, status: 'rejected' }, { attempt: 1 }, { verdict: 'failed', reason: 'rejected', bucket: '' }],
  ['a bad token stops the sender; whether the message is at fault settle.lua knows', { ...fault, status: 'sender-stopped', probeMs: 60_000 }, { attempt: 1 }, { verdict: 'stop', reason: 'rejected', bucket: 'sender', coolMs: 60_000 }],
  ['what never left goes back in line', { ...fault, startedAfterMs: null, status: 'unsent', code: 'NOT_STARTED' }, { attempt: 1 }, { verdict: 'wait', bucket: '' }],
  ['where there is no way out the sender rests a second', { ...fault, startedAfterMs: null, status: 'unsent', code: 'CONNECT_REFUSED' }, { attempt: 1 }, { verdict: 'wait', bucket: 'sender-rate', coolMs: 1000 }],
  ['an unknown outcome is held for a retry step', { ...fault, status: 'unknown' }, { attempt: 2 }, { verdict: 'unknown', afterMs: 300_000 }],
  ['also after the last attempt', { ...fault, status: 'unknown' }, { attempt: 6 }, { verdict: 'unknown', afterMs: 60_000 }]
]

for (const [what, outcome, grant, verdict] of table) t.test(what, async t => { t.match(decide(outcome, { ...grant, sender: '111' }, settings), verdict) })

t.test('an unknown outcome is held as long as the settings say', async t => {
  t.equal(decide({ ...fault, status: 'unknown' }, { attempt: 1, sender: '111' }, { ...settings, unknownHoldMs: 900_000 }).afterMs, 900_000)
})

t.test('when the hold is over the policy decides, and attempts that are used up are not exceeded', async t => {
  t.match(decideUnknown(1, 'retry', settings), { verdict: 'retry', afterMs: 0 })
  t.match(decideUnknown(1, 'fail', settings), { verdict: 'failed', reason: 'unknown' })
  t.match(decideUnknown(6, 'retry', settings), { verdict: 'failed', reason: 'unknown' })
})

t.test('where webhooks are taken an unknown outcome waits for one, a quarter of an hour', async t => {
  const hearing = { ...settings, webhooksEnabledFor: (sender: string) => sender === '111' }
  t.equal(decide({ ...fault, status: 'unknown' }, { attempt: 1, sender: '111' }, hearing).afterMs, 900_000)
  t.equal(decide({ ...fault, status: 'unknown' }, { attempt: 1, sender: '222' }, hearing).afterMs, 60_000)
})

t.test('what failed after it was accepted is retried by the schedule or FAILED, and cools what its code says', async t => {
  t.match(decideBounce({ status: 'retryable' }, 1, settings), { verdict: 'retry', afterMs: 60_000, bucket: '' })
  t.match(decideBounce({ status: 'retryable' }, 6, settings), { verdict: 'failed', reason: 'exhausted' })
  t.match(decideBounce({ status: 'retryable', mostAttempts: 3 }, 3, settings), { verdict: 'failed', reason: 'exhausted' })
  t.match(decideBounce({ status: 'rejected' }, 1, settings), { verdict: 'failed', reason: 'rejected' })
  t.match(decideBounce({ status: 'limited', bucket: 'pair', coolDownMs: 6000 }, 2, settings), { verdict: 'retry', afterMs: 300_000, bucket: 'pair', coolMs: 6000 })
  t.match(decideBounce({ status: 'sender-stopped', probeMs: 3_600_000 }, 1, settings), { verdict: 'retry', afterMs: 60_000, bucket: 'sender', coolMs: 3_600_000 })
})
