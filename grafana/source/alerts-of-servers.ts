/** Alerts on Redis and on nodes. */
import type { Alert } from './alert.js'
import { happened, whole } from './expressions.js'

export const alertsOfServers: readonly Alert[] = [
  // ---- Redis
  {
    name: 'SluiceRedisDown',
    module: 'redis',
    severity: 'page',
    value: 'min by (job) (sluice_redis_up)',
    below: 1,
    for: '30s',
    summary: 'A node does not reach Redis: it accepts and sends no messages'
  },
  {
    name: 'SluiceRedisMemory',
    module: 'redis',
    severity: 'ticket',
    value: whole('sluice_redis_memory_ratio', 'job'),
    above: 0.7,
    for: '5m',
    summary: 'Redis uses {{ humanizePercentage .Value }} of its memory; above 85 % new messages are rejected'
  },
  {
    name: 'SluiceRedisFull',
    module: 'redis',
    severity: 'page',
    value: whole('sluice_redis_memory_ratio', 'job'),
    above: 0.85,
    for: '0s',
    summary: 'Redis uses {{ humanizePercentage .Value }} of its memory: new messages are rejected'
  },
  {
    name: 'SluiceAofNotOk',
    module: 'redis',
    severity: 'page',
    value: 'min by (job) (sluice_redis_aof_ok)',
    below: 1,
    for: '1m',
    summary: 'Redis does not write its append-only file: a restart would lose messages'
  },
  {
    name: 'SluiceRedisClockStepped',
    module: 'redis',
    severity: 'ticket',
    value: `max by (job) (${happened('sluice_redis_clock_steps_total', '1h', 'job, instance, direction')})`,
    above: 0,
    for: '0s',
    summary: 'The clock of Redis was set: pair spacing, leases and lives count by it'
  },
  {
    name: 'SluiceStateUnread',
    module: 'redis',
    severity: 'ticket',
    value: 'max by (job, instance) (sluice_scrape_failed)',
    above: 0,
    for: '2m',
    summary: '{{ .Labels.instance }} cannot read the system state from Redis: its system gauges are missing'
  },

  // ---- Nodes
  {
    name: 'SluiceNodeDown',
    module: 'node',
    severity: 'ticket',
    value: 'min by (job, instance) (up{job=~".*sluice.*"})',
    below: 1,
    for: '2m',
    summary: '{{ .Labels.instance }} does not respond to Prometheus'
  },
  {
    name: 'SluiceNoNode',
    module: 'node',
    severity: 'page',
    value: 'absent(up{job=~".*sluice.*"} == 1)',
    above: 0,
    for: '1m',
    summary: 'No node responds to Prometheus'
  },
  {
    name: 'SluiceFaults',
    module: 'node',
    severity: 'ticket',
    value: happened('sluice_faults_total', '15m', 'job, location'),
    above: 0,
    only: 'on (job) min by (job) (min_over_time(sluice_redis_up[15m])) == 1',
    for: '0s',
    summary: '{{ humanize .Value }} unexpected errors in {{ .Labels.location }} within 15 minutes'
  }
]
