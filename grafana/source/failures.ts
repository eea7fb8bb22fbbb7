/** Failures: codes, retries, unknown outcomes. */
import type { Board } from './dashboard.js'
import { panel, yesNo } from './panel.js'
import { events, grown, of, rate, summed, whole } from './query.js'

const failing = 'outcome=~"retryable|unknown|sender-stopped"'

export const failures: Board = {
  uid: 'sluice-failures',
  title: 'Sluice / Failures and retries',
  description: 'Failures by code, pending retries and their results, unknown outcomes.',
  rows: [
    {
      title: 'Now',
      panels: [
        panel('Retrying', { kind: 'stat', unit: 'short', alerts: ['SluicePendingFailures'] },
          'Failed messages that wait for a retry.',
          [`sum(${whole('sluice_delivery_failures', 'sender', 'status="pending"')})`, 'messages']),
        panel('Failed, unacknowledged', { kind: 'stat', unit: 'short', alerts: ['SluicePermanentFailures'] },
          'FAILED within 24 h and not acknowledged. POST /failures/acknowledge acknowledges them.',
          [`sum(${whole('sluice_delivery_failures_unacknowledged', 'sender, reason')})`, 'messages']),
        panel('Failed, stored', { kind: 'stat', unit: 'short' },
          'FAILED messages in the store (30 days).',
          [`sum(${whole('sluice_delivery_failures', 'sender', 'status="failed"')})`, 'messages']),
        panel('Resolved, stored', { kind: 'stat', unit: 'short' },
          'Failed once, then sent: RESOLVED messages in the store.',
          [`sum(${whole('sluice_delivery_failures', 'sender', 'status="resolved"')})`, 'messages']),
        panel('Unknown outcomes', { kind: 'stat', unit: 'short', runbooks: ['SluiceUnknownOutcomes'], warnAt: 1 },
          'Messages with an unknown outcome, on hold.',
          [`sum(${whole('sluice_queue_messages', 'sender', 'state="unknown"')})`, 'messages']),
        panel('Last retry run', { kind: 'stat', unit: 's', runbooks: ['SluiceRetryWorkerStopped'] },
          'Time since the retry worker last checked for due failures. Its interval is WHATSAPP_RETRY_INTERVAL_MS.',
          [`time() - max(${of('sluice_retry_worker_last_run_timestamp_seconds')})`, 'ago'])
      ]
    },
    {
      title: 'Causes',
      panels: [
        panel('Codes, total', { kind: 'table', unit: 'short', width: 8 },
          'Attempts that were not sent, by code and outcome, in the selected time range. docs/outcomes.md explains each code.',
          [`sort_desc(${grown('sluice_provider_requests_total', 'code, outcome', 'outcome!="sent"')})`, '']),
        panel('Codes over time', { kind: 'areas', unit: 'reqps', width: 8 },
          'Attempts that were not sent, by code and outcome, per second.',
          [rate('sluice_provider_requests_total', 'outcome, code', 'outcome!="sent"'), '{{code}} {{outcome}}']),
        panel('Failing share', { kind: 'lines', unit: 'percentunit', width: 8, alerts: ['SluiceErrorsBurnFast', 'SluiceErrorsBurnSlow'] },
          'Share of attempts with outcome retryable, unknown or sender-stopped, by sender.',
          [`${rate('sluice_provider_requests_total', 'sender', failing)} / ${rate('sluice_provider_requests_total', 'sender')}`, '{{sender}}']),
        panel('Failed, unacknowledged, by reason', { kind: 'areas', unit: 'short', width: 12, alerts: ['SluicePermanentFailures'] },
          'rejected: refused for good. exhausted: no retry left. expired: end of life. unknown: outcome never known.',
          [summed('sluice_delivery_failures_unacknowledged', 'sender, reason', 'reason'), '{{reason}}']),
        panel('Settled without success', { kind: 'lines', unit: 'mps', width: 12 },
          'Messages settled as failed, cancelled or expired.',
          [rate('sluice_messages_settled_total', 'outcome', 'outcome!="sent"'), '{{outcome}}']),
        panel('Removed early', { kind: 'lines', unit: 'mps', width: 24 },
          'Failures removed before the end of their retention, since their sender had too many.',
          [rate('sluice_failures_removed_early_total', 'sender, status'), '{{sender}} {{status}}'])
      ]
    },
    {
      title: 'Retries',
      panels: [
        panel('Results', { kind: 'areas', unit: 'mps' },
          'succeeded, failed (pending again), permanently failed, or deferred (pair not free: back in the queue).',
          [rate('sluice_retry_results_total', 'result'), '{{result}}']),
        panel('Success ratio', { kind: 'lines', unit: 'percentunit' },
          'Successful retries relative to all retries that ran.',
          [`${rate('sluice_retry_results_total', '', 'result="succeeded"')} / ${rate('sluice_retry_results_total', '', 'result!="deferred"')}`,
            'succeeded']),
        panel('Runs', { kind: 'lines', unit: 'ops' },
          'Runs of the retry worker per second, over all nodes.',
          [rate('sluice_retry_runs_total', ''), 'runs']),
        panel('Worker',
          { kind: 'states', unit: 'short', width: 12, alerts: ['SluiceRetryWorkerStopped'], lessIsWorse: true, words: yesNo('running', 'stopped') },
          'Whether the retry worker runs on any node.',
          [whole('sluice_retry_worker_running'), '{{job}}']),
        panel('Age of the last run, in intervals', { kind: 'lines', unit: 'short', width: 12, warnAt: 2, badAt: 3 },
          'Above 1 a run is overdue.',
          [`(time() - ${whole('sluice_retry_worker_last_run_timestamp_seconds')}) / ${whole('sluice_retry_worker_interval_seconds')}`, '{{job}}'])
      ]
    },
    {
      title: 'Unknown outcomes',
      panels: [
        panel('Attempts without response', { kind: 'lines', unit: 'short', runbooks: ['SluiceUnknownOutcomes'] },
          'Requests that were written and got no valid response.',
          [events('sluice_unknown_outcomes_total', 'sender'), '{{sender}}']),
        panel('On hold', { kind: 'areas', unit: 'short' },
          'Messages with an unknown outcome, until a status arrives or the hold ends.',
          [whole('sluice_queue_messages', 'sender', 'state="unknown"'), '{{sender}}']),
        panel('Double sends', { kind: 'lines', unit: 'short', alerts: ['SluiceDoubleSends'] },
          'Messages of which WhatsApp accepted more than one attempt.',
          [events('sluice_double_sends_total', 'sender'), '{{sender}}'])
      ]
    }
  ]
}
