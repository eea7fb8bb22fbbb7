/** The overview: six numbers that say whether all is well, then a closed row for each module on the message flow. */
import type { Board } from './dashboard.js'
import { ofCallers } from './expressions.js'
import { panel, yesNo } from './panel.js'
import { events, grown, of, quantile, rate, summed, whole } from './query.js'

const REQUESTS = 'sluice_http_requests_total'
const ATTEMPTS = 'sluice_provider_requests_total'
const failing = 'outcome=~"retryable|unknown|sender-stopped"'
const failed = of(ATTEMPTS, failing)
const lowest = (metric: string): string => `min by (job, instance) (${of(metric)})`

export const overview: Board = {
  uid: 'sluice-overview',
  title: 'Sluice / Overview',
  description: 'Six numbers that say whether all is well. Open a row for its panels: status, then the message flow from HTTP to recovery.',
  collapsed: true,
  rows: [
    {
      title: 'Is all well?',
      panels: [
        panel('Alerts firing', { kind: 'stat', unit: 'short', badAt: 1 },
          'Sluice alerts that fire in Prometheus now. Alertmanager and the runbooks have the details.',
          ['count(ALERTS{alertname=~"Sluice.+", alertstate="firing"}) or vector(0)', 'alerts']),
        panel('Senders not sending', { kind: 'stat', unit: 'short', runbooks: ['SluiceSenderStopped', 'SluiceOutage'], badAt: 1 },
          'Senders that are paused or stopped, or whose circuit is open. Their messages wait.',
          [`count(${whole('sluice_sender_open', 'sender')} == 0 or ${whole('sluice_circuit_state', 'sender', 'state="open"')} == 1) or vector(0)`,
            'senders']),
        panel('Failing', { kind: 'stat', unit: 'percentunit', runbooks: ['SluiceNoSuccess', 'SluiceErrorsBurnFast'], warnAt: 0.06, badAt: 0.144 },
          'Share of the attempts of the last 10 minutes that got no message to WhatsApp, without those that it rejected. 0 without attempts.',
          [`(sum(rate(${failed}[10m])) or vector(0)) / (sum(rate(${of(ATTEMPTS)}[10m])) > 0) or vector(0)`, 'failing']),
        panel('Oldest due', { kind: 'stat', unit: 's', alerts: ['SluiceOldestDue', 'SluiceNothingMoves'] },
          'Age of the oldest due message past its ready time.',
          [`max(${of('sluice_oldest_due_seconds')})`, 'oldest']),
        panel('Failed, unacknowledged', { kind: 'stat', unit: 'short', alerts: ['SluicePermanentFailures'] },
          'Messages that failed for good within 24 h and are not acknowledged.',
          [`sum(${whole('sluice_delivery_failures_unacknowledged', 'sender, reason')})`, 'messages']),
        panel('Nodes in trouble', { kind: 'stat', unit: 'short', runbooks: ['SluiceNodeDown', 'SluiceNoNode', 'SluiceRedisDown'], badAt: 1 },
          'Nodes that do not respond to Prometheus, or do not reach Redis. 1 if Prometheus knows no node.',
          [`count(${lowest('up')} == 0 or ${lowest('sluice_redis_up')} == 0) or absent(${of('up')}) or vector(0)`, 'nodes'])
      ]
    },
    {
      title: 'Status',
      panels: [
        panel('Nodes up', { kind: 'stat', width: 3, unit: 'short', lessIsWorse: true, badAt: 1, alerts: ['SluiceNodeDown', 'SluiceNoNode'] },
          'Nodes that respond to Prometheus.',
          [`sum(${of('up')})`, 'nodes']),
        panel('Redis', { kind: 'stat', width: 3, unit: 'bool', lessIsWorse: true, alerts: ['SluiceRedisDown'], words: yesNo('up', 'down') },
          'Whether every node reaches Redis. Without Redis no message is accepted or sent.',
          [`min(${of('sluice_redis_up')})`, 'Redis']),
        panel('Retry worker',
          { kind: 'stat', width: 3, unit: 'bool', lessIsWorse: true, alerts: ['SluiceRetryWorkerStopped'], words: yesNo('running', 'stopped') },
          'Whether failed messages are retried. 0: an operator stopped it, or no worker node runs it.',
          [whole('sluice_retry_worker_running'), 'retry worker']),
        panel('WhatsApp',
          { kind: 'stat', width: 3, unit: 'bool', alerts: ['SluiceSandboxInUse'], words: { 0: ['WhatsApp', 'green'], 1: ['sandbox', 'orange'] } },
          'Destination of messages: WhatsApp, or the sandbox.',
          [`max(${of('sluice_sandbox')})`, 'sandbox']),
        panel('Spacing violations', { kind: 'stat', width: 3, unit: 'short', alerts: ['SluiceSpacingViolated'] },
          'Sends that started sooner than the pair rule allows. Counted independently of the limiter; must be 0.',
          [grown('sluice_pair_spacing_violations_total', ''), 'violations']),
        panel('Waiting', { kind: 'stat', width: 3, unit: 'short', alerts: ['SluiceQueueLong'] },
          'Messages in the queue, due or not yet due, without scheduled ones and those of inactive senders.',
          [`sum(${whole('sluice_queue_messages', 'sender, state', 'state=~"waiting|delayed"')})`, 'messages']),
        panel('Retrying', { kind: 'stat', width: 3, unit: 'short', alerts: ['SluicePendingFailures'] },
          'Failed messages that wait for a retry.',
          [`sum(${whole('sluice_delivery_failures', 'sender', 'status="pending"')})`, 'messages']),
        panel('Sent in 24 h', { kind: 'stat', width: 3, unit: 'short' },
          'Messages that WhatsApp accepted within the last 24 h.',
          [`sum(${whole('sluice_sent_last_day', 'sender')})`, 'messages'])
      ]
    },
    {
      title: 'HTTP',
      panels: [
        panel('Requests', { kind: 'areas', unit: 'reqps' },
          'HTTP requests by response status.',
          [rate('sluice_http_requests_total', 'status'), '{{status}}']),
        panel('Server errors', { kind: 'lines', unit: 'percentunit', alerts: ['SluiceServerErrors'] },
          'Share of callers\' requests with a 5xx response. 503: Redis is unavailable or nearly full, or a node is overloaded.',
          [`(${rate(REQUESTS, '', ofCallers, 'status=~"5.."')} or vector(0)) / ${rate(REQUESTS, '', ofCallers)}`, '5xx']),
        panel('Duration by route', { kind: 'lines', unit: 's' },
          '99th percentile of each route. POST /messages includes the send itself if the pair is free.',
          [quantile(0.99, 'sluice_http_request_duration_seconds', 'route'), '{{route}}'])
      ]
    },
    {
      title: 'Admission',
      panels: [
        panel('Admitted', { kind: 'areas', unit: 'mps' },
          'Message requests: granted (the caller\'s request sends it), queued, duplicate, reused (key with other content), rejected.',
          [rate('sluice_messages_admitted_total', 'outcome'), '{{outcome}}']),
        panel('Duplicates', { kind: 'lines', unit: 'mps' },
          'Duplicate messages that were not sent again, by source of the idempotency key.',
          [rate('sluice_duplicates_total', 'source'), '{{source}}']),
        panel('Rejected', { kind: 'lines', unit: 'mps', runbooks: ['SluiceRefusals'] },
          'Rejected messages by error code. LIMITED: the caller asked for a rejection (whenLimited: reject).',
          [rate('sluice_refusals_total', 'code'), '{{code}}']),
        panel('Duration of admission', { kind: 'lines', unit: 's', width: 12 },
          'Duration of the script call that grants, queues or rejects a message.',
          [quantile(0.5, 'sluice_admission_duration_seconds'), 'p50'],
          [quantile(0.99, 'sluice_admission_duration_seconds'), 'p99']),
        panel('Admitted by lane', { kind: 'areas', unit: 'mps', width: 12 },
          'The urgent lane goes before normal, and normal before bulk.',
          [rate('sluice_messages_admitted_total', 'lane'), '{{lane}}']),
        panel('Messages by caller', { kind: 'areas', unit: 'mps', width: 12 },
          'Messages that each caller posted, with any result.',
          [rate('sluice_caller_messages_total', 'caller'), '{{caller}}']),
        panel('Callers above their rate', { kind: 'lines', unit: 'mps', width: 12 },
          'Messages that were rejected, since their caller posts faster than API_KEYS_FILE permits.',
          [rate('sluice_caller_limited_total', 'caller'), '{{caller}}'])
      ]
    },
    {
      title: 'Queue and drain',
      panels: [
        panel('Messages by state', { kind: 'areas', unit: 'short', runbooks: ['SluiceQueueLong'] },
          'Unsettled messages: due, not yet due, of an inactive sender, in flight, scheduled, waiting for a retry, or unknown.',
          [summed('sluice_queue_messages', 'sender, state', 'state'), '{{state}}']),
        panel('Oldest due by sender', { kind: 'lines', unit: 's', alerts: ['SluiceOldestDue', 'SluiceNothingMoves'] },
          'Age of the oldest due message per sender. It grows during a large campaign; otherwise a sender is stuck.',
          [whole('sluice_oldest_due_seconds', 'sender'), '{{sender}}']),
        panel('Lateness', { kind: 'lines', unit: 's', alerts: ['SluiceLate'] },
          'Delay from the ready time of a message to the start of its request.',
          [quantile(0.5, 'sluice_dispatch_lateness_seconds', 'lane'), '{{lane}} p50'],
          [quantile(0.99, 'sluice_dispatch_lateness_seconds', 'lane'), '{{lane}} p99']),
        panel('Lateness distribution', { kind: 'heatmap', unit: 's' },
          'All sends by their lateness.',
          [rate('sluice_dispatch_lateness_seconds_bucket', 'le'), '{{le}}']),
        panel('In flight', { kind: 'lines', unit: 'short' },
          'Requests to WhatsApp in flight, and their limit over all nodes.',
          [summed('sluice_inflight', 'sender', 'sender'), '{{sender}}'],
          [summed('sluice_inflight_limit', 'sender', 'sender'), '{{sender}} limit']),
        panel('Rate limited recipients', { kind: 'lines', unit: 'short' },
          'Recipients whose pair rate delays their next message.',
          [whole('sluice_active_rate_limits', 'sender'), '{{sender}}'])
      ]
    },
    {
      title: 'Provider',
      panels: [
        panel('Attempts by outcome', { kind: 'areas', unit: 'reqps' },
          'Send attempts by outcome. limited and unsent do not count as attempts of a message.',
          [rate('sluice_provider_requests_total', 'outcome'), '{{outcome}}']),
        panel('Error codes', { kind: 'lines', unit: 'reqps' },
          'Codes of attempts that were not sent. docs/outcomes.md explains each code.',
          [rate('sluice_provider_requests_total', 'outcome, code', 'outcome!="sent"'), '{{code}} {{outcome}}']),
        panel('Duration of requests', { kind: 'lines', unit: 's' },
          'Duration of requests to WhatsApp, to the outcome.',
          [quantile(0.5, 'sluice_provider_request_duration_seconds', 'outcome'), '{{outcome}} p50'],
          [quantile(0.99, 'sluice_provider_request_duration_seconds', 'outcome'), '{{outcome}} p99']),
        panel('Failing share', { kind: 'lines', unit: 'percentunit', width: 24, alerts: ['SluiceErrorsBurnFast', 'SluiceErrorsBurnSlow'] },
          'Share of attempts with outcome retryable, unknown or sender-stopped. Rejected messages do not count.',
          [`(${rate('sluice_provider_requests_total', '', failing)} or vector(0)) / ${rate('sluice_provider_requests_total', '')}`, 'failing'])
      ]
    },
    {
      title: 'Settlement',
      panels: [
        panel('Messages settled', { kind: 'areas', unit: 'mps' },
          'Settled messages by final outcome.',
          [rate('sluice_messages_settled_total', 'outcome'), '{{outcome}}']),
        panel('Unknown outcomes', { kind: 'lines', unit: 'short', runbooks: ['SluiceUnknownOutcomes'] },
          'Requests without a valid response: they may have been sent. After a hold they are retried or fail, by the policy.',
          [events('sluice_unknown_outcomes_total', 'sender'), '{{sender}}']),
        panel('Double sends and violations', { kind: 'lines', unit: 'short', alerts: ['SluiceDoubleSends', 'SluiceSpacingViolated'] },
          'Messages of which WhatsApp accepted two attempts, and sends closer together than the rule allows. Both must be 0.',
          [events('sluice_double_sends_total', ''), 'double sends'],
          [events('sluice_pair_spacing_violations_total', ''), 'spacing violations'])
      ]
    },
    {
      title: 'Webhooks',
      panels: [
        panel('Statuses', { kind: 'areas', unit: 'mps' },
          'Message statuses received by webhook: sent, delivered, read, failed.',
          [rate('sluice_webhook_statuses_total', 'status'), '{{status}}']),
        panel('Status lag', { kind: 'lines', unit: 's', alerts: ['SluiceWebhookLag'] },
          'Delay from the timestamp of a status to its arrival.',
          [quantile(0.5, 'sluice_webhook_lag_seconds'), 'p50'],
          [quantile(0.95, 'sluice_webhook_lag_seconds'), 'p95']),
        panel('Webhooks rejected', { kind: 'lines', unit: 'short', runbooks: ['SluiceWebhooksRefused'] },
          'No app secret matches the signature, or the body is not JSON. Meta retries for some days, then drops the statuses.',
          [events('sluice_webhooks_refused_total', 'reason'), '{{reason}}'])
      ]
    },
    {
      title: 'Callbacks',
      panels: [
        panel('Callbacks', { kind: 'areas', unit: 'ops', runbooks: ['SluiceCallbacksDropped'] },
          'Callback attempts by result; dropped: the outbox is full. Empty without CALLBACK_URL.',
          [rate('sluice_callbacks_total', 'result'), '{{result}}']),
        panel('Callbacks waiting', { kind: 'lines', unit: 'short' },
          'Callbacks that wait for delivery.',
          [summed('sluice_callbacks_waiting', 'sender', ''), 'waiting']),
        panel('Oldest callback', { kind: 'lines', unit: 's', alerts: ['SluiceCallbacksLate'] },
          'Age of the oldest waiting callback. It grows while the receiver fails.',
          [whole('sluice_callbacks_oldest_seconds', 'sender'), '{{sender}}']),
        panel('Callback duration', { kind: 'lines', unit: 's' },
          'Duration of callback requests, to the response headers.',
          [quantile(0.5, 'sluice_callback_duration_seconds'), 'p50'],
          [quantile(0.95, 'sluice_callback_duration_seconds'), 'p95']),
        panel('Webhooks relayed', { kind: 'lines', unit: 'short' },
          'Inbound messages and other changes of WhatsApp, relayed unchanged.',
          [events('sluice_webhooks_relayed_total', 'type'), '{{type}}'])
      ]
    },
    {
      title: 'Failures and retries',
      panels: [
        panel('Retrying by sender', { kind: 'areas', unit: 'short', alerts: ['SluicePendingFailures'] },
          'Failed messages that wait for a retry, by sender.',
          [whole('sluice_delivery_failures', 'sender', 'status="pending"'), '{{sender}}']),
        panel('Failed, unacknowledged, by reason', { kind: 'areas', unit: 'short', alerts: ['SluicePermanentFailures'] },
          'Failed for good within 24 h and not acknowledged: rejected, attempts exhausted, expired, or outcome never known.',
          [summed('sluice_delivery_failures_unacknowledged', 'sender, reason', 'reason'), '{{reason}}']),
        panel('Retries', { kind: 'areas', unit: 'mps' },
          'Retries by result.',
          [rate('sluice_retry_results_total', 'result'), '{{result}}'])
      ]
    },
    {
      title: 'Recovery and operators',
      panels: [
        panel('Recoveries', { kind: 'lines', unit: 'ops' },
          'Repairs: expired leases, grants whose reply was lost, unknown outcomes after their hold, senders without worker.',
          [rate('sluice_recoveries_total', 'kind'), '{{kind}}']),
        panel('Senders without worker', { kind: 'lines', unit: 's', alerts: ['SluiceSenderUnattended'] },
          'Time that due messages have had no drain run. Recovery assigns the senders of a dead node within 5 s.',
          [whole('sluice_shift_unattended_seconds', 'sender'), '{{sender}}']),
        panel('Operator actions', { kind: 'lines', unit: 'short' },
          'Operator actions by kind. GET /audit has the list.',
          [events('sluice_operator_acts_total', 'action'), '{{action}}'])
      ]
    },
    {
      title: 'Redis and nodes',
      panels: [
        panel('Redis memory', { kind: 'lines', unit: 'percentunit', alerts: ['SluiceRedisMemory', 'SluiceRedisFull'] },
          'Used share of maxmemory; 0 without a limit. Above 85 % new messages are rejected.',
          [whole('sluice_redis_memory_ratio'), '{{job}}']),
        panel('Script duration', { kind: 'lines', unit: 's' },
          '99th percentile of each Lua script call, network included.',
          [quantile(0.99, 'sluice_redis_script_duration_seconds', 'script'), '{{script}}']),
        panel('Node CPU', { kind: 'lines', unit: 'percentunit', warnAt: 0.7, badAt: 0.9 },
          'A node is one thread: 1 is full load.',
          [`sum by (instance) (rate(${of('process_cpu_seconds_total')}[$__rate_interval]))`, '{{instance}}'])
      ]
    }
  ]
}
