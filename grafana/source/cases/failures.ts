import { one, ticket, two, type Case } from './case.js'

export const failures: Case[] = [
  {
    alert: 'SluicePendingFailures',
    kind: 'fires',
    about: 'more than 100 for two senders together, until they are retried',
    series: {
      [`sluice_delivery_failures{${one},sender="111",status="pending"}`]: '50x5 80x15 10x20',
      [`sluice_delivery_failures{${two},sender="111",status="pending"}`]: '50x5 80x15 10x20',
      [`sluice_delivery_failures{${one},sender="222",status="pending"}`]: '30x40',
      [`sluice_delivery_failures{${one},sender="222",status="failed"}`]: '900x40'
    },
    at: { '5m': [], '6m': [], '15m': [ticket({ job: 'sluice' }, 'failure', '110 failed messages wait for a retry')], '30m': [] }
  },
  {
    alert: 'SluicePendingFailures',
    kind: 'quiet',
    about: '100 reported by two nodes, which are not 200; and a short peak',
    series: {
      [`sluice_delivery_failures{${one},sender="111",status="pending"}`]: '100x20 300 100x20',
      [`sluice_delivery_failures{${two},sender="111",status="pending"}`]: '100x20 300 100x20'
    },
    at: { '15m': [], '21m': [], '22m': [], '40m': [] }
  },
  {
    alert: 'SluicePermanentFailures',
    kind: 'fires',
    about: 'more than 10 for any reason, until they are acknowledged',
    series: {
      [`sluice_delivery_failures_unacknowledged{${one},sender="111",reason="rejected"}`]: '6x5 7x10 0x10',
      [`sluice_delivery_failures_unacknowledged{${two},sender="111",reason="rejected"}`]: '6x5 7x10 0x10',
      [`sluice_delivery_failures_unacknowledged{${one},sender="222",reason="exhausted"}`]: '4x30'
    },
    at: { '3m': [], '10m': [ticket({ job: 'sluice' }, 'failure', '11 messages failed for good within 24 h and are not acknowledged')], '25m': [] }
  },
  {
    alert: 'SluicePermanentFailures',
    kind: 'quiet',
    about: 'thousands that are acknowledged',
    series: {
      [`sluice_delivery_failures{${one},sender="111",status="failed"}`]: '5000x20',
      [`sluice_delivery_failures_unacknowledged{${one},sender="111",reason="rejected"}`]: '10x20'
    },
    at: { '10m': [], '20m': [] }
  },
  {
    alert: 'SluiceRetryWorkerStopped',
    kind: 'fires',
    about: 'stopped, until it is started again',
    series: { [`sluice_retry_worker_running{${one}}`]: '1x3 0x12 1x10' },
    at: {
      '3m': [],
      '5m': [],
      '12m': [ticket({ job: 'sluice' }, 'failure', 'Failed messages are not retried: the retry worker is stopped or overdue')],
      '20m': []
    }
  },
  {
    alert: 'SluiceRetryWorkerStopped',
    kind: 'quiet',
    about: 'one of two nodes has a stale reading',
    series: { [`sluice_retry_worker_running{${one}}`]: '0x20', [`sluice_retry_worker_running{${two}}`]: '1x20' },
    at: { '15m': [] }
  }
]
