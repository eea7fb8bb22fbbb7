import { one, page, ticket, two, type Case } from './case.js'

export const redis: Case[] = [
  {
    alert: 'SluiceRedisDown',
    kind: 'fires',
    about: 'one of two nodes loses the connection',
    series: { [`sluice_redis_up{${one}}`]: '1x30', [`sluice_redis_up{${two}}`]: '1x3 0x5 1x10' },
    at: { '3m': [], '6m': [page({ job: 'sluice' }, 'redis', 'A node does not reach Redis: it accepts and sends no messages')], '12m': [] }
  },
  {
    alert: 'SluiceRedisDown',
    kind: 'quiet',
    about: 'Redis responds; and the series of a removed node end',
    series: { [`sluice_redis_up{${one}}`]: '1x30', [`sluice_redis_up{${two}}`]: '1x3 stale' },
    at: { '2m': [], '20m': [] }
  },
  {
    alert: 'SluiceRedisMemory',
    kind: 'fires',
    about: 'memory fills up, then is freed',
    series: { [`sluice_redis_memory_ratio{${one}}`]: '0.6x3 0.75x10 0.5x10' },
    at: { '3m': [], '10m': [ticket({ job: 'sluice' }, 'redis', 'Redis uses 75% of its memory; above 85 % new messages are rejected')], '20m': [] }
  },
  {
    alert: 'SluiceRedisMemory',
    kind: 'quiet',
    about: 'no limit is set, or half of the memory is used',
    series: { [`sluice_redis_memory_ratio{${one}}`]: '0x20', [`sluice_redis_memory_ratio{${two}}`]: '0.5x20' },
    at: { '15m': [] }
  },
  {
    alert: 'SluiceRedisFull',
    kind: 'fires',
    about: 'admission rejects messages, until memory is freed',
    series: { [`sluice_redis_memory_ratio{${one}}`]: '0.8x3 0.9x5 0.6x10' },
    at: { '3m': [], '5m': [page({ job: 'sluice' }, 'redis', 'Redis uses 90% of its memory: new messages are rejected')], '12m': [] }
  },
  {
    alert: 'SluiceRedisFull',
    kind: 'quiet',
    about: 'at exactly 85 % messages are still accepted',
    series: { [`sluice_redis_memory_ratio{${one}}`]: '0.85x10' },
    at: { '8m': [] }
  },
  {
    alert: 'SluiceAofNotOk',
    kind: 'fires',
    about: 'the disk is full, then space is freed',
    series: { [`sluice_redis_aof_ok{${one}}`]: '1x3 0x5 1x10', [`sluice_redis_aof_ok{${two}}`]: '1x3 0x5 1x10' },
    at: { '3m': [], '7m': [page({ job: 'sluice' }, 'redis', 'Redis does not write its append-only file: a restart would lose messages')], '12m': [] }
  },
  {
    alert: 'SluiceAofNotOk',
    kind: 'quiet',
    about: 'every write succeeds',
    series: { [`sluice_redis_aof_ok{${one}}`]: '1x20' },
    at: { '10m': [] }
  },
  {
    alert: 'SluiceRedisClockStepped',
    kind: 'fires',
    about: 'both nodes see a step forward; an hour later it is out of the window',
    series: {
      [`sluice_redis_clock_steps_total{${one},direction="forward"}`]: '0x5 1x120',
      [`sluice_redis_clock_steps_total{${two},direction="forward"}`]: '0x5 1x120'
    },
    at: { '4m': [], '10m': [ticket({ job: 'sluice' }, 'redis', 'The clock of Redis was set: pair spacing, leases and lives count by it')], '80m': [] }
  },
  {
    alert: 'SluiceRedisClockStepped',
    kind: 'quiet',
    about: 'no step',
    series: { [`sluice_redis_clock_steps_total{${one},direction="back"}`]: '0x100' },
    at: { '90m': [] }
  },
  {
    alert: 'SluiceStateUnread',
    kind: 'fires',
    about: 'one node cannot read, then recovers',
    series: { [`sluice_scrape_failed{${one}}`]: '0x20', [`sluice_scrape_failed{${two}}`]: '0x3 1x6 0x10' },
    at: {
      '3m': [],
      '8m': [ticket({ job: 'sluice', instance: 'b:3000' }, 'redis', 'b:3000 cannot read the system state from Redis: its system gauges are missing')],
      '15m': []
    }
  },
  {
    alert: 'SluiceStateUnread',
    kind: 'quiet',
    about: 'a single failed reading',
    series: { [`sluice_scrape_failed{${one}}`]: '0x5 1 0x10' },
    at: { '6m': [], '10m': [] }
  }
]
