/** Every event and its log line; lines that the docs quote exist. */
import t from 'tap'
import { createBus, type Events } from '../../src/events.js'
import { createLog } from '../../src/metrics/log.js'
import { logLines } from '../../src/metrics/log-lines.js'
import { logEvents } from '../../src/metrics/logs.js'
import { list, read } from '../contract/tree.js'
import { declaredRows } from './log-rows.js'

const sender = '111'
const id = '111.a.b'
const attempt = {
  sender,
  id,
  recipient: 'p15550000001',
  caller: 'app',
  attempt: 1,
  lane: 'normal',
  startedAfterMs: 1.26,
  durationMs: 90,
  lateMs: 2,
  outcome: 'retryable',
  code: '131000'
} as const
const admitted = { sender, id, lane: 'normal', caller: 'app', keySource: 'field', durationMs: 1 } as const
const request = { requestId: 'r', method: 'GET', route: '/api/v1/stats', status: 200, durationMs: 1 }

/** Each kind of event, in each of its forms. */
const samples: { [Name in keyof Events]: Array<Events[Name][0]> } = {
  'message.admitted': [
    { ...admitted, outcome: 'granted' },
    { ...admitted, outcome: 'queued', waitingFor: 'pair-rate', delayMs: 5 },
    { ...admitted, outcome: 'queued', waitingFor: 'schedule', delayMs: 5 },
    { ...admitted, outcome: 'duplicate' },
    { ...admitted, outcome: 'reused' },
    { ...admitted, outcome: 'rejected', code: 'LIMITED' }
  ],
  'attempt.settled': [
    { ...attempt, outcome: 'sent', settlement: 'sent' },
    { ...attempt, settlement: 'retry', nextRetryAt: 1 },
    { ...attempt, settlement: 'failed' },
    { ...attempt, outcome: 'unknown', settlement: 'unknown', nextRetryAt: 1 },
    { ...attempt, outcome: 'limited', settlement: 'wait' },
    { ...attempt, outcome: 'sender-stopped', settlement: 'wait' },
    { ...attempt, outcome: 'unsent', settlement: 'wait' },
    { ...attempt, outcome: 'rejected', settlement: 'wait' },
    { ...attempt, settlement: 'superseded' }
  ],
  'attempt.stale': ['ignored', 'double'].map(result => ({ sender, id, attempt: 1, outcome: 'sent' as const, result })),
  'pair.violated': [{ sender, id, gapMs: 3, intervalMs: 2000 }],
  'message.closed': (['cancelled', 'expired', 'failed'] as const).map(state => ({
    sender,
    id,
    state,
    ...(state === 'cancelled' ? { reason: 'opted-out' } : {})
  })).concat(['template-rejected', 'window-closed'].map(reason => ({ sender, id, state: 'failed', reason }))),
  'message.replaced': [{ sender, id }],
  'windows.recorded': [{ sender, acts: 1, released: 2 }],
  'windows.lost': [{ sender }],
  'receipt.applied': ['advanced', 'double'].map(result => ({ sender, id, attempt: 1, status: 'sent' as const, result })),
  'webhook.status': ['unmatched', 'dropped'].map(result => ({ sender, kind: 'read' as const, result, lagMs: 1 })),
  'preference.received': [{ sender, preference: 'stop' }],
  'webhook.rejected': [{ reason: 'signature' }],
  'webhook.relayed': [{ sender, type: 'whatsapp.inbound' }],
  'callback.attempted': [
    { sender, callback: 'a_b_sent_c', type: 'message.sent', result: 'delivered', tries: 1, durationMs: 3 },
    ...(['retry-scheduled', 'dead-lettered'] as const).map(result => ({
      sender,
      callback: 'a_b_sent_c',
      type: 'message.sent',
      result,
      tries: 1,
      code: 'HTTP_500',
      durationMs: 3
    }))
  ],
  'callbacks.dropped': [{ sender, count: 2 }],
  'sender.forgotten': [{ sender }],
  'failures.cut': [{ sender, failed: 2, resolved: 0 }],
  'sender.stopped': [{ sender, code: '190', error: 'expired' }],
  'template.failed': [],
  'templates.stopped': [{ sender, account: '102', code: '131042', isOfAccount: true }],
  'template.changed': (['paused', 'checking', 'rejected', 'approved'] as const).map(state => ({ sender, template: 'a en', state, code: 'PAUSED' })),
  'bulk-job.ended': [{
    job: 'cancel-3f1c2a9be07d4c58',
    action: 'cancel',
    filter: 'campaign=spring-sale',
    by: 'operator',
    dryRun: false,
    scanned: 100_000,
    total: 100_000,
    matched: 99_998,
    done: 99_998,
    left: 2
  }],
  'templates.released': [{ sender, released: 3, rejected: 1 }],
  'sender.ceiling': [{ sender, limit: 'COEXISTENCE', perSecond: 20 }, { sender, limit: 'none', perSecond: null }],
  'sender.daily-limit': [{ sender, limit: 250 }, { sender, limit: null }],
  'health.unread': [{ sender, code: 'HTTP_403' }],
  'ceiling.unread': [{ sender, code: '80007' }],
  'templates.read': [{ account: '1', result: 'read', templates: 3 }, { account: '1', result: 'failed', code: '190' }],
  'sender.resumed': [{ sender }],
  'bulk-hold.changed': [{ sender, state: 'begun', percent: 93, accepted: 60 }, { sender, state: 'ended' }],
  'circuit.changed': [{ sender, state: 'opened', code: '131016' }, { sender, state: 'half-open' }, { sender, state: 'closed' }],
  'senders.reloaded': [{ total: 1, added: [], removed: [], renewed: [] }],
  'senders.rejected': [{ error: 'no JSON' }],
  'callers.reloaded': [{ total: 1, added: [], removed: [] }],
  'callers.rejected': [{ error: 'no JSON' }],
  'caller.limited': [{ caller: 'app', count: 2 }],
  'policy.reloaded': [{ codes: ['131056'] }],
  'policy.rejected': [{ error: 'no JSON' }],
  'sender.removed': [{ sender }],
  'sender.no-rules': [{ sender }],
  'senders.unserved': [{ senders: [sender] }],
  'drain.started': [{ sender }],
  'drain.ended': [{ sender, sends: 1, durationMs: 1 }],
  // Logged per sender by `retry.ran`.
  'retry-worker.ran': [{ total: 0, durationMs: 1 }],
  'retry.ran': [{ total: 1, succeeded: 1, failed: 0, permanentlyFailed: 0, deferred: 0, by: 'app' }],
  'recovery.found': (['lease', 'lost-grant', 'unknown', 'unattended'] as const).map(kind => ({ sender, kind })),
  'operator.action': [{ by: 'ann', action: 'pause', sender, subject: sender }],
  'request.completed': [request, { ...request, status: 503, code: 'UNAVAILABLE' }, { ...request, route: '/health/ready' }],
  'redis.connected': [{ servers: 1 }],
  'redis.lost': [{ error: 'gone' }],
  'clock.stepped': [{ server: 'redis', stepMs: 3000 }],
  'unexpected-error': [{ location: 'here', error: new Error('oh') }]
}

