/** Every alert: `npm run grafana` writes all rules from here. docs/runbooks.md tells what to do, source/cases when each fires. */
import type { Alert } from './alert.js'
import { counted, happened, ofCallers, quantile, rate, whole } from './expressions.js'

/** One attempt in a hundred may fail. At 14.4 times that, 2 % of what a month allows is gone in an hour; at 6 times, 5 % in six hours. */
const [FAST, SLOW] = [0.144, 0.06]
const FAILED_AT_LEAST = 10
/** At this share of its rate a sender is busy, and its messages wait for it. */
const BUSY = 0.5

const isOpen = `on (job, sender) ${whole('sluice_sender_open')} == 1`
const serverErrors = `sluice_http_requests_total{${ofCallers}, status=~"5.."}`
/** Refused by WhatsApp for now, not answered, or the sender was stopped: the message itself was fine. */
const broken = 'sluice_provider_requests_total{outcome=~"retryable|unknown|sender-stopped"}'
const failedShare = (within: string): string => `${rate(broken, within)} / ${rate('sluice_provider_requests_total', within)}`
const burning = (threshold: number, within: string): string =>
  `on (job, sender) ${failedShare(within)} > ${threshold} and on (job, sender) ${counted(broken, within)} > ${FAILED_AT_LEAST}`

