/** Alerts on what keeps messages back: templates, the rate that WhatsApp allows, the daily limit and windows. */
import type { Alert } from './alert.js'
import { whole } from './expressions.js'

export const alertsOfHolds: readonly Alert[] = [
  {
    name: 'SluiceTemplatePaused',
    module: 'provider',
    severity: 'ticket',
    value: whole('sluice_queue_messages{state="suspended"}'),
    above: 0,
    for: '10m',
    summary: '{{ .Value }} messages of {{ .Labels.sender }} wait for a template that WhatsApp does not send now'
  },
  {
    name: 'SluiceTemplatesStopped',
    module: 'provider',
    severity: 'page',
    value: whole('sluice_templates_stopped'),
    above: 0,
    for: '2m',
    summary: 'WhatsApp sends no template of {{ .Labels.sender }}: payment, quality or policy'
  },
  {
    name: 'SluiceRateReduced',
    module: 'provider',
    severity: 'ticket',
    value: `${whole('sluice_sender_rate_current')} / ${whole('sluice_sender_rate_limit')}`,
    below: 0.9,
    for: '1h',
    summary: '{{ .Labels.sender }} has sent at {{ humanizePercentage .Value }} of its rule for an hour: WhatsApp allows less'
  },
  {
    name: 'SluiceDailyLimitNear',
    module: 'provider',
    severity: 'ticket',
    value: whole('sluice_daily_used_ratio'),
    above: 0.9,
    for: '5m',
    summary: '{{ humanizePercentage .Value }} of the daily limit of {{ .Labels.sender }} is used: messages to further people will wait'
  },
  {
    name: 'SluiceDailyLimitReached',
    module: 'provider',
    severity: 'ticket',
    value: whole('sluice_queue_messages{state="daily-limit"}'),
    above: 0,
    for: '10m',
    summary: '{{ .Value }} messages of {{ .Labels.sender }} wait for the daily limit of recipients'
  },
  {
    name: 'SluiceWindowsUnknown',
    module: 'webhooks',
    severity: 'ticket',
    value: whole('1 - sluice_windows_known'),
    above: 0,
    for: '26h',
    summary: 'Webhooks of {{ .Labels.sender }} are missing: closed windows are not known, and each such message costs a rejected request'
  },
  {
    name: 'SluiceTemplatesUnread',
    module: 'provider',
    severity: 'ticket',
    value: whole('sluice_template_read_failures'),
    above: 3,
    for: '5m',
    summary: 'The statuses of the templates of {{ .Labels.sender }} cannot be read: a paused template stays paused here'
  }
]