function linesOf (level: string): Array<Record<string, unknown> & { msg: string }> {
  const lines: Array<Record<string, unknown> & { msg: string }> = []
  const events = createBus()
  logEvents(events, createLog(level, { write: line => { lines.push(JSON.parse(line) as never) } }))
  const emit = events.emit.bind(events) as (name: string, fact: unknown) => boolean
  for (const [name, facts] of Object.entries(samples)) facts.forEach(fact => emit(name, fact))
  return lines
}

await t.test('every line has a meaning, an action and at least one field', async t => {
  t.strictSame(Object.entries(logLines).filter(([, { meaning, action }]) => !/[\w`)]\.$/.test(meaning) || !/[\w`)]\.$/.test(action)), [])
  t.strictSame([...declaredRows()].filter(([, { always }]) => always.every(name => !/^\w+$/.test(name))), [])
})

await t.test('log lines that the docs quote exist', async t => {
  const named = list('docs', '.md').flatMap(path => [...read(path).matchAll(/\b(?:log(?:'s)? lines?|the log has) ((?:(?:,? (?:and|or) )?`[^`]+`)+)/g)]
    .flatMap(([, names = '']) => [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({ path, name }))))
  t.ok(named.length > 8)
  t.strictSame(named.filter(({ name }) => !(name in logLines)), [])
})

await t.test('every line is logged for some event, at its level', async t => {
  const logged = new Map(linesOf('trace').map(({ msg, level }) => [msg, level]))
  const ofNoEvent = [
    'unexpected error: process exits', 'log lines dropped: output blocked', 'gateway started', 'embedded Redis started', 'sandbox started',
    'sender check failed', 'sender check warning', 'senders checked', 'start check', 'start failed: process exits', 'shutting down',
    'warning of Node.js', 'library printed a message'
  ]
  t.strictSame(Object.entries(logLines).filter(([line, { level }]) => logged.get(line) !== level).map(([line]) => line).sort(), ofNoEvent.sort())
})

await t.test('each event is logged as one line', async t => {
  const count = Object.values(samples).flat().length - samples['retry-worker.ran'].length
  t.equal(linesOf('trace').length, count)
})

await t.test('LOG_LEVEL is the lowest level written', async t => {
  const levels = ['debug', 'info', 'warn', 'error', 'fatal']
  for (const [i, level] of levels.entries()) {
    t.strictSame(linesOf(level).filter(line => !levels.slice(i).includes(String(line['level']))), [], level)
  }
  t.strictSame(linesOf('silent'), [])
})

await t.test('grep for "throttl" or "retry" finds what the old service logged under these words', async t => {
  const found = new Set(
    linesOf('info')
      .map(({ msg }) => msg)
      .filter(msg => /throttl|retry/.test(msg))
  )
  for (const line of [
    'message throttled: queued',
    'message throttled: rejected',
    'attempt failed: retry scheduled',
    'attempt failed: no retry left',
    'message failed: no retry left',
    'retry run'
  ]) {
    t.ok(found.has(line), line)
  }
})

await t.test('recipients show two digits, durations one decimal, the time ISO 8601', async t => {
  const [line] = linesOf('info').filter(({ msg }) => msg === 'attempt sent')
  t.match(line, { recipient: '…01', startedAfterMs: 1.3, durationMs: 90, time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ })
})
