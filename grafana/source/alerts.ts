/** All alerts: `npm run grafana` writes the rules. docs/runbooks.md has the remedies, source/cases the tests. */
import type { Alert } from './alert.js'
import { alertsOfHolds } from './alerts-of-holds.js'
import { alertsOfServers } from './alerts-of-servers.js'
import { counted, happened, ofCallers, quantile, rate, whole } from './expressions.js'

/** The error budget is 1 % of attempts. At 14.4 times that rate, an hour uses 2 % of a month's budget; at 6 times, six hours use 5 %. */
const [FAST, SLOW] = [0.144, 0.06]
const FAILED_AT_LEAST = 10
/** Above this share of its rate a sender is busy: its messages wait for the sender rate. */
const BUSY = 0.5

const isOpen = `on (job, sender) ${whole('sluice_sender_open')} == 1`
const serverErrors = `sluice_http_requests_total{${ofCallers}, status=~"5.."}`
/** Errors that the message did not cause. */
const broken = 'sluice_provider_requests_total{outcome=~"retryable|unknown|sender-stopped"}'
const isDown = whole('sluice_circuit_state{state="open"}')
const accepted = counted('sluice_provider_requests_total{outcome="sent"}', '2m')
const failedShare = (within: string): string => `${rate(broken, within)} / ${rate('sluice_provider_requests_total', within)}`
const burning = (threshold: number, within: string): string =>
  `on (job, sender) ${failedShare(within)} > ${threshold} and on (job, sender) ${counted(broken, within)} > ${FAILED_AT_LEAST}`

