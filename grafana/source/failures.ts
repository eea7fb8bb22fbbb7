/** What fails, why, and what becomes of it. */
import type { Board } from './dashboard.js'
import { events, grown, of, rate, summed, whole } from './query.js'

const failing = 'outcome=~"retryable|unknown|sender-stopped"'

export const failures: Board = {
  uid: 'sluice-failures',
  title: 'Sluice / Failures and retries',
  description: 'What fails and why, who waits for a retry, what retries come to, what nobody knows.',
  rows: [
    {
      title: 'Now',
      panels: [
        { title: 'Pending', description: 'Failed messages that wait for a retry.', kind: 'stat', unit: 'short', alerts: ['SluicePendingFailures'], queries: [[`sum(${whole('sluice_delivery_failures', 'sender', 'status="pending"')})`, 'messages']] },
        { title: 'Given up, unseen', description: 'FAILED within 24 h and not acknowledged. POST /failures/acknowledge says that somebody has seen them.', kind: 'stat', unit: 'short', alerts: ['SluicePermanentFailures'], queries: [[`sum(${whole('sluice_delivery_failures_unacknowledged', 'sender, reason')})`, 'messages']] },
        { title: 'Given up, kept', description: 'FAILED, as long as they are kept (30 days).', kind: 'stat', unit: 'short', queries: [[`sum(${whole('sluice_delivery_failures', 'sender', 'status="failed"')})`, 'messages']] },
        { title: 'Resolved, kept', description: 'Failed once, then sent: RESOLVED, as long as they are kept.', kind: 'stat', unit: 'short', queries: [[`sum(${whole('sluice_delivery_failures', 'sender', 'status="resolved"')})`, 'messages']] },
        { title: 'Nobody knows', description: 'Messages whose outcome is unknown and held.', kind: 'stat', unit: 'short', runbooks: ['SluiceUnknownOutcomes'], warnAt: 1, queries: [[`sum(${whole('sluice_queue_messages', 'sender', 'state="unknown"')})`, 'messages']] },
        { title: 'Last retry run', description: 'How long ago the retry worker last looked for due failures. It looks every WHATSAPP_RETRY_INTERVAL_MS.', kind: 'stat', unit: 's', runbooks: ['SluiceRetryWorkerStopped'], queries: [[`time() - max(${of('sluice_retry_worker_last_run_timestamp_seconds')})`, 'ago']] }
      ]
    },
    {
      title: 'Why',
      panels: [
        { title: 'Codes, in the time shown', description: 'Attempts that were not sent, by code and outcome. docs/outcomes.md has the meaning and the remedy of each.', kind: 'table', unit: 'short', width: 8, queries: [[`sort_desc(${grown('sluice_provider_requests_total', 'code, outcome', 'outcome!="sent"')})`, '']] },
        { title: 'Codes over time', description: 'The same by the second.', kind: 'areas', unit: 'reqps', width: 8, queries: [[rate('sluice_provider_requests_total', 'outcome, code', 'outcome!="sent"'), '{{code}} {{outcome}}']] },
        { title: 'Failing share of attempts', description: 'Refused for now, not answered, or refused for the sender as a whole, of all attempts, by sender.', kind: 'lines', unit: 'percentunit', width: 8, alerts: ['SluiceErrorsBurnFast', 'SluiceErrorsBurnSlow'], queries: [[`${rate('sluice_provider_requests_total', 'sender', failing)} / ${rate('sluice_provider_requests_total', 'sender')}`, '{{sender}}']] },
        { title: 'Given up and unseen, by reason', description: 'rejected: refused for good. exhausted: attempts used up. expired: its life was over. unknown: never known.', kind: 'areas', unit: 'short', width: 12, alerts: ['SluicePermanentFailures'], queries: [[summed('sluice_delivery_failures_unacknowledged', 'sender, reason', 'reason'), '{{reason}}']] },
        { title: 'Ended without being sent', description: 'Messages that ended as failed, cancelled or expired.', kind: 'lines', unit: 'mps', width: 12, queries: [[rate('sluice_messages_settled_total', 'outcome', 'outcome!="sent"'), '{{outcome}}']] }
      ]
    },
    {
      title: 'Retries',
      panels: [
        { title: 'Results', description: 'succeeded, failed (and pending again), permanently failed, or deferred (no slot free: they joined the line).', kind: 'areas', unit: 'mps', queries: [[rate('sluice_retry_results_total', 'result'), '{{result}}']] },
        { title: 'Share that succeeds', description: 'Of retries that came to something.', kind: 'lines', unit: 'percentunit', queries: [[`${rate('sluice_retry_results_total', '', 'result="succeeded"')} / ${rate('sluice_retry_results_total', '', 'result!="deferred"')}`, 'succeeded']] },
        { title: 'Runs', description: 'Runs of the retry worker a second, over all nodes.', kind: 'lines', unit: 'ops', queries: [[rate('sluice_retry_runs_total', ''), 'runs']] },
        { title: 'Worker', description: 'Whether it runs, on any node.', kind: 'states', unit: 'short', width: 12, alerts: ['SluiceRetryWorkerStopped'], lessIsWorse: true, words: { 1: ['running', 'green'], 0: ['stopped', 'red'] }, queries: [[whole('sluice_retry_worker_running'), '{{job}}']] },
        { title: 'Age of the last run against its interval', description: 'Above 1 a run is overdue.', kind: 'lines', unit: 'short', width: 12, warnAt: 2, badAt: 3, queries: [[`(time() - ${whole('sluice_retry_worker_last_run_timestamp_seconds')}) / ${whole('sluice_retry_worker_interval_seconds')}`, '{{job}}']] }
      ]
    },
    {
      title: 'What nobody knows',
      panels: [
        { title: 'Unknown outcomes', description: 'Requests written and not answered.', kind: 'lines', unit: 'short', runbooks: ['SluiceUnknownOutcomes'], queries: [[events('sluice_unknown_outcomes_total', 'sender'), '{{sender}}']] },
        { title: 'Held', description: 'Messages whose outcome is unknown, until a status or the end of the hold.', kind: 'areas', unit: 'short', queries: [[whole('sluice_queue_messages', 'sender', 'state="unknown"'), '{{sender}}']] },
        { title: 'Double sends', description: 'WhatsApp accepted another attempt of a message that was already settled.', kind: 'lines', unit: 'short', alerts: ['SluiceDoubleSends'], queries: [[events('sluice_double_sends_total', 'sender'), '{{sender}}']] }
      ]
    }
  ]
}
