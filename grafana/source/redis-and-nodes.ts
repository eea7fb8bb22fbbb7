/** Redis and the gateway processes. */
import type { Board } from './dashboard.js'
import { panel, yesNo } from './panel.js'
import { events, of, quantile, rate, whole } from './query.js'

const nodeRate = (metric: string): string => `sum by (instance) (rate(${of(metric)}[$__rate_interval]))`

export const redisAndNodes: Board = {
  uid: 'sluice-redis-and-nodes',
  title: 'Sluice / Redis and nodes',
  description: 'Redis as seen by the gateway, and the gateway processes.',
  rows: [
    {
      title: 'Redis',
      panels: [
        panel('Reached by',
          { kind: 'states', unit: 'short', alerts: ['SluiceRedisDown'], lessIsWorse: true, words: yesNo('up', 'down') },
          'Whether each node reaches Redis.',
          [`min by (instance) (${of('sluice_redis_up')})`, '{{instance}}']),
        panel('Memory utilization', { kind: 'lines', unit: 'percentunit', alerts: ['SluiceRedisMemory', 'SluiceRedisFull'] },
          'Used share of maxmemory; 0 without a limit.',
          [whole('sluice_redis_memory_ratio'), '{{job}}']),
        panel('Memory', { kind: 'lines', unit: 'bytes' },
          'Memory used by Redis.',
          [whole('sluice_redis_memory_bytes'), '{{job}}']),
        panel('Append-only file',
          { kind: 'states', unit: 'short', alerts: ['SluiceAofNotOk'], lessIsWorse: true, words: yesNo('ok', 'failing') },
          'Enabled, and the last write succeeded. Without it a restart loses accepted messages.',
          [`min by (job) (${of('sluice_redis_aof_ok')})`, '{{job}}']),
        panel('Commands', { kind: 'lines', unit: 'ops' },
          'Commands that Redis processes per second.',
          [`max by (job) (rate(${of('sluice_redis_commands_total')}[$__rate_interval]))`, '{{job}}']),
        panel('Clients', { kind: 'lines', unit: 'short' },
          'Client connections to Redis, of Sluice and others.',
          [whole('sluice_redis_clients'), '{{job}}'])
      ]
    },
    {
      title: 'Scripts',
      panels: [
        panel('Calls', { kind: 'areas', unit: 'ops' },
          'Calls of each Lua script.',
          [rate('sluice_redis_script_duration_seconds_count', 'script'), '{{script}}']),
        panel('Duration', { kind: 'lines', unit: 's' },
          '99th percentile of each script call, with the network and the queue of Redis.',
          [quantile(0.99, 'sluice_redis_script_duration_seconds', 'script'), '{{script}}']),
        panel('Errors', { kind: 'lines', unit: 'short' },
          'Script calls that failed or timed out.',
          [events('sluice_redis_script_errors_total', 'script'), '{{script}}']),
        panel('Clock steps', { kind: 'lines', unit: 'short', width: 24, alerts: ['SluiceRedisClockStepped'] },
          'Steps of the clock of a Redis server, as each node saw them.',
          [events('sluice_redis_clock_steps_total', 'direction'), '{{direction}}']),
        panel('State reading duration', { kind: 'lines', unit: 's', width: 12 },
          'Duration of the last reading of the system state for a scrape.',
          [`max by (instance) (${of('sluice_scrape_duration_seconds')})`, '{{instance}}']),
        panel('State reading failed',
          { kind: 'states', unit: 'short', width: 12, alerts: ['SluiceStateUnread'], words: { 0: ['read', 'green'], 1: ['missing', 'red'] } },
          '1 if a node could not read the system state from Redis: the system gauges are then missing.',
          [`max by (instance) (${of('sluice_scrape_failed')})`, '{{instance}}'])
      ]
    },
    {
      title: 'Nodes',
      panels: [
        panel('Versions', { kind: 'table', unit: 'short' },
          'The nodes, their roles and versions.',
          [`max by (instance, node, role, version) (${of('sluice_build_info')})`, '']),
        panel('Nodes up',
          { kind: 'states', unit: 'short', alerts: ['SluiceNodeDown', 'SluiceNoNode'], lessIsWorse: true, badAt: 1, words: yesNo('up', 'down') },
          'Whether each node responds to Prometheus.',
          [`min by (instance) (${of('up')})`, '{{instance}}']),
        panel('Uptime', { kind: 'lines', unit: 'dtdurations' },
          'Time since the process started.',
          [`time() - max by (instance) (${of('process_start_time_seconds')})`, '{{instance}}']),
        panel('CPU', { kind: 'lines', unit: 'percentunit', warnAt: 0.7, badAt: 0.9 },
          'A node is one thread: 1 is full load.',
          [nodeRate('process_cpu_seconds_total'), '{{instance}}']),
        panel('Memory', { kind: 'lines', unit: 'bytes' },
          'Resident memory and used heap.',
          [`max by (instance) (${of('process_resident_memory_bytes')})`, '{{instance}} resident'],
          [`max by (instance) (${of('nodejs_heap_size_used_bytes')})`, '{{instance}} heap']),
        panel('Event loop lag', { kind: 'lines', unit: 's', warnAt: 0.1, badAt: 0.25 },
          '99th percentile of timer delay. A grant that cannot start within START_WITHIN_MS (250 ms) is returned.',
          [`max by (instance) (${of('nodejs_eventloop_lag_p99_seconds')})`, '{{instance}}']),
        panel('Drain runs', { kind: 'areas', unit: 'short' },
          'Senders with a drain run, by node.',
          [`max by (instance) (${of('sluice_shifts_running')})`, '{{instance}}']),
        panel('Requests', { kind: 'lines', unit: 'reqps' },
          'HTTP requests of each node.',
          [nodeRate('sluice_http_requests_total'), '{{instance}}']),
        panel('Garbage collection', { kind: 'lines', unit: 'percentunit', warnAt: 0.1 },
          'Share of time in garbage collection.',
          [nodeRate('nodejs_gc_duration_seconds_sum'), '{{instance}}']),
        panel('Unexpected errors', { kind: 'lines', unit: 'short', width: 24, alerts: ['SluiceFaults'] },
          'Unexpected errors by location. The log has the stack of each.',
          [events('sluice_faults_total', 'location'), '{{location}}'])
      ]
    }
  ]
}
