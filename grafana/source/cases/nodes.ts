import { one, page, ticket, two, type Case } from './case.js'

export const nodes: Case[] = [
  {
    alert: 'SluiceNodeDown',
    kind: 'fires',
    about: 'one of two nodes does not respond',
    series: { [`up{${one}}`]: '1x20', [`up{${two}}`]: '1x3 0x6 1x10' },
    at: { '3m': [], '8m': [ticket({ job: 'sluice', instance: 'b:3000' }, 'node', 'b:3000 does not respond to Prometheus')], '15m': [] }
  },
  {
    alert: 'SluiceNodeDown',
    kind: 'quiet',
    about: 'all nodes respond; another job is down; a single failed scrape',
    series: { [`up{${one}}`]: '1x5 0 1x10', 'up{job="postgres",instance="db:9187"}': '0x20' },
    at: { '6m': [], '15m': [] }
  },
  {
    alert: 'SluiceNoNode',
    kind: 'fires',
    about: 'no node responds, then one does; with a job name of Kubernetes',
    series: { 'up{job="production/sluice",instance="a:3000"}': '1x3 0x5 1x10', 'up{job="postgres",instance="db:9187"}': '1x20' },
    at: { '3m': [], '6m': [page({}, 'node', 'No node responds to Prometheus')], '12m': [] }
  },
  {
    alert: 'SluiceNoNode',
    kind: 'quiet',
    about: 'one of two nodes responds',
    series: { [`up{${one}}`]: '1x20', [`up{${two}}`]: '0x20' },
    at: { '15m': [] }
  },
  {
    alert: 'SluiceFaults',
    kind: 'fires',
    about: 'the first error of a location; 15 minutes later it is out of the window',
    series: { [`sluice_faults_total{${one},location="retry"}`]: '_x5 1x60', [`sluice_redis_up{${one}}`]: '1x65' },
    at: { '4m': [], '10m': [ticket({ job: 'sluice', location: 'retry' }, 'node', '1 unexpected errors in retry within 15 minutes')], '40m': [] }
  },
  {
    alert: 'SluiceFaults',
    kind: 'quiet',
    about: 'the last error was an hour ago; or Redis was unavailable, which SluiceRedisDown covers',
    series: {
      [`sluice_faults_total{${one},location="retry"}`]: '1x40 1+1x5 6x40',
      [`sluice_redis_up{${one}}`]: '1x41 0x3 1x50',
      [`sluice_redis_up{${two}}`]: '1x90'
    },
    at: { '30m': [], '45m': [], '50m': [], '80m': [] }
  }
]
