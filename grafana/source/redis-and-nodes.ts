/** What everything stands on: Redis, and the processes. */
import type { Board } from './dashboard.js'
import { events, of, quantile, rate, whole } from './query.js'

const nodeRate = (metric: string): string => `sum by (instance) (rate(${of(metric)}[$__rate_interval]))`

export const redisAndNodes: Board = {
  uid: 'sluice-redis-and-nodes',
  title: 'Sluice / Redis and nodes',
  description: 'Redis as the gateway sees it, and the processes of the gateway.',
  rows: [
    {
      title: 'Redis',
      panels: [
        { title: 'Reached by', description: 'Whether each node reaches Redis.', kind: 'states', unit: 'short', alerts: ['SluiceRedisDown'], lessIsWorse: true, words: { 1: ['up', 'green'], 0: ['down', 'red'] }, queries: [[`min by (instance) (${of('sluice_redis_up')})`, '{{instance}}']] },
        { title: 'Share of memory', description: 'Used of maxmemory; 0 without a limit.', kind: 'lines', unit: 'percentunit', alerts: ['SluiceRedisMemory', 'SluiceRedisFull'], queries: [[whole('sluice_redis_memory_ratio'), '{{job}}']] },
        { title: 'Memory', description: 'What Redis uses.', kind: 'lines', unit: 'bytes', queries: [[whole('sluice_redis_memory_bytes'), '{{job}}']] },
        { title: 'Append-only file', description: 'On, and the last write was well. Without it a restart loses what was accepted.', kind: 'states', unit: 'short', alerts: ['SluiceAofNotOk'], lessIsWorse: true, words: { 1: ['ok', 'green'], 0: ['not ok', 'red'] }, queries: [[`min by (job) (${of('sluice_redis_aof_ok')})`, '{{job}}']] },
        { title: 'Commands', description: 'All commands that Redis processes, by the second.', kind: 'lines', unit: 'ops', queries: [[`max by (job) (rate(${of('sluice_redis_commands_total')}[$__rate_interval]))`, '{{job}}']] },
        { title: 'Clients', description: 'Connections to Redis, ours and others.', kind: 'lines', unit: 'short', queries: [[whole('sluice_redis_clients'), '{{job}}']] }
      ]
    },
    {
      title: 'Scripts',
      panels: [
        { title: 'Calls', description: 'Calls of each Lua script.', kind: 'areas', unit: 'ops', queries: [[rate('sluice_redis_script_duration_seconds_count', 'script'), '{{script}}']] },
        { title: 'Duration', description: 'The 99th percentile, as a node sees it: network and Redis\'s queue included.', kind: 'lines', unit: 's', queries: [[quantile(0.99, 'sluice_redis_script_duration_seconds', 'script'), '{{script}}']] },
        { title: 'Errors', description: 'Calls that Redis did not answer or refused.', kind: 'lines', unit: 'short', queries: [[events('sluice_redis_script_errors_total', 'script'), '{{script}}']] },
        { title: 'Reading the state', description: 'How long a node took to read the state of the whole system for the last scrape.', kind: 'lines', unit: 's', width: 12, queries: [[`max by (instance) (${of('sluice_scrape_duration_seconds')})`, '{{instance}}']] },
        { title: 'State not read', description: '1 where a node could not read the state from Redis: what describes the whole system is then missing, not old.', kind: 'states', unit: 'short', width: 12, alerts: ['SluiceStateUnread'], words: { 0: ['read', 'green'], 1: ['missing', 'red'] }, queries: [[`max by (instance) (${of('sluice_scrape_failed')})`, '{{instance}}']] }
      ]
    },
    {
      title: 'Nodes',
      panels: [
        { title: 'Versions', description: 'The nodes, their roles and versions.', kind: 'table', unit: 'short', queries: [[`max by (instance, node, role, version) (${of('sluice_build_info')})`, '']] },
        { title: 'Answering', description: 'Whether each node answers Prometheus.', kind: 'states', unit: 'short', alerts: ['SluiceNodeDown', 'SluiceNoNode'], lessIsWorse: true, badAt: 1, words: { 1: ['up', 'green'], 0: ['down', 'red'] }, queries: [[`min by (instance) (${of('up')})`, '{{instance}}']] },
        { title: 'Uptime', description: 'Since the process started.', kind: 'lines', unit: 'dtdurations', queries: [[`time() - max by (instance) (${of('process_start_time_seconds')})`, '{{instance}}']] },
        { title: 'CPU', description: 'A node is one thread: at 1 it is full.', kind: 'lines', unit: 'percentunit', warnAt: 0.7, badAt: 0.9, queries: [[nodeRate('process_cpu_seconds_total'), '{{instance}}']] },
        { title: 'Memory', description: 'Resident memory, and the heap in use.', kind: 'lines', unit: 'bytes', queries: [[`max by (instance) (${of('process_resident_memory_bytes')})`, '{{instance}} resident'], [`max by (instance) (${of('nodejs_heap_size_used_bytes')})`, '{{instance}} heap']] },
        { title: 'Event loop lag', description: 'The 99th percentile of how late a timer fires. Grants that start later than START_WITHIN_MS (250 ms) are given back.', kind: 'lines', unit: 's', warnAt: 0.1, badAt: 0.25, queries: [[`max by (instance) (${of('nodejs_eventloop_lag_p99_seconds')})`, '{{instance}}']] },
        { title: 'Shifts', description: 'Senders that each node attends.', kind: 'areas', unit: 'short', queries: [[`max by (instance) (${of('sluice_shifts_running')})`, '{{instance}}']] },
        { title: 'Requests', description: 'HTTP requests of each node.', kind: 'lines', unit: 'reqps', queries: [[nodeRate('sluice_http_requests_total'), '{{instance}}']] },
        { title: 'Garbage collection', description: 'Share of time that goes into it.', kind: 'lines', unit: 'percentunit', warnAt: 0.1, queries: [[nodeRate('nodejs_gc_duration_seconds_sum'), '{{instance}}']] },
        { title: 'Unexpected errors', description: 'Errors that nobody foresaw, by where they came up. The log has each with its story.', kind: 'lines', unit: 'short', width: 24, alerts: ['SluiceFaults'], queries: [[events('sluice_faults_total', 'where'), '{{where}}']] }
      ]
    }
  ]
}
