import { type Command, Option } from 'commander'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stats } from '../client/index.js'
import { addExamples, openContext, parseDuration } from './context.js'
import { showSenders } from './senders.js'
import { facts } from './show.js'

const CLEAR_SCREEN = '\x1b[2J\x1b[H'

export function addStats (program: Command): void {
  const command = program.command('stats').summary('show counts of queued, sent and failed messages')
    .description('Shows counts of throttling, failures and queue, and of each sender.')
    .option('--watch', 'refresh until Ctrl-C')
    .addOption(new Option('--every <duration>', 'refresh interval of --watch').argParser(parseDuration).default(2000, '2s'))
    .action(async ({ watch = false, every }: { watch?: boolean, every: number }, self: Command) => {
      const { client, print, json } = openContext(self)
      const stop = new AbortController()
      if (watch) process.once('SIGINT', () => stop.abort())
      try {
        for (;;) {
          const stats = await client.getStats({ signal: stop.signal })
          if (watch && !json && process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN)
          print(stats, () => show(stats))
          if (!watch) return
          await sleep(every, undefined, { signal: stop.signal })
        }
      } catch (error) {
        if (!stop.signal.aborted) throw error
      }
    })
  addExamples(command, [
    ['sluice stats --watch', 'refresh the screen'],
    ['sluice stats --watch --every 10s --json >> stats.ndjson', 'append a line every 10 s']
  ])
}

function show ({ throttling, deliveryFailures, queue, senders }: Stats): string {
  const head = facts({
    'rate-limited recipients': throttling.activeRateLimits,
    queue: `${queue.waiting} waiting, ${queue.active} active, ${queue.delayed} delayed, ${queue.paused} paused`,
    'sent in 24 h': queue.completed,
    failures: `${deliveryFailures.pending} pending, ${deliveryFailures.failed} failed, ${deliveryFailures.resolved} resolved`
  })
  return `${head}\n${showSenders(senders)}`
}
