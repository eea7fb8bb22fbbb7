/** Each sender for itself: what it may, what it does, who waits for it, and why it is closed. */
import type { Board } from './dashboard.js'
import { events, rate, whole } from './query.js'

export const senders: Board = {
  uid: 'sluice-senders',
  title: 'Sluice / Senders',
  description: 'Each sending number: state, rate against its limit, line, outcomes.',
  rows: [
    {
      title: 'State',
      panels: [
        { title: 'Senders', description: 'Open and at work (1), or paused or stopped (0).', kind: 'table', unit: 'short', width: 8, runbooks: ['SluiceSenderStopped'], words: { 1: ['open', 'green'], 0: ['closed', 'red'] }, queries: [[whole('sluice_sender_open', 'sender'), '']] },
        { title: 'State over time', description: 'Paused by an operator, or stopped since WhatsApp refuses the sender as a whole: token, account, payment. A stopped one is tried from time to time and opens by itself.', kind: 'states', unit: 'short', width: 16, words: { 1: ['open', 'green'], 2: ['paused', 'orange'], 3: ['stopped', 'red'] }, runbooks: ['SluiceSenderStopped'], queries: [[`${whole('sluice_sender_state', 'sender', 'state="open"')} + 2 * ${whole('sluice_sender_state', 'sender', 'state="paused"')} + 3 * ${whole('sluice_sender_state', 'sender', 'state="stopped"')}`, '{{sender}}']] },
        { title: 'Stops', description: 'How often each sender was stopped, by WhatsApp\'s code.', kind: 'lines', unit: 'short', runbooks: ['SluiceSenderStopped'], queries: [[events('sluice_sender_stops_total', 'sender, code'), '{{sender}} {{code}}']] },
        { title: 'Sent in 24 h', description: 'Messages that WhatsApp took within the last 24 h.', kind: 'lines', unit: 'short', queries: [[whole('sluice_sent_last_day', 'sender'), '{{sender}}']] },
        { title: 'Unattended', description: 'For how long due messages have had no shift.', kind: 'lines', unit: 's', alerts: ['SluiceSenderUnattended'], queries: [[whole('sluice_shift_unattended_seconds', 'sender'), '{{sender}}']] }
      ]
    },
    {
      title: 'Rate',
      panels: [
        { title: 'Attempts', description: 'Requests to WhatsApp a second.', kind: 'lines', unit: 'reqps', queries: [[rate('sluice_provider_requests_total', 'sender'), '{{sender}}']] },
        { title: 'Share of the rate in use', description: 'Attempts against what the sender\'s rule allows. At 1 its messages wait for the sender, whoever they go to.', kind: 'lines', unit: 'percentunit', warnAt: 0.8, badAt: 1, queries: [[`${rate('sluice_provider_requests_total', 'job, sender')} / ${whole('sluice_sender_rate_limit', 'sender')}`, '{{sender}}']] },
        { title: 'Share of places in flight', description: 'Requests under way against how many the rule allows. Near 1 WhatsApp answers too slowly for the rate.', kind: 'lines', unit: 'percentunit', warnAt: 0.8, badAt: 1, queries: [[`${whole('sluice_inflight', 'sender')} / ${whole('sluice_inflight_limit', 'sender')}`, '{{sender}}']] },
        { title: 'Recipients that have to wait', description: 'Pairs whose bucket is not full.', kind: 'lines', unit: 'short', width: 12, queries: [[whole('sluice_active_rate_limits', 'sender'), '{{sender}}']] },
        { title: 'Admitted', description: 'Messages taken, by what became of them at the door.', kind: 'lines', unit: 'mps', width: 12, queries: [[rate('sluice_messages_admitted_total', 'sender, outcome'), '{{sender}} {{outcome}}']] }
      ]
    },
    {
      title: 'Line',
      panels: [
        { title: 'In line', description: 'Messages due now or with a later promise.', kind: 'areas', unit: 'short', alerts: ['SluiceQueueLong'], queries: [[`sum by (sender) (${whole('sluice_queue_messages', 'sender, state', 'state=~"waiting|delayed"')})`, '{{sender}}']] },
        { title: 'Behind a closed sender', description: 'Messages in line of a paused or stopped sender. They keep their places.', kind: 'areas', unit: 'short', queries: [[whole('sluice_queue_messages', 'sender', 'state="paused"'), '{{sender}}']] },
        { title: 'Oldest due', description: 'How long the oldest due message waits.', kind: 'lines', unit: 's', alerts: ['SluiceOldestDue', 'SluiceNothingMoves'], queries: [[whole('sluice_oldest_due_seconds', 'sender'), '{{sender}}']] },
        { title: 'Scheduled', description: 'Messages that a caller wants to go out later.', kind: 'areas', unit: 'short', width: 12, queries: [[whole('sluice_queue_messages', 'sender', 'state="scheduled"'), '{{sender}}']] },
        { title: 'Refused at the door', description: 'Messages not taken, by reason.', kind: 'lines', unit: 'mps', width: 12, runbooks: ['SluiceRefusals'], queries: [[rate('sluice_refusals_total', 'sender, code'), '{{sender}} {{code}}']] }
      ]
    },
    {
      title: 'Outcomes',
      panels: [
        { title: 'Messages ended', description: 'By how they ended: sent, failed, cancelled, expired.', kind: 'lines', unit: 'mps', width: 12, queries: [[rate('sluice_messages_settled_total', 'sender, outcome'), '{{sender}} {{outcome}}']] },
        { title: 'Attempts not sent', description: 'By outcome and code.', kind: 'lines', unit: 'reqps', width: 12, runbooks: ['SluiceErrorsBurnFast', 'SluiceErrorsBurnSlow'], queries: [[rate('sluice_provider_requests_total', 'sender, outcome, code', 'outcome!="sent"'), '{{sender}} {{code}} {{outcome}}']] },
        { title: 'Statuses by webhook', description: 'What WhatsApp told of messages, and what it became: news, known before, of no known message, or a failure that came late.', kind: 'lines', unit: 'mps', width: 12, queries: [[rate('sluice_webhook_statuses_total', 'sender, told, became'), '{{sender}} {{told}} {{became}}']] },
        { title: 'Failures', description: 'Failed messages that wait for a retry, and those given up.', kind: 'lines', unit: 'short', width: 12, runbooks: ['SluicePendingFailures'], queries: [[whole('sluice_delivery_failures', 'sender, status', 'status=~"pending|failed"'), '{{sender}} {{status}}']] }
      ]
    }
  ]
}
