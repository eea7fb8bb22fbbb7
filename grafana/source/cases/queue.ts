import { one, page, sender, ticket, two, type Case } from './case.js'

export const queue: Case[] = [
  {
    alert: 'SluiceQueueLong',
    kind: 'fires',
    about: 'more than 1,000 due and not yet due together',
    series: {
      [`sluice_queue_messages{${one},sender="111",state="waiting"}`]: '400x2 600x15 0x20',
      [`sluice_queue_messages{${two},sender="111",state="waiting"}`]: '400x2 600x15 0x20',
      [`sluice_queue_messages{${one},sender="111",state="delayed"}`]: '500x40'
    },
    at: { '2m': [], '12m': [ticket({ job: 'sluice' }, 'drain', '1100 messages are queued')], '30m': [] }
  },
  {
    alert: 'SluiceQueueLong',
    kind: 'quiet',
    about: 'any number scheduled, waiting for a retry, or of an inactive sender',
    series: {
      [`sluice_queue_messages{${one},sender="111",state="waiting"}`]: '900x20',
      [`sluice_queue_messages{${one},sender="111",state="paused"}`]: '90000x20',
      [`sluice_queue_messages{${one},sender="111",state="scheduled"}`]: '90000x20',
      [`sluice_queue_messages{${one},sender="111",state="retrying"}`]: '90000x20'
    },
    at: { '15m': [] }
  },
  {
    alert: 'SluiceLate',
    kind: 'fires',
    about: 'one in ten sends of a lane starts 2.5 to 5 s late for a quarter of an hour',
    series: {
      [`sluice_dispatch_lateness_seconds_bucket{${one},lane="normal",le="0.05"}`]: '0+100x5 590+90x15 1950+100x30',
      [`sluice_dispatch_lateness_seconds_bucket{${one},lane="normal",le="2.5"}`]: '0+100x5 590+90x15 1950+100x30',
      [`sluice_dispatch_lateness_seconds_bucket{${one},lane="normal",le="5"}`]: '0+100x50',
      [`sluice_dispatch_lateness_seconds_bucket{${one},lane="normal",le="+Inf"}`]: '0+100x50'
    },
    at: {
      '5m': [],
      '20m': [ticket({ job: 'sluice', lane: 'normal' }, 'drain', 'The slowest 1 % of normal messages start 4.75s or more after their ready time')],
      '45m': []
    }
  },
  {
    alert: 'SluiceLate',
    kind: 'quiet',
    about: 'one in a thousand is 2.5 s late',
    series: {
      [`sluice_dispatch_lateness_seconds_bucket{${one},lane="bulk",le="0.05"}`]: '0+999x30',
      [`sluice_dispatch_lateness_seconds_bucket{${one},lane="bulk",le="2.5"}`]: '0+999x30',
      [`sluice_dispatch_lateness_seconds_bucket{${one},lane="bulk",le="+Inf"}`]: '0+1000x30'
    },
    at: { '25m': [] }
  },
  {
    alert: 'SluiceOldestDue',
    kind: 'fires',
    about: 'messages wait for minutes while the sender sends a tenth of its rate',
    series: {
      [`sluice_oldest_due_seconds{${one},sender="111"}`]: '0x3 60+60x9 0x10',
      [`sluice_sender_open{${one},sender="111"}`]: '1x30',
      [`sluice_sender_rate_current{${one},sender="111"}`]: '80x30',
      [`sluice_provider_requests_total{${one},sender="111",outcome="limited",code="130429"}`]: '0+480x30'
    },
    at: {
      '6m': [],
      '10m': [page(sender, 'drain', 'Messages of 111 wait 7m 0s past their ready time, and the sender is well below its rate')],
      '20m': []
    }
  },
  {
    alert: 'SluiceOldestDue',
    kind: 'quiet',
    about: 'a campaign at the full sender rate; and a paused sender, whose messages may wait',
    series: {
      [`sluice_oldest_due_seconds{${one},sender="111"}`]: '0+60x30',
      [`sluice_sender_open{${one},sender="111"}`]: '1x30',
      [`sluice_sender_rate_current{${one},sender="111"}`]: '80x30',
      [`sluice_provider_requests_total{${one},sender="111",outcome="sent",code=""}`]: '0+2000x30',
      [`sluice_provider_requests_total{${two},sender="111",outcome="sent",code=""}`]: '0+2500x30',
      [`sluice_oldest_due_seconds{${one},sender="222"}`]: '0+60x30',
      [`sluice_sender_open{${one},sender="222"}`]: '0x30',
      [`sluice_sender_rate_current{${one},sender="222"}`]: '80x30'
    },
    at: { '10m': [], '25m': [] }
  },
  {
    alert: 'SluiceNothingMoves',
    kind: 'fires',
    about: 'messages are due and none is sent, until one is sent',
    series: {
      [`sluice_oldest_due_seconds{${one},sender="111"}`]: '0x5 60+60x9 0x10',
      [`sluice_sender_open{${one},sender="111"}`]: '1x30',
      [`sluice_provider_requests_total{${one},sender="111",outcome="sent",code=""}`]: '0+10x5 50x9 50+10x20'
    },
    at: { '4m': [], '12m': [page(sender, 'drain', 'Messages of 111 are due, and none was sent for two minutes')], '18m': [] }
  },
  {
    alert: 'SluiceNothingMoves',
    kind: 'quiet',
    about: 'one message per minute is sent; no message is due; or the sender is paused',
    series: {
      [`sluice_oldest_due_seconds{${one},sender="111"}`]: '0+60x20',
      [`sluice_sender_open{${one},sender="111"}`]: '1x20',
      [`sluice_provider_requests_total{${one},sender="111",outcome="sent",code=""}`]: '0+1x20',
      [`sluice_oldest_due_seconds{${one},sender="222"}`]: '0x20',
      [`sluice_sender_open{${one},sender="222"}`]: '1x20',
      [`sluice_oldest_due_seconds{${one},sender="333"}`]: '0+60x20',
      [`sluice_sender_open{${one},sender="333"}`]: '0x20'
    },
    at: { '5m': [], '15m': [] }
  },
  {
    alert: 'SluiceSenderUnattended',
    kind: 'fires',
    about: 'no worker starts a drain run',
    series: { [`sluice_shift_unattended_seconds{${one},sender="111"}`]: '0x2 20+60x5 0x10' },
    at: { '2m': [], '6m': [page(sender, 'recovery', '111 has no worker: its messages have been due for 3m 20s without a drain run')], '12m': [] }
  },
  {
    alert: 'SluiceSenderUnattended',
    kind: 'quiet',
    about: 'another worker takes over the sender of a dead node after five seconds',
    series: { [`sluice_shift_unattended_seconds{${one},sender="111"}`]: '0x2 5 0x10' },
    at: { '3m': [], '4m': [], '8m': [] }
  }
]
