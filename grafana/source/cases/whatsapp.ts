import { one, page, sender, ticket, two, type Case } from './case.js'

export const whatsapp: Case[] = [
  {
    alert: 'SluiceWindowsUnknown',
    kind: 'fires',
    about: 'webhooks have not come for more than a day, until they come again',
    series: { [`sluice_windows_known{${one},sender="111"}`]: '1x10 0x1700 1x100' },
    at: {
      '20h': [],
      '28h': [ticket(sender, 'webhooks',
        'Webhooks of 111 are missing: closed windows are not known, and each such message costs a rejected request')],
      '29h': []
    }
  },
  {
    alert: 'SluiceWindowsUnknown',
    kind: 'quiet',
    about: 'the check has just begun',
    series: { [`sluice_windows_known{${one},sender="111"}`]: '0x1500 1x300' },
    at: { '24h': [], '28h': [] }
  },
  {
    alert: 'SluiceSenderStopped',
    kind: 'fires',
    about: 'WhatsApp rejects the token, until a new one is set',
    series: {
      [`sluice_sender_state{${one},sender="111",state="stopped"}`]: '0x2 1x5 0x10',
      [`sluice_sender_state{${two},sender="111",state="stopped"}`]: '0x2 1x5 0x10'
    },
    at: { '2m': [], '4m': [page(sender, 'provider', 'WhatsApp rejects 111 as a whole: the sender is stopped and its messages wait')], '12m': [] }
  },
  {
    alert: 'SluiceSenderStopped',
    kind: 'quiet',
    about: 'an operator has paused it',
    series: {
      [`sluice_sender_state{${one},sender="111",state="paused"}`]: '1x10',
      [`sluice_sender_state{${one},sender="111",state="stopped"}`]: '0x10',
      [`sluice_sender_open{${one},sender="111"}`]: '0x10'
    },
    at: { '5m': [] }
  },
  {
    alert: 'SluiceOutage',
    kind: 'fires',
    about: 'the circuit opens, until a probe is accepted',
    series: {
      [`sluice_circuit_state{${one},sender="111",state="open"}`]: '0x2 1x20 0x10',
      [`sluice_circuit_state{${two},sender="111",state="open"}`]: '0x2 1x20 0x10'
    },
    at: { '2m': [], '4m': [page(sender, 'provider', 'WhatsApp is down for 111: its messages wait, and probes go out')], '25m': [] }
  },
  {
    alert: 'SluiceOutage',
    kind: 'quiet',
    about: 'the backlog of an outage is sent in stages',
    series: {
      [`sluice_circuit_state{${one},sender="111",state="open"}`]: '0x10',
      [`sluice_circuit_state{${one},sender="111",state="half-open"}`]: '1x10'
    },
    at: { '5m': [] }
  },
  {
    alert: 'SluiceNoSuccess',
    kind: 'fires',
    about: 'every attempt fails, and the circuit breaker is off',
    series: {
      [`sluice_circuit_state{${one},sender="111",state="open"}`]: '0x30',
      [`sluice_provider_requests_total{${one},sender="111",outcome="sent",code=""}`]: '0+10x10 100x10 100+10x10',
      [`sluice_provider_requests_total{${one},sender="111",outcome="retryable",code="131016"}`]: '0x10 0+10x10 100x10'
    },
    at: { '10m': [], '13m': [page(sender, 'provider', 'None of the attempts of 111 has succeeded for two minutes')], '24m': [] }
  },
  {
    alert: 'SluiceNoSuccess',
    kind: 'quiet',
    about: 'one attempt in ten succeeds; two attempts an hour; and the circuit is open, which has its own alert',
    series: {
      [`sluice_circuit_state{${one},sender="111",state="open"}`]: '0x30',
      [`sluice_provider_requests_total{${one},sender="111",outcome="sent",code=""}`]: '0+1x30',
      [`sluice_provider_requests_total{${one},sender="111",outcome="retryable",code="131016"}`]: '0+9x30',
      [`sluice_circuit_state{${one},sender="222",state="open"}`]: '0x30',
      [`sluice_provider_requests_total{${one},sender="222",outcome="retryable",code="131016"}`]: '0x5 1x30',
      [`sluice_circuit_state{${one},sender="333",state="open"}`]: '1x30',
      [`sluice_provider_requests_total{${one},sender="333",outcome="unknown",code="HEADERS_TIMEOUT"}`]: '0+10x30'
    },
    at: { '6m': [], '20m': [] }
  },
  {
    alert: 'SluiceStatusesMissing',
    kind: 'fires',
    about: 'accepted messages get no status for half an hour',
    series: { [`sluice_statuses_missing_ratio{${one},sender="111"}`]: '0x3 0.9x30 0x10' },
    at: {
      '4m': [],
      '15m': [page(sender, 'webhooks', 'WhatsApp has reported no status of 90% of the messages that it accepted from 111')],
      '40m': []
    }
  },
  {
    alert: 'SluiceStatusesMissing',
    kind: 'quiet',
    about: 'one message in ten has none; and statuses are late for three minutes',
    series: {
      [`sluice_statuses_missing_ratio{${one},sender="111"}`]: '0.1x30',
      [`sluice_statuses_missing_ratio{${one},sender="222"}`]: '0x5 1x3 0x20'
    },
    at: { '9m': [], '20m': [] }
  },
  {
    alert: 'SluiceTemplatePaused',
    kind: 'fires',
    about: 'a template is paused for half an hour',
    series: { [`sluice_queue_messages{${one},sender="111",state="suspended"}`]: '0x3 412x30 0x10' },
    at: {
      '8m': [],
      '20m': [ticket(sender, 'provider', '412 messages of 111 wait for a template that WhatsApp does not send now')],
      '40m': []
    }
  },
  {
    alert: 'SluiceTemplatePaused',
    kind: 'quiet',
    about: 'a template is looked up for a minute; other messages wait',
    series: {
      [`sluice_queue_messages{${one},sender="111",state="suspended"}`]: '0x5 3x1 0x30',
      [`sluice_queue_messages{${one},sender="111",state="delayed"}`]: '40x40'
    },
    at: { '7m': [], '30m': [] }
  },
  {
    alert: 'SluiceTemplatesUnread',
    kind: 'fires',
    about: 'the token has no permission for the account, until it has',
    series: { [`sluice_template_read_failures{${one},sender="111"}`]: '0x2 1 2 3 4x20 0x10' },
    at: {
      '9m': [],
      '20m': [ticket(sender, 'provider', 'The statuses of the templates of 111 cannot be read: a paused template stays paused here')],
      '35m': []
    }
  },
  {
    alert: 'SluiceTemplatesUnread',
    kind: 'quiet',
    about: 'some reads fail, and the next succeeds',
    series: { [`sluice_template_read_failures{${one},sender="111"}`]: '0 1 2 0 1 0 3 0x20' },
    at: { '7m': [], '20m': [] }
  },
  {
    alert: 'SluiceErrorsBurnFast',
    kind: 'fires',
    about: 'half of the attempts fail, until WhatsApp recovers',
    series: {
      [`sluice_provider_requests_total{${one},sender="111",outcome="sent",code=""}`]: '0+100x60 6050+50x30 7650+100x60',
      [`sluice_provider_requests_total{${one},sender="111",outcome="retryable",code="131000"}`]: '0x60 30+30x30 930x60',
      [`sluice_provider_requests_total{${one},sender="111",outcome="unknown",code="HTTP_5XX"}`]: '0x60 20+20x30 620x60'
    },
    at: { '60m': [], '90m': [page(sender, 'provider', '50% of the attempts of 111 fail: an hour uses 2 % of the monthly error budget')], '100m': [] }
  },
  {
    alert: 'SluiceErrorsBurnFast',
    kind: 'quiet',
    about: 'many invalid messages; three of four attempts fail at low traffic; five bad minutes in a busy hour',
    series: {
      [`sluice_provider_requests_total{${one},sender="111",outcome="sent",code=""}`]: '0+10x90',
      [`sluice_provider_requests_total{${one},sender="111",outcome="rejected",code="131026"}`]: '0+90x90',
      [`sluice_provider_requests_total{${one},sender="222",outcome="sent",code=""}`]: '0x80 1x10',
      [`sluice_provider_requests_total{${one},sender="222",outcome="retryable",code="131000"}`]: '0x80 3x10',
      [`sluice_provider_requests_total{${one},sender="333",outcome="sent",code=""}`]: '0+100x80 8000+50x10',
      [`sluice_provider_requests_total{${one},sender="333",outcome="retryable",code="131000"}`]: '0x80 0+50x5 250x5'
    },
    at: { '70m': [], '86m': [], '90m': [] }
  },
  {
    alert: 'SluiceErrorsBurnSlow',
    kind: 'fires',
    about: 'one attempt in ten fails for hours',
    series: {
      [`sluice_provider_requests_total{${one},sender="111",outcome="sent",code=""}`]: '0+90x150',
      [`sluice_provider_requests_total{${one},sender="111",outcome="retryable",code="131000"}`]: '0+10x80 800x70'
    },
    at: { '75m': [ticket(sender, 'provider', '10% of the attempts of 111 fail: six hours use 5 % of the monthly error budget')], '130m': [] }
  },
  {
    alert: 'SluiceErrorsBurnSlow',
    kind: 'quiet',
    about: 'one in a hundred fails, within the budget; or one in ten for 15 minutes',
    series: {
      [`sluice_provider_requests_total{${one},sender="111",outcome="sent",code=""}`]: '0+99x130',
      [`sluice_provider_requests_total{${one},sender="111",outcome="retryable",code="131000"}`]: '0+1x130',
      [`sluice_provider_requests_total{${one},sender="222",outcome="sent",code=""}`]: '0+100x130',
      [`sluice_provider_requests_total{${one},sender="222",outcome="retryable",code="131000"}`]: '0x90 0+10x15 150x25'
    },
    at: { '80m': [], '106m': [], '120m': [] }
  },
  {
    alert: 'SluiceWebhookLag',
    kind: 'fires',
    about: 'one in ten statuses is minutes late',
    series: {
      [`sluice_webhook_lag_seconds_bucket{${one},le="60"}`]: '0+9x25 225+10x30',
      [`sluice_webhook_lag_seconds_bucket{${one},le="300"}`]: '0+10x55',
      [`sluice_webhook_lag_seconds_bucket{${one},le="+Inf"}`]: '0+10x55'
    },
    at: { '5m': [], '20m': [ticket({ job: 'sluice' }, 'webhooks', 'Webhook statuses arrive 3m 0s late')], '45m': [] }
  },
  {
    alert: 'SluiceWebhookLag',
    kind: 'quiet',
    about: 'no status arrives; and one in a hundred is late',
    series: {
      [`sluice_webhook_lag_seconds_bucket{${one},le="60"}`]: '0x20 0+99x20',
      [`sluice_webhook_lag_seconds_bucket{${one},le="300"}`]: '0x20 0+100x20',
      [`sluice_webhook_lag_seconds_bucket{${one},le="+Inf"}`]: '0x20 0+100x20'
    },
    at: { '15m': [], '38m': [] }
  },
  {
    alert: 'SluiceWebhooksRefused',
    kind: 'fires',
    about: 'the app secret changed at Meta, until it is configured here',
    series: { [`sluice_webhooks_refused_total{${one},reason="signature"}`]: '0x5 10+10x10 110x40' },
    at: {
      '5m': [],
      '12m': [ticket({ job: 'sluice', reason: 'signature' }, 'webhooks', '70 webhooks were rejected within 15 minutes (signature)')],
      '40m': []
    }
  },
  {
    alert: 'SluiceWebhooksRefused',
    kind: 'quiet',
    about: 'a third party posts a few requests',
    series: {
      [`sluice_webhooks_refused_total{${one},reason="signature"}`]: '_x5 3x40',
      [`sluice_webhooks_refused_total{${one},reason="content"}`]: '0x10 9x40'
    },
    at: { '6m': [], '15m': [] }
  },
  {
    alert: 'SluiceCallbacksLate',
    kind: 'fires',
    about: 'the receiver is down for half an hour; two nodes report it',
    series: {
      [`sluice_callbacks_oldest_seconds{${one},sender="111"}`]: '0x5 60+60x30 0x20',
      [`sluice_callbacks_oldest_seconds{${two},sender="111"}`]: '0x5 60+60x30 0x20'
    },
    at: { '10m': [], '25m': [ticket(sender, 'callbacks', 'Callbacks of 111 have waited for 20m 0s')], '45m': [] }
  },
  {
    alert: 'SluiceCallbacksLate',
    kind: 'quiet',
    about: 'the receiver is restarted',
    series: { [`sluice_callbacks_oldest_seconds{${one},sender="111"}`]: '0x5 60+60x8 0x20' },
    at: { '8m': [], '14m': [], '20m': [] }
  },
  {
    alert: 'SluiceCallbacksDropped',
    kind: 'fires',
    about: 'some are dead-lettered, others dropped',
    series: {
      [`sluice_callbacks_total{${one},result="dead-lettered"}`]: '0x5 4x100',
      [`sluice_callbacks_total{${one},result="dropped"}`]: '0x5 3x100'
    },
    at: { '3m': [], '10m': [ticket({ job: 'sluice' }, 'callbacks', '7 callbacks will not be delivered')], '80m': [] }
  },
  {
    alert: 'SluiceCallbacksDropped',
    kind: 'quiet',
    about: 'retries are scheduled',
    series: {
      [`sluice_callbacks_total{${one},result="dead-lettered"}`]: '0x60',
      [`sluice_callbacks_total{${one},result="retry-scheduled"}`]: '0+9x60'
    },
    at: { '30m': [] }
  },
  {
    alert: 'SluiceSandboxInUse',
    kind: 'fires',
    about: 'one of two nodes sends to the sandbox',
    series: { [`sluice_sandbox{${one}}`]: '0x40', [`sluice_sandbox{${two}}`]: '1x20 0x20' },
    at: { '5m': [], '15m': [ticket({ job: 'sluice' }, 'provider', 'The sandbox replaces WhatsApp: no message reaches a phone')], '30m': [] }
  },
  {
    alert: 'SluiceSandboxInUse',
    kind: 'quiet',
    about: 'all nodes send to WhatsApp',
    series: { [`sluice_sandbox{${one}}`]: '0x40' },
    at: { '30m': [] }
  }
]
