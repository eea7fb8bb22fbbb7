/** The first page: is all well, and then a row for each room on the walk of a message. */
import type { Board } from './dashboard.js'
import { ofCallers } from './expressions.js'
import { events, grown, of, quantile, rate, summed, whole } from './query.js'

const yesNo = (yes: string, no: string): Record<string, [string, string]> => ({ 1: [yes, 'green'], 0: [no, 'red'] })
const failing = 'outcome=~"retryable|unknown|sender-stopped"'

export const overview: Board = {
  uid: 'sluice-overview',
  title: 'Sluice / Overview',
  description: 'Is all well? Then a row for each room on the walk of a message: from the request to WhatsApp, and what follows when it fails.',
  rows: [
    {
      title: 'Is all well?',
      panels: [
        { title: 'Alerts firing', description: 'Alerts of Sluice that fire in Prometheus right now. Alertmanager and the runbooks say more.', kind: 'stat', unit: 'short', badAt: 1, queries: [['count(ALERTS{alertname=~"Sluice.+", alertstate="firing"}) or vector(0)', 'alerts']] },
        { title: 'Nodes up', description: 'Nodes that answer Prometheus.', kind: 'stat', unit: 'short', lessIsWorse: true, badAt: 1, alerts: ['SluiceNodeDown', 'SluiceNoNode'], queries: [[`sum(${of('up')})`, 'nodes']] },
        { title: 'Redis', description: 'Whether every node reaches Redis. Without it nothing is taken and nothing sent.', kind: 'stat', unit: 'bool', lessIsWorse: true, alerts: ['SluiceRedisDown'], words: yesNo('up', 'down'), queries: [[`min(${of('sluice_redis_up')})`, 'Redis']] },
        { title: 'Closed senders', description: 'Senders that are paused by an operator or stopped by WhatsApp. Their messages wait.', kind: 'stat', unit: 'short', runbooks: ['SluiceSenderStopped'], badAt: 1, queries: [[`count(${whole('sluice_sender_open', 'sender')} == 0) or vector(0)`, 'senders']] },
        { title: 'Retry worker', description: 'Whether failed messages are retried. Stopped by an operator, or no worker has run it.', kind: 'stat', unit: 'bool', lessIsWorse: true, alerts: ['SluiceRetryWorkerStopped'], words: yesNo('running', 'stopped'), queries: [[whole('sluice_retry_worker_running'), 'retry worker']] },
        { title: 'WhatsApp', description: 'Where messages go: to WhatsApp, or to the sandbox that stands in for it.', kind: 'stat', unit: 'bool', alerts: ['SluiceSandboxInUse'], words: { 0: ['WhatsApp', 'green'], 1: ['sandbox', 'orange'] }, queries: [[`max(${of('sluice_sandbox')})`, 'sandbox']] },
        { title: 'Waiting', description: 'Messages in line, due or with a later promise; neither scheduled ones nor those behind a closed sender.', kind: 'stat', unit: 'short', alerts: ['SluiceQueueLong'], queries: [[`sum(${whole('sluice_queue_messages', 'sender, state', 'state=~"waiting|delayed"')})`, 'messages']] },
        { title: 'Oldest due', description: 'How long the oldest message whose turn has come has been waiting.', kind: 'stat', unit: 's', alerts: ['SluiceOldestDue', 'SluiceNothingMoves'], queries: [[`max(${of('sluice_oldest_due_seconds')})`, 'oldest']] },
        { title: 'Pending failures', description: 'Failed messages that wait for a retry.', kind: 'stat', unit: 'short', alerts: ['SluicePendingFailures'], queries: [[`sum(${whole('sluice_delivery_failures', 'sender', 'status="pending"')})`, 'messages']] },
        { title: 'Given up, unseen', description: 'Messages that FAILED for good within 24 h and that nobody has acknowledged.', kind: 'stat', unit: 'short', alerts: ['SluicePermanentFailures'], queries: [[`sum(${whole('sluice_delivery_failures_unacknowledged', 'sender, reason')})`, 'messages']] },
        { title: 'Spacing violations', description: 'Sends to a recipient that came sooner than the rule allows, in the time shown. Counted apart from the limiter; has to be 0.', kind: 'stat', unit: 'short', alerts: ['SluiceSpacingViolated'], queries: [[grown('sluice_pair_spacing_violations_total', ''), 'violations']] },
        { title: 'Sent in 24 h', description: 'Messages that WhatsApp took within the last 24 h.', kind: 'stat', unit: 'short', queries: [[`sum(${whole('sluice_sent_last_day', 'sender')})`, 'messages']] }
      ]
    },
    {
      title: 'HTTP',
      panels: [
        { title: 'Requests', description: 'Requests by the status that they were answered with.', kind: 'areas', unit: 'reqps', queries: [[rate('sluice_http_requests_total', 'status'), '{{status}}']] },
        { title: 'Server errors', description: 'Share of callers\' requests (probes and scrapes left out) answered with an error of ours (5xx). 503 means that Redis is away or nearly full, or that a node is closing.', kind: 'lines', unit: 'percentunit', alerts: ['SluiceServerErrors'], queries: [[`(${rate('sluice_http_requests_total', '', ofCallers, 'status=~"5.."')} or vector(0)) / ${rate('sluice_http_requests_total', '', ofCallers)}`, '5xx']] },
        { title: 'Duration by route', description: 'The 99th percentile of each route. POST /messages contains the send itself where the slot is free.', kind: 'lines', unit: 's', queries: [[quantile(0.99, 'sluice_http_request_duration_seconds', 'route'), '{{route}}']] }
      ]
    },
    {
      title: 'Admission',
      panels: [
        { title: 'Admitted', description: 'Messages by what became of them at the door: granted (sent by the caller\'s own request), queued, a duplicate, a key reused with other content, or refused.', kind: 'areas', unit: 'mps', queries: [[rate('sluice_messages_admitted_total', 'outcome'), '{{outcome}}']] },
        { title: 'Duplicates', description: 'Repeated messages that were not sent again, by where the key came from.', kind: 'lines', unit: 'mps', queries: [[rate('sluice_duplicates_total', 'source'), '{{source}}']] },
        { title: 'Refused', description: 'Messages that were not taken, by the reason given to the caller. LIMITED is what the caller asked for (whenLimited: reject).', kind: 'lines', unit: 'mps', runbooks: ['SluiceRefusals'], queries: [[rate('sluice_refusals_total', 'code'), '{{code}}']] },
        { title: 'Duration of admission', description: 'From the message to its grant, its place in line or its refusal: one script in Redis.', kind: 'lines', unit: 's', width: 12, queries: [[quantile(0.5, 'sluice_admission_duration_seconds'), 'p50'], [quantile(0.99, 'sluice_admission_duration_seconds'), 'p99']] },
        { title: 'Admitted by lane', description: 'Urgent goes before normal, normal before bulk.', kind: 'areas', unit: 'mps', width: 12, queries: [[rate('sluice_messages_admitted_total', 'lane'), '{{lane}}']] }
      ]
    },
    {
      title: 'Line and drain',
      panels: [
        { title: 'Messages by state', description: 'Who waits: due now, with a later promise, behind a closed sender, in flight, scheduled, for a retry, or for news of an unknown outcome.', kind: 'areas', unit: 'short', runbooks: ['SluiceQueueLong'], queries: [[summed('sluice_queue_messages', 'sender, state', 'state'), '{{state}}']] },
        { title: 'Oldest due', description: 'How long the oldest due message of each sender waits. It grows behind a campaign larger than the sender\'s rate; else something does not move.', kind: 'lines', unit: 's', alerts: ['SluiceOldestDue', 'SluiceNothingMoves'], queries: [[whole('sluice_oldest_due_seconds', 'sender'), '{{sender}}']] },
        { title: 'Lateness', description: 'Start of a send minus the moment at which its turn became possible: how true the promises are.', kind: 'lines', unit: 's', alerts: ['SluiceLate'], queries: [[quantile(0.5, 'sluice_dispatch_lateness_seconds', 'lane'), '{{lane}} p50'], [quantile(0.99, 'sluice_dispatch_lateness_seconds', 'lane'), '{{lane}} p99']] },
        { title: 'Lateness, how often', description: 'All sends by their lateness.', kind: 'heatmap', unit: 's', queries: [[rate('sluice_dispatch_lateness_seconds_bucket', 'le'), '{{le}}']] },
        { title: 'In flight', description: 'Requests to WhatsApp under way, and how many the rule allows over all nodes.', kind: 'lines', unit: 'short', queries: [[summed('sluice_inflight', 'sender', 'sender'), '{{sender}}'], [summed('sluice_inflight_limit', 'sender', 'sender'), '{{sender}} at most']] },
        { title: 'Recipients that have to wait', description: 'Pairs whose bucket is not full: written to within the interval.', kind: 'lines', unit: 'short', queries: [[whole('sluice_active_rate_limits', 'sender'), '{{sender}}']] }
      ]
    },
    {
      title: 'Provider',
      panels: [
        { title: 'Attempts by outcome', description: 'What requests to WhatsApp came to. limited and unsent cost no attempt.', kind: 'areas', unit: 'reqps', queries: [[rate('sluice_provider_requests_total', 'outcome'), '{{outcome}}']] },
        { title: 'Error codes', description: 'Codes of attempts that were not sent: WhatsApp\'s own, and ours where it did not answer. docs/outcomes.md tells each.', kind: 'lines', unit: 'reqps', queries: [[rate('sluice_provider_requests_total', 'outcome, code', 'outcome!="sent"'), '{{code}} {{outcome}}']] },
        { title: 'Duration of requests', description: 'From the request to WhatsApp\'s answer.', kind: 'lines', unit: 's', queries: [[quantile(0.5, 'sluice_provider_request_duration_seconds', 'outcome'), '{{outcome}} p50'], [quantile(0.99, 'sluice_provider_request_duration_seconds', 'outcome'), '{{outcome}} p99']] },
        { title: 'Failing share of attempts', description: 'Attempts refused for now, not answered, or refused for the sender as a whole, of all attempts. Faults of a message are not among them.', kind: 'lines', unit: 'percentunit', width: 24, alerts: ['SluiceErrorsBurnFast', 'SluiceErrorsBurnSlow'], queries: [[`(${rate('sluice_provider_requests_total', '', failing)} or vector(0)) / ${rate('sluice_provider_requests_total', '')}`, 'failing']] }
      ]
    },
    {
      title: 'Settlement',
      panels: [
        { title: 'Messages ended', description: 'Messages by how they ended.', kind: 'areas', unit: 'mps', queries: [[rate('sluice_messages_settled_total', 'outcome'), '{{outcome}}']] },
        { title: 'Unknown outcomes', description: 'Requests that were written and not answered: they may have been sent. Held, then sent again or given up, as the policy says.', kind: 'lines', unit: 'short', runbooks: ['SluiceUnknownOutcomes'], queries: [[events('sluice_unknown_outcomes_total', 'sender'), '{{sender}}']] },
        { title: 'Doubles and violations', description: 'Messages of which WhatsApp accepted two attempts, and sends closer together than the rule allows. Both have to be 0.', kind: 'lines', unit: 'short', alerts: ['SluiceDoubleSends', 'SluiceSpacingViolated'], queries: [[events('sluice_double_sends_total', ''), 'double sends'], [events('sluice_pair_spacing_violations_total', ''), 'spacing violations']] }
      ]
    },
    {
      title: 'Webhooks',
      panels: [
        { title: 'Statuses', description: 'What WhatsApp told of messages by webhook: sent, delivered, read, failed.', kind: 'areas', unit: 'mps', queries: [[rate('sluice_webhook_statuses_total', 'told'), '{{told}}']] },
        { title: 'Lag of statuses', description: 'From the time of a status to its receipt by webhook.', kind: 'lines', unit: 's', alerts: ['SluiceWebhookLag'], queries: [[quantile(0.5, 'sluice_webhook_lag_seconds'), 'p50'], [quantile(0.95, 'sluice_webhook_lag_seconds'), 'p95']] },
        { title: 'Webhooks refused', description: 'Turned away: the signature fits no app secret, or the body is no JSON. Their statuses are lost once Meta gives up.', kind: 'lines', unit: 'short', runbooks: ['SluiceWebhooksRefused'], queries: [[events('sluice_webhooks_refused_total', 'why'), '{{why}}']] }
      ]
    },
    {
      title: 'Callbacks',
      panels: [
        { title: 'Callbacks told', description: 'Changes told to your URL: told, to be told again later, dropped (given up, or no place left). Nothing where `CALLBACK_URL` is empty.', kind: 'areas', unit: 'ops', runbooks: ['SluiceCallbacksDropped'], queries: [[rate('sluice_callbacks_total', 'result'), '{{result}}']] },
        { title: 'Callbacks to tell', description: 'Messages, and webhooks to relay, that are still to be told of.', kind: 'lines', unit: 'short', queries: [[summed('sluice_callbacks_waiting', 'sender', ''), 'waiting']] },
        { title: 'Oldest to tell', description: 'For how long the oldest of them has waited. It grows while your URL takes nothing.', kind: 'lines', unit: 's', alerts: ['SluiceCallbacksLate'], queries: [[whole('sluice_callbacks_oldest_seconds', 'sender'), '{{sender}}']] },
        { title: 'Answers of your URL', description: 'From the start of a callback to the head of its answer.', kind: 'lines', unit: 's', queries: [[quantile(0.5, 'sluice_callback_duration_seconds'), 'p50'], [quantile(0.95, 'sluice_callback_duration_seconds'), 'p95']] },
        { title: 'Webhooks relayed', description: 'What people wrote to the senders, and whatever else WhatsApp tells, relayed as it came.', kind: 'lines', unit: 'short', queries: [[events('sluice_webhooks_relayed_total', 'type'), '{{type}}']] }
      ]
    },
    {
      title: 'Failures and retries',
      panels: [
        { title: 'Pending failures', description: 'Failed messages that wait for a retry, by sender.', kind: 'areas', unit: 'short', alerts: ['SluicePendingFailures'], queries: [[whole('sluice_delivery_failures', 'sender', 'status="pending"'), '{{sender}}']] },
        { title: 'Given up and unseen, by reason', description: 'FAILED within 24 h and not acknowledged: refused for good, attempts used up, life over, or never known.', kind: 'areas', unit: 'short', alerts: ['SluicePermanentFailures'], queries: [[summed('sluice_delivery_failures_unacknowledged', 'sender, reason', 'reason'), '{{reason}}']] },
        { title: 'Retries', description: 'What retries came to.', kind: 'areas', unit: 'mps', queries: [[rate('sluice_retry_results_total', 'result'), '{{result}}']] }
      ]
    },
    {
      title: 'Recovery and operators',
      panels: [
        { title: 'Recoveries', description: 'What dead nodes and lost answers left, and was picked up: leases that ran out, grants whose answer was lost, unknown outcomes whose hold was over, senders that nobody attended.', kind: 'lines', unit: 'ops', queries: [[rate('sluice_recoveries_total', 'what'), '{{what}}']] },
        { title: 'Unattended', description: 'For how long due messages of a sender have had no shift. A dead node\'s senders are attended again within 5 s.', kind: 'lines', unit: 's', alerts: ['SluiceSenderUnattended'], queries: [[whole('sluice_shift_unattended_seconds', 'sender'), '{{sender}}']] },
        { title: 'Acts of operators', description: 'What people did by hand. GET /audit names them.', kind: 'lines', unit: 'short', queries: [[events('sluice_operator_acts_total', 'act'), '{{act}}']] }
      ]
    },
    {
      title: 'Redis and nodes',
      panels: [
        { title: 'Memory of Redis', description: 'Share of maxmemory in use; 0 without a limit. Above 85 % new messages are refused.', kind: 'lines', unit: 'percentunit', alerts: ['SluiceRedisMemory', 'SluiceRedisFull'], queries: [[whole('sluice_redis_memory_ratio'), '{{job}}']] },
        { title: 'Duration of scripts', description: 'The 99th percentile of each Lua script, as a node sees it.', kind: 'lines', unit: 's', queries: [[quantile(0.99, 'sluice_redis_script_duration_seconds', 'script'), '{{script}}']] },
        { title: 'CPU of nodes', description: 'A node is one thread: at 1 it is full.', kind: 'lines', unit: 'percentunit', warnAt: 0.7, badAt: 0.9, queries: [[`sum by (instance) (rate(${of('process_cpu_seconds_total')}[$__rate_interval]))`, '{{instance}}']] }
      ]
    }
  ]
}
