/** Each sender: state, limits, rate, queue and outcomes. */
import type { Board } from './dashboard.js'
import { panel, yesNo, type ValueTexts } from './panel.js'
import { events, rate, whole } from './query.js'

const inState = (state: string): string => whole('sluice_sender_state', 'sender', `state="${state}"`)
const circuit = (state: string): string => whole('sluice_circuit_state', 'sender', `state="${state}"`)
const states: ValueTexts = { 1: ['active', 'green'], 2: ['paused', 'orange'], 3: ['stopped', 'red'] }
const phases: ValueTexts = { 1: ['closed', 'green'], 2: ['half-open', 'orange'], 3: ['open', 'red'] }

export const senders: Board = {
  uid: 'sluice-senders',
  title: 'Sluice / Senders',
  description: 'Each sending number: state, rate and its limit, queue, outcomes.',
  rows: [
    {
      title: 'State',
      panels: [
        panel('Senders',
          { kind: 'table', unit: 'short', width: 8, runbooks: ['SluiceSenderStopped'], words: yesNo('active', 'inactive') },
          'Active (1), or paused or stopped (0).',
          [whole('sluice_sender_open', 'sender'), '']),
        panel('State over time',
          { kind: 'states', unit: 'short', width: 16, runbooks: ['SluiceSenderStopped'], words: states },
          'Paused by an operator, or stopped because WhatsApp rejects the sender. A successful probe resumes a stopped sender.',
          [`${inState('active')} + 2 * ${inState('paused')} + 3 * ${inState('stopped')}`, '{{sender}}']),
        panel('Stops', { kind: 'lines', unit: 'short', runbooks: ['SluiceSenderStopped'] },
          'Stops of each sender by error code of WhatsApp.',
          [events('sluice_sender_stops_total', 'sender, code'), '{{sender}} {{code}}']),
        panel('Circuit breaker',
          { kind: 'states', unit: 'short', width: 16, alerts: ['SluiceOutage'], words: phases },
          'Open: WhatsApp is down, messages wait and probes go out. Half-open: the backlog is sent at a part of the rate.',
          [`${circuit('closed')} + 2 * ${circuit('half-open')} + 3 * ${circuit('open')}`, '{{sender}}']),
        panel('Failed attempts', { kind: 'lines', unit: 'short', alerts: ['SluiceNoSuccess'] },
          'Attempts that failed for reasons that their messages did not cause.',
          [events('sluice_provider_requests_total', 'sender, outcome', 'outcome=~"retryable|unknown|sender-stopped"'), '{{sender}} {{outcome}}']),
        panel('Accepted without a status', { kind: 'lines', unit: 'percentunit', alerts: ['SluiceStatusesMissing'] },
          'Share of the messages accepted 2 to 12 minutes ago of which no webhook has reported a status.',
          [whole('sluice_statuses_missing_ratio', 'sender'), '{{sender}}']),
        panel('Bulk held', { kind: 'states', unit: 'short', runbooks: ['SluiceStatusesMissing'], words: yesNo('held', 'sent') },
          'Whether messages of the lane bulk wait since most accepted messages have no status. Empty without BULK_HOLD_MS.',
          [whole('sluice_bulk_held', 'sender'), '{{sender}}']),
        panel('Suspended for templates', { kind: 'areas', unit: 'short', alerts: ['SluiceTemplatePaused'] },
          'Messages whose template WhatsApp does not send now. They are sent once it is approved.',
          [whole('sluice_queue_messages', 'sender', 'state="suspended"'), '{{sender}}']),
        panel('Templates stopped', { kind: 'states', unit: 'short', alerts: ['SluiceTemplatesStopped'], words: yesNo('stopped', 'sent') },
          'Whether WhatsApp sends no template of the sender at all, for payment, quality or policy.',
          [whole('sluice_templates_stopped', 'sender'), '{{sender}}']),
        panel('Waiting while templates are stopped', { kind: 'areas', unit: 'short' },
          'Messages that wait until WhatsApp sends templates of the sender again.',
          [whole('sluice_queue_messages', 'sender', 'state="templates-stopped"'), '{{sender}}']),
        panel('Waiting for their recipient', { kind: 'areas', unit: 'short' },
          'Messages that wait until their recipient writes, since its window is closed.',
          [whole('sluice_queue_messages', 'sender', 'state="awaiting"'), '{{sender}}']),
        panel('Windows known', { kind: 'states', unit: 'short', alerts: ['SluiceWindowsUnknown'], words: yesNo('known', 'unknown') },
          'Whether closed windows are known. Unknown: webhooks have not come for 24 hours, or some may be missing.',
          [whole('sluice_windows_known', 'sender'), '{{sender}}']),
        panel('Closed windows', { kind: 'lines', unit: 'short' },
          'Messages that were rejected or replaced, and messages that were released since their recipient wrote.',
          [events('sluice_refusals_total', 'sender', 'code="WINDOW_CLOSED"'), '{{sender}} rejected'],
          [events('sluice_messages_replaced_total', 'sender'), '{{sender}} replaced'],
          [events('sluice_window_released_total', 'sender'), '{{sender}} released']),
        panel('Windows opened', { kind: 'lines', unit: 'short' },
          'Messages and calls of people, each of which opens a window, and silences after which no window is surely closed.',
          [events('sluice_window_acts_total', 'sender'), '{{sender}} opened'],
          [events('sluice_window_gaps_total', 'sender'), '{{sender}} silences']),
        panel('Failed reads of templates', { kind: 'lines', unit: 'short', alerts: ['SluiceTemplatesUnread'] },
          'Reads of the statuses of templates that failed since the last successful one.',
          [whole('sluice_template_read_failures', 'sender'), '{{sender}}']),
        panel('Sent in 24 h', { kind: 'lines', unit: 'short' },
          'Messages that WhatsApp accepted within the last 24 h.',
          [whole('sluice_sent_last_day', 'sender'), '{{sender}}']),
        panel('Without worker', { kind: 'lines', unit: 's', alerts: ['SluiceSenderUnattended'] },
          'Time that due messages have had no drain run.',
          [whole('sluice_shift_unattended_seconds', 'sender'), '{{sender}}'])
      ]
    },
    {
      title: 'Rate',
      panels: [
        panel('Attempts', { kind: 'lines', unit: 'reqps' },
          'Requests to WhatsApp per second.',
          [rate('sluice_provider_requests_total', 'sender'), '{{sender}}']),
        panel('Rate utilization', { kind: 'lines', unit: 'percentunit', warnAt: 0.8, badAt: 1 },
          'Attempts relative to the sender rate in force. At 1 all messages wait for the sender rate.',
          [`${rate('sluice_provider_requests_total', 'job, sender')} / ${whole('sluice_sender_rate_current', 'sender')}`, '{{sender}}']),
        panel('Rate in force', { kind: 'lines', unit: 'mps', runbooks: ['SluiceRateReduced'] },
          'Messages per second that each sender may send now, and its rule where WhatsApp rejects that rate.',
          [whole('sluice_sender_rate_current', 'sender'), '{{sender}}'],
          [`${whole('sluice_sender_rate_limit', 'sender')} > ${whole('sluice_sender_rate_current', 'sender')}`, '{{sender}} rule']),
        panel('In-flight utilization', { kind: 'lines', unit: 'percentunit', warnAt: 0.8, badAt: 1 },
          'Requests in flight relative to their limit. Near 1 WhatsApp responds too slowly for the rate.',
          [`${whole('sluice_inflight', 'sender')} / ${whole('sluice_inflight_limit', 'sender')}`, '{{sender}}']),
        panel('Rate limited recipients', { kind: 'lines', unit: 'short', width: 12 },
          'Recipients whose pair rate delays their next message.',
          [whole('sluice_active_rate_limits', 'sender'), '{{sender}}']),
        panel('Admitted', { kind: 'lines', unit: 'mps', width: 12 },
          'Message requests by admission outcome.',
          [rate('sluice_messages_admitted_total', 'sender, outcome'), '{{sender}} {{outcome}}'])
      ]
    },
    {
      title: 'Daily limit',
      panels: [
        panel('Daily limit used', { kind: 'lines', unit: 'percentunit', alerts: ['SluiceDailyLimitNear'] },
          'Used share of the daily limit; in a portfolio that of all its senders. Above 1 after WhatsApp has lowered the limit.',
          [whole('sluice_daily_used_ratio', 'sender'), '{{sender}}']),
        panel('Recipients of the daily limit', { kind: 'lines', unit: 'short' },
          'Recipients who count, and how many may count. In a portfolio each sender has a share of the limit.',
          [whole('sluice_daily_used', 'sender'), '{{sender}}'],
          [whole('sluice_daily_limit', 'sender'), '{{sender}} limit']),
        panel('Waiting for the daily limit', { kind: 'areas', unit: 'short', alerts: ['SluiceDailyLimitReached'] },
          'Messages to further people. They go on as others count no longer.',
          [whole('sluice_queue_messages', 'sender', 'state="daily-limit"'), '{{sender}}']),
        panel('Waiting for rates of templates', { kind: 'areas', unit: 'short' },
          'Messages that wait for the rate that an operator gave their template or category. They go on by themselves.',
          [whole('sluice_queue_messages', 'sender', 'state="template-rate"'), '{{sender}} template'],
          [whole('sluice_queue_messages', 'sender', 'state="category-rate"'), '{{sender}} category'])
      ]
    },
    {
      title: 'Queue',
      panels: [
        panel('Waiting', { kind: 'areas', unit: 'short', alerts: ['SluiceQueueLong'] },
          'Messages in the queue, due or not yet due.',
          [`sum by (sender) (${whole('sluice_queue_messages', 'sender, state', 'state=~"waiting|delayed"')})`, '{{sender}}']),
        panel('Waiting for inactive senders', { kind: 'areas', unit: 'short' },
          'Queued messages of a paused or stopped sender. They keep their places.',
          [whole('sluice_queue_messages', 'sender', 'state="paused"'), '{{sender}}']),
        panel('Oldest due', { kind: 'lines', unit: 's', alerts: ['SluiceOldestDue', 'SluiceNothingMoves'] },
          'Age of the oldest due message past its ready time.',
          [whole('sluice_oldest_due_seconds', 'sender'), '{{sender}}']),
        panel('Scheduled', { kind: 'areas', unit: 'short', width: 12 },
          'Messages with a later scheduledFor time.',
          [whole('sluice_queue_messages', 'sender', 'state="scheduled"'), '{{sender}}']),
        panel('Rejected', { kind: 'lines', unit: 'mps', width: 12, runbooks: ['SluiceRefusals'] },
          'Rejected messages by error code.',
          [rate('sluice_refusals_total', 'sender, code'), '{{sender}} {{code}}'])
      ]
    },
    {
      title: 'Outcomes',
      panels: [
        panel('Messages settled', { kind: 'lines', unit: 'mps', width: 12 },
          'Settled messages by final outcome: sent, failed, cancelled, expired.',
          [rate('sluice_messages_settled_total', 'sender, outcome'), '{{sender}} {{outcome}}']),
        panel('Attempts not sent', { kind: 'lines', unit: 'reqps', width: 12, runbooks: ['SluiceErrorsBurnFast', 'SluiceErrorsBurnSlow'] },
          'Attempts by outcome and code, without successful ones.',
          [rate('sluice_provider_requests_total', 'sender, outcome, code', 'outcome!="sent"'), '{{sender}} {{code}} {{outcome}}']),
        panel('Statuses by webhook', { kind: 'lines', unit: 'mps', width: 12 },
          'Message statuses received by webhook, by status and result.',
          [rate('sluice_webhook_statuses_total', 'sender, status, result'), '{{sender}} {{status}} {{result}}']),
        panel('Failures', { kind: 'lines', unit: 'short', width: 12, runbooks: ['SluicePendingFailures'] },
          'Failed messages that wait for a retry, and permanent failures.',
          [whole('sluice_delivery_failures', 'sender, status', 'status=~"pending|failed"'), '{{sender}} {{status}}'])
      ]
    }
  ]
}