export const alerts: readonly Alert[] = [
  // ---- The four alerts of the original service
  {
    name: 'SluicePendingFailures',
    module: 'failure',
    severity: 'ticket',
    value: `sum by (job) (${whole('sluice_delivery_failures{status="pending"}')})`,
    above: 100,
    for: '1m',
    summary: '{{ .Value }} failed messages wait for a retry'
  },
  {
    name: 'SluicePermanentFailures',
    module: 'failure',
    severity: 'ticket',
    value: `sum by (job) (${whole('sluice_delivery_failures_unacknowledged', 'job, sender, reason')})`,
    above: 10,
    for: '0s',
    summary: '{{ .Value }} messages failed for good within 24 h and are not acknowledged'
  },
  {
    name: 'SluiceQueueLong',
    module: 'drain',
    severity: 'ticket',
    value: `sum by (job) (${whole('sluice_queue_messages{state=~"waiting|delayed"}', 'job, sender, state')})`,
    above: 1000,
    for: '1m',
    summary: '{{ .Value }} messages are queued'
  },
  {
    name: 'SluiceRetryWorkerStopped',
    module: 'failure',
    severity: 'ticket',
    value: whole('sluice_retry_worker_running', 'job'),
    below: 1,
    for: '2m',
    summary: 'Failed messages are not retried: the retry worker is stopped or overdue'
  },

  // ---- Queue
  {
    name: 'SluiceLate',
    module: 'drain',
    severity: 'ticket',
    value: quantile(0.99, 'sluice_dispatch_lateness_seconds', 'lane, '),
    above: 1,
    for: '10m',
    summary: 'The slowest 1 % of {{ .Labels.lane }} messages start {{ humanizeDuration .Value }} or more after their ready time'
  },
  {
    name: 'SluiceOldestDue',
    module: 'drain',
    severity: 'page',
    value: whole('sluice_oldest_due_seconds'),
    above: 120,
    only: `${isOpen} unless on (job, sender) ${rate('sluice_provider_requests_total', '2m')} > ${BUSY} * ${whole('sluice_sender_rate_current')}`,
    for: '2m',
    summary: 'Messages of {{ .Labels.sender }} wait {{ humanizeDuration .Value }} past their ready time, and the sender is well below its rate'
  },
  {
    name: 'SluiceNothingMoves',
    module: 'drain',
    severity: 'page',
    value: whole('sluice_oldest_due_seconds'),
    above: 30,
    only: `${isOpen} unless on (job, sender) ${rate('sluice_provider_requests_total', '2m')} > 0`,
    for: '1m',
    summary: 'Messages of {{ .Labels.sender }} are due, and none was sent for two minutes'
  },
  {
    name: 'SluiceSenderUnattended',
    module: 'recovery',
    severity: 'page',
    value: whole('sluice_shift_unattended_seconds'),
    above: 15,
    for: '30s',
    summary: '{{ .Labels.sender }} has no worker: its messages have been due for {{ humanizeDuration .Value }} without a drain run'
  },

  // ---- WhatsApp
  {
    name: 'SluiceSenderStopped',
    module: 'provider',
    severity: 'page',
    value: whole('sluice_sender_state{state="stopped"}'),
    above: 0,
    for: '0s',
    summary: 'WhatsApp rejects {{ .Labels.sender }} as a whole: the sender is stopped and its messages wait'
  },
  {
    name: 'SluiceOutage',
    module: 'provider',
    severity: 'page',
    value: isDown,
    above: 0,
    for: '30s',
    summary: 'WhatsApp is down for {{ .Labels.sender }}: its messages wait, and probes go out'
  },
  {
    name: 'SluiceNoSuccess',
    module: 'provider',
    severity: 'page',
    value: counted(broken, '2m'),
    above: 5,
    only: `on (job, sender) (${isDown} == 0 unless on (job, sender) ${accepted} > 0)`,
    for: '0s',
    summary: 'None of the attempts of {{ .Labels.sender }} has succeeded for two minutes'
  },
  {
    name: 'SluiceStatusesMissing',
    module: 'webhooks',
    severity: 'page',
    value: whole('sluice_statuses_missing_ratio'),
    above: 0.5,
    for: '5m',
    summary: 'WhatsApp has reported no status of {{ humanizePercentage .Value }} of the messages that it accepted from {{ .Labels.sender }}'
  },
  ...alertsOfHolds,
  {
    name: 'SluiceErrorsBurnFast',
    module: 'provider',
    severity: 'page',
    value: failedShare('5m'),
    above: FAST,
    only: burning(FAST, '1h'),
    for: '2m',
    summary: '{{ humanizePercentage .Value }} of the attempts of {{ .Labels.sender }} fail: an hour uses 2 % of the monthly error budget'
  },
  {
    name: 'SluiceErrorsBurnSlow',
    module: 'provider',
    severity: 'ticket',
    value: failedShare('30m'),
    above: SLOW,
    only: burning(SLOW, '6h'),
    for: '15m',
    summary: '{{ humanizePercentage .Value }} of the attempts of {{ .Labels.sender }} fail: six hours use 5 % of the monthly error budget'
  },
  {
    name: 'SluiceWebhookLag',
    module: 'webhooks',
    severity: 'ticket',
    value: quantile(0.95, 'sluice_webhook_lag_seconds', ''),
    above: 60,
    for: '10m',
    summary: 'Webhook statuses arrive {{ humanizeDuration .Value }} late'
  },
  {
    name: 'SluiceWebhooksRefused',
    module: 'webhooks',
    severity: 'ticket',
    value: happened('sluice_webhooks_refused_total', '15m', 'job, reason'),
    above: 10,
    for: '0s',
    summary: '{{ humanize .Value }} webhooks were rejected within 15 minutes ({{ .Labels.reason }})'
  },
  {
    name: 'SluiceCallbacksLate',
    module: 'callbacks',
    severity: 'ticket',
    value: 'max by (job, sender) (sluice_callbacks_oldest_seconds)',
    above: 600,
    for: '5m',
    summary: 'Callbacks of {{ .Labels.sender }} have waited for {{ humanizeDuration .Value }}'
  },
  {
    name: 'SluiceCallbacksDropped',
    module: 'callbacks',
    severity: 'ticket',
    value: happened('sluice_callbacks_total{result=~"dead-lettered|dropped"}', '1h', 'job'),
    above: 0,
    for: '0s',
    summary: '{{ humanize .Value }} callbacks will not be delivered'
  },
  {
    name: 'SluiceSandboxInUse',
    module: 'provider',
    severity: 'ticket',
    value: 'max by (job) (sluice_sandbox)',
    above: 0,
    for: '10m',
    summary: 'The sandbox replaces WhatsApp: no message reaches a phone'
  },

  // ---- Invariants
  {
    name: 'SluiceSpacingViolated',
    module: 'settlement',
    severity: 'page',
    value: happened('sluice_pair_spacing_violations_total', '1h'),
    above: 0,
    for: '0s',
    summary: '{{ .Labels.sender }} sent to a recipient sooner than its rule allows'
  },
  {
    name: 'SluiceDoubleSends',
    module: 'settlement',
    severity: 'ticket',
    value: happened('sluice_double_sends_total', '1h'),
    above: 0,
    for: '0s',
    summary: 'WhatsApp accepted more than one attempt of a message of {{ .Labels.sender }}'
  },
  {
    name: 'SluiceUnknownOutcomes',
    module: 'settlement',
    severity: 'ticket',
    value: happened('sluice_unknown_outcomes_total', '15m'),
    above: 5,
    for: '0s',
    summary: '{{ humanize .Value }} requests of {{ .Labels.sender }} had no valid response within 15 minutes and may have been sent'
  },

  // ---- Callers
  {
    name: 'SluiceServerErrors',
    module: 'http',
    severity: 'page',
    value: `${rate(serverErrors, '5m', 'job')} / ${rate(`sluice_http_requests_total{${ofCallers}}`, '5m', 'job')}`,
    above: 0.05,
    only: `on (job) ${counted(serverErrors, '5m', 'job')} > ${FAILED_AT_LEAST}`,
    for: '2m',
    summary: '{{ humanizePercentage .Value }} of the requests get a 5xx response'
  },
  {
    name: 'SluiceRefusals',
    module: 'admission',
    severity: 'ticket',
    value: happened('sluice_refusals_total{code=~"RECIPIENT_QUEUE_FULL|BACKLOG_FULL|WOULD_EXPIRE"}', '15m', 'job, sender, code'),
    above: 10,
    for: '0s',
    summary: '{{ humanize .Value }} messages of {{ .Labels.sender }} were rejected with {{ .Labels.code }} within 15 minutes'
  },

  ...alertsOfServers
]