export const alerts: readonly Alert[] = [
  // ---- The original four
  {
    name: 'SluicePendingFailures',
    deps: 'failure',
    severity: 'ticket',
    value: `sum by (job) (${whole('sluice_delivery_failures{status="pending"}')})`,
    above: 100,
    for: '1m',
    summary: '{{ .Value }} failed messages wait for a retry'
  },
  {
    name: 'SluicePermanentFailures',
    deps: 'failure',
    severity: 'ticket',
    value: `sum by (job) (${whole('sluice_delivery_failures_unacknowledged', 'job, sender, reason')})`,
    above: 10,
    for: '0s',
    summary: '{{ .Value }} messages were given up in 24 h and nobody has acknowledged them'
  },
  {
    name: 'SluiceQueueLong',
    deps: 'drain',
    severity: 'ticket',
    value: `sum by (job) (${whole('sluice_queue_messages{state=~"waiting|delayed"}', 'job, sender, state')})`,
    above: 1000,
    for: '1m',
    summary: '{{ .Value }} messages wait in line'
  },
  {
    name: 'SluiceRetryWorkerStopped',
    deps: 'failure',
    severity: 'ticket',
    value: whole('sluice_retry_worker_running', 'job'),
    below: 1,
    for: '2m',
    summary: 'Failed messages are not retried: the retry worker is stopped, or no worker has run it'
  },

  // ---- The line
  {
    name: 'SluiceLate',
    deps: 'drain',
    severity: 'ticket',
    value: quantile(0.99, 'sluice_dispatch_lateness_seconds', 'lane, '),
    above: 1,
    for: '10m',
    summary: 'One in a hundred {{ .Labels.lane }} messages starts {{ humanizeDuration .Value }} or more after its turn became possible'
  },
  {
    name: 'SluiceOldestDue',
    deps: 'drain',
    severity: 'page',
    value: whole('sluice_oldest_due_seconds'),
    above: 120,
    only: `${isOpen} unless on (job, sender) ${rate('sluice_provider_requests_total', '2m')} > ${BUSY} * ${whole('sluice_sender_rate_limit')}`,
    for: '2m',
    summary: 'Messages of {{ .Labels.sender }} wait {{ humanizeDuration .Value }} past their turn, though the sender is far from its rate'
  },
  {
    name: 'SluiceNothingMoves',
    deps: 'drain',
    severity: 'page',
    value: whole('sluice_oldest_due_seconds'),
    above: 30,
    only: `${isOpen} unless on (job, sender) ${rate('sluice_provider_requests_total', '2m')} > 0`,
    for: '1m',
    summary: 'Messages of {{ .Labels.sender }} are due and not one was sent in two minutes'
  },
  {
    name: 'SluiceSenderUnattended',
    deps: 'recovery',
    severity: 'page',
    value: whole('sluice_shift_unattended_seconds'),
    above: 15,
    for: '30s',
    summary: 'Nobody attends {{ .Labels.sender }}: its messages have been due for {{ humanizeDuration .Value }} without a shift'
  },

  // ---- WhatsApp
  {
    name: 'SluiceSenderStopped',
    deps: 'provider',
    severity: 'page',
    value: whole('sluice_sender_state{state="stopped"}'),
    above: 0,
    for: '0s',
    summary: 'WhatsApp refuses {{ .Labels.sender }} as a whole: the sender is stopped and its messages wait'
  },
  {
    name: 'SluiceErrorsBurnFast',
    deps: 'provider',
    severity: 'page',
    value: failedShare('5m'),
    above: FAST,
    only: burning(FAST, '1h'),
    for: '2m',
    summary: '{{ humanizePercentage .Value }} of the attempts of {{ .Labels.sender }} fail, and have for long enough to cost 2 % of the month\'s budget'
  },
  {
    name: 'SluiceErrorsBurnSlow',
    deps: 'provider',
    severity: 'ticket',
    value: failedShare('30m'),
    above: SLOW,
    only: burning(SLOW, '6h'),
    for: '15m',
    summary: '{{ humanizePercentage .Value }} of the attempts of {{ .Labels.sender }} fail, more than it can afford for long'
  },
  {
    name: 'SluiceWebhookLag',
    deps: 'webhooks',
    severity: 'ticket',
    value: quantile(0.95, 'sluice_webhook_lag_seconds', ''),
    above: 60,
    for: '10m',
    summary: 'WhatsApp\'s statuses arrive {{ humanizeDuration .Value }} late'
  },
  {
    name: 'SluiceWebhooksRefused',
    deps: 'webhooks',
    severity: 'ticket',
    value: happened('sluice_webhooks_refused_total', '15m', 'job, why'),
    above: 10,
    for: '0s',
    summary: '{{ humanize .Value }} webhooks were turned away within 15 minutes ({{ .Labels.why }})'
  },
  {
    name: 'SluiceCallbacksLate',
    deps: 'callbacks',
    severity: 'ticket',
    value: 'max by (job, sender) (sluice_callbacks_oldest_seconds)',
    above: 600,
    for: '5m',
    summary: 'Changes of messages of {{ .Labels.sender }} have not been told for {{ humanizeDuration .Value }}'
  },
  {
    name: 'SluiceCallbacksDropped',
    deps: 'callbacks',
    severity: 'ticket',
    value: happened('sluice_callbacks_total{result="dropped"}', '1h', 'job'),
    above: 0,
    for: '0s',
    summary: '{{ humanize .Value }} changes will not be told any more'
  },
  {
    name: 'SluiceSandboxInUse',
    deps: 'provider',
    severity: 'ticket',
    value: 'max by (job) (sluice_sandbox)',
    above: 0,
    for: '10m',
    summary: 'The sandbox stands in for WhatsApp: no message reaches a phone'
  },

  // ---- What must not happen
  {
    name: 'SluiceSpacingViolated',
    deps: 'settlement',
    severity: 'page',
    value: happened('sluice_pair_spacing_violations_total', '1h'),
    above: 0,
    for: '0s',
    summary: '{{ .Labels.sender }} sent to a recipient sooner than its rule allows'
  },
  {
    name: 'SluiceDoubleSends',
    deps: 'settlement',
    severity: 'ticket',
    value: happened('sluice_double_sends_total', '1h'),
    above: 0,
    for: '0s',
    summary: 'WhatsApp accepted more than one attempt of a message of {{ .Labels.sender }}'
  },
  {
    name: 'SluiceUnknownOutcomes',
    deps: 'settlement',
    severity: 'ticket',
    value: happened('sluice_unknown_outcomes_total', '15m'),
    above: 5,
    for: '0s',
    summary: '{{ humanize .Value }} requests of {{ .Labels.sender }} got no answer within 15 minutes: they may have been sent'
  },

  // ---- Callers
  {
    name: 'SluiceServerErrors',
    deps: 'http',
    severity: 'page',
    value: `${rate(serverErrors, '5m', 'job')} / ${rate(`sluice_http_requests_total{${ofCallers}}`, '5m', 'job')}`,
    above: 0.05,
    only: `on (job) ${counted(serverErrors, '5m', 'job')} > ${FAILED_AT_LEAST}`,
    for: '2m',
    summary: '{{ humanizePercentage .Value }} of the requests are answered with an error of ours'
  },
  {
    name: 'SluiceRefusals',
    deps: 'admission',
    severity: 'ticket',
    value: happened('sluice_refusals_total{code=~"RECIPIENT_QUEUE_FULL|BACKLOG_FULL|WOULD_EXPIRE"}', '15m', 'job, sender, code'),
    above: 10,
    for: '0s',
    summary: '{{ humanize .Value }} messages of {{ .Labels.sender }} were refused with {{ .Labels.code }} within 15 minutes'
  },

  // ---- Redis
  {
    name: 'SluiceRedisDown',
    deps: 'redis',
    severity: 'page',
    value: 'min by (job) (sluice_redis_up)',
    below: 1,
    for: '30s',
    summary: 'A node does not reach Redis: it takes no messages and sends none'
  },
  {
    name: 'SluiceRedisMemory',
    deps: 'redis',
    severity: 'ticket',
    value: whole('sluice_redis_memory_ratio', 'job'),
    above: 0.7,
    for: '5m',
    summary: 'Redis uses {{ humanizePercentage .Value }} of its memory; above 85 % new messages are refused'
  },
  {
    name: 'SluiceRedisFull',
    deps: 'redis',
    severity: 'page',
    value: whole('sluice_redis_memory_ratio', 'job'),
    above: 0.85,
    for: '0s',
    summary: 'Redis uses {{ humanizePercentage .Value }} of its memory: new messages are refused'
  },
  {
    name: 'SluiceAofNotOk',
    deps: 'redis',
    severity: 'page',
    value: 'min by (job) (sluice_redis_aof_ok)',
    below: 1,
    for: '1m',
    summary: 'Redis does not write its append-only file: a restart would lose messages'
  },
  {
    name: 'SluiceStateUnread',
    deps: 'redis',
    severity: 'ticket',
    value: 'max by (job, instance) (sluice_scrape_failed)',
    above: 0,
    for: '2m',
    summary: '{{ .Labels.instance }} can\'t read the state from Redis: what describes the whole system is missing from its metrics'
  },

  // ---- Nodes
  {
    name: 'SluiceNodeDown',
    deps: 'node',
    severity: 'ticket',
    value: 'min by (job, instance) (up{job=~".*sluice.*"})',
    below: 1,
    for: '2m',
    summary: '{{ .Labels.instance }} doesn\'t answer Prometheus'
  },
  {
    name: 'SluiceNoNode',
    deps: 'node',
    severity: 'page',
    value: 'absent(up{job=~".*sluice.*"} == 1)',
    above: 0,
    for: '1m',
    summary: 'No node answers Prometheus'
  },
  {
    name: 'SluiceFaults',
    deps: 'node',
    severity: 'ticket',
    value: happened('sluice_faults_total', '15m', 'job, where'),
    above: 0,
    only: 'on (job) min by (job) (min_over_time(sluice_redis_up[15m])) == 1',
    for: '0s',
    summary: '{{ humanize .Value }} unexpected errors in {{ .Labels.where }} within 15 minutes'
  }
]
