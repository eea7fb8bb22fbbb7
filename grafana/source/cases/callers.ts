import { one, page, sender, ticket, two, type Case } from './case.js'

export const callers: Case[] = [
  {
    alert: 'SluiceServerErrors',
    kind: 'fires',
    about: 'one response in ten is a 503, until Redis is back',
    series: {
      [`sluice_http_requests_total{${one},method="POST",route="/api/v1/messages",status="200"}`]: '0+90x40',
      [`sluice_http_requests_total{${two},method="POST",route="/api/v1/messages",status="503"}`]: '0x5 10+10x15 160x20'
    },
    at: { '5m': [], '15m': [page({ job: 'sluice' }, 'http', '10% of the requests get a 5xx response')], '30m': [] }
  },
  {
    alert: 'SluiceServerErrors',
    kind: 'quiet',
    about: '4xx responses; a few errors at low traffic; probes of a node that is not ready',
    series: {
      [`sluice_http_requests_total{${one},method="POST",route="/api/v1/messages",status="200"}`]: '0+50x30',
      [`sluice_http_requests_total{${one},method="POST",route="/api/v1/messages",status="400"}`]: '0+50x30',
      [`sluice_http_requests_total{${one},method="POST",route="/api/v1/messages",status="429"}`]: '0+50x30',
      [`sluice_http_requests_total{${one},method="POST",route="/api/v1/messages",status="503"}`]: '0+1x30',
      'sluice_http_requests_total{job="sluice-night",instance="c:3000",method="POST",route="/api/v1/messages",status="200"}': '0x15 1x15',
      'sluice_http_requests_total{job="sluice-night",instance="c:3000",method="POST",route="/api/v1/messages",status="500"}': '0x15 3x15',
      [`sluice_http_requests_total{${two},method="GET",route="/health/ready",status="503"}`]: '0+60x30'
    },
    at: { '10m': [], '18m': [], '25m': [] }
  },
  {
    alert: 'SluiceRefusals',
    kind: 'fires',
    about: 'a caller in a loop fills the queue of a recipient',
    series: { [`sluice_refusals_total{${one},sender="111",code="RECIPIENT_QUEUE_FULL"}`]: '_x5 20+5x10 70x40' },
    at: {
      '4m': [],
      '6m': [ticket({ ...sender, code: 'RECIPIENT_QUEUE_FULL' }, 'admission',
        '25 messages of 111 were rejected with RECIPIENT_QUEUE_FULL within 15 minutes')],
      '40m': []
    }
  },
  {
    alert: 'SluiceRefusals',
    kind: 'quiet',
    about: 'callers asked for a rejection, or reused a key',
    series: {
      [`sluice_refusals_total{${one},sender="111",code="LIMITED"}`]: '0+100x30',
      [`sluice_refusals_total{${one},sender="111",code="IDEMPOTENCY_KEY_REUSED"}`]: '0+100x30',
      [`sluice_refusals_total{${one},sender="111",code="BACKLOG_FULL"}`]: '0x10 3x20'
    },
    at: { '12m': [], '25m': [] }
  }
]
