import { one, page, sender, ticket, two, type Case } from './case.js'

export const whatsapp: Case[] = [
  {
    alert: 'SluiceSenderStopped',
    kind: 'fires',
    about: 'WhatsApp refuses the token, until there is a new one',
    series: {
      [`sluice_sender_state{${one},sender="111",state="stopped"}`]: '0x2 1x5 0x10',
      [`sluice_sender_state{${two},sender="111",state="stopped"}`]: '0x2 1x5 0x10'
    },
    at: { '2m': [], '4m': [page(sender, 'provider', 'WhatsApp refuses 111 as a whole: the sender is stopped and its messages wait')], '12m': [] }
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
    alert: 'SluiceErrorsBurnFast',
    kind: 'fires',
    about: 'from some minute on half of the attempts fail, until WhatsApp is back',
    series: {
      [`sluice_provider_requests_total{${one},sender="111",outcome="sent",code=""}`]: '0+100x60 6050+50x30 7650+100x60',
      [`sluice_provider_requests_total{${one},sender="111",outcome="retryable",code="131000"}`]: '0x60 30+30x30 930x60',
      [`sluice_provider_requests_total{${one},sender="111",outcome="unknown",code="HTTP_5XX"}`]: '0x60 20+20x30 620x60'
    },
    at: { '60m': [], '90m': [page(sender, 'provider', '50% of the attempts of 111 fail, and have for long enough to cost 2 % of the month\'s budget')], '100m': [] }
  },
  {
    alert: 'SluiceErrorsBurnFast',
    kind: 'quiet',
    about: 'many messages are refused for their own faults; three of four fail at night; five bad minutes in a busy hour',
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
    at: { '75m': [ticket(sender, 'provider', '10% of the attempts of 111 fail, more than it can afford for long')], '130m': [] }
  },
  {
    alert: 'SluiceErrorsBurnSlow',
    kind: 'quiet',
    about: 'one in a hundred fails, as the budget allows; or one in ten for a quarter of an hour',
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
    about: 'a tenth of the statuses take minutes',
    series: {
      [`sluice_webhook_lag_seconds_bucket{${one},le="60"}`]: '0+9x25 225+10x30',
      [`sluice_webhook_lag_seconds_bucket{${one},le="300"}`]: '0+10x55',
      [`sluice_webhook_lag_seconds_bucket{${one},le="+Inf"}`]: '0+10x55'
    },
    at: { '5m': [], '20m': [ticket({ job: 'sluice' }, 'webhooks', 'WhatsApp\'s statuses arrive 3m 0s late')], '45m': [] }
  },
  {
    alert: 'SluiceWebhookLag',
    kind: 'quiet',
    about: 'no status comes at all; and one in a hundred is late',
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
    about: 'the app\'s secret was changed at Meta only, until both know it',
    series: { [`sluice_webhooks_refused_total{${one},why="signature"}`]: '0x5 10+10x10 110x40' },
    at: { '5m': [], '12m': [ticket({ job: 'sluice', why: 'signature' }, 'webhooks', '70 webhooks were turned away within 15 minutes (signature)')], '40m': [] }
  },
  {
    alert: 'SluiceWebhooksRefused',
    kind: 'quiet',
    about: 'somebody tries the door',
    series: { [`sluice_webhooks_refused_total{${one},why="signature"}`]: '_x5 3x40', [`sluice_webhooks_refused_total{${one},why="content"}`]: '0x10 9x40' },
    at: { '6m': [], '15m': [] }
  },
  {
    alert: 'SluiceCallbacksLate',
    kind: 'fires',
    about: 'the receiver is down for half an hour; two nodes tell the same',
    series: {
      [`sluice_callbacks_oldest_seconds{${one},sender="111"}`]: '0x5 60+60x30 0x20',
      [`sluice_callbacks_oldest_seconds{${two},sender="111"}`]: '0x5 60+60x30 0x20'
    },
    at: { '10m': [], '25m': [ticket(sender, 'callbacks', 'Changes of messages of 111 have not been told for 20m 0s')], '45m': [] }
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
    about: 'some are given up, once',
    series: { [`sluice_callbacks_total{${one},result="dropped"}`]: '0x5 7x100' },
    at: { '3m': [], '10m': [ticket({ job: 'sluice' }, 'callbacks', '7 changes will not be told any more')], '80m': [] }
  },
  {
    alert: 'SluiceCallbacksDropped',
    kind: 'quiet',
    about: 'they are only late',
    series: { [`sluice_callbacks_total{${one},result="dropped"}`]: '0x60', [`sluice_callbacks_total{${one},result="later"}`]: '0+9x60' },
    at: { '30m': [] }
  },
  {
    alert: 'SluiceSandboxInUse',
    kind: 'fires',
    about: 'one of two nodes sends to the sandbox',
    series: { [`sluice_sandbox{${one}}`]: '0x40', [`sluice_sandbox{${two}}`]: '1x20 0x20' },
    at: { '5m': [], '15m': [ticket({ job: 'sluice' }, 'provider', 'The sandbox stands in for WhatsApp: no message reaches a phone')], '30m': [] }
  },
  {
    alert: 'SluiceSandboxInUse',
    kind: 'quiet',
    about: 'WhatsApp is used',
    series: { [`sluice_sandbox{${one}}`]: '0x40' },
    at: { '30m': [] }
  }
]
