import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { CallerState } from '../client/index.js'
import { openContext } from './context.js'
import { table } from './show.js'

const WATCH_MS = 2000

export function addCallers (program: Command): void {
  program.command('callers').summary('list callers: what each has waiting, sent and failed')
    .description('Lists the callers, with what each has waiting, sent and failed. Needs a key with the role admin.')
    .option('--watch', 'again every 2 s, until Ctrl-C')
    .action(async ({ watch }: { watch?: true }, self: Command) => {
      const { client, print } = openContext(self)
      for (;;) {
        const callers = await client.listCallers()
        print(callers, () => show(callers))
        if (watch !== true) return
        await sleep(WATCH_MS)
      }
    })
}

function show (callers: CallerState[]): string {
  return table(
    ['caller', 'role', 'accepted', 'waiting', 'ready since', 'sent', 'failed', 'per second', 'limit', 'last accepted'],
    callers.map(({ name, role, rules, accepted, waiting, inFlight, readySince, sent, failed, ratePerSecond, lastAcceptedAt }) => [
      name, role ?? 'left', accepted, waiting === null ? null : waiting + (inFlight ?? 0), readySince, sent, failed, ratePerSecond, limitOf(rules),
      lastAcceptedAt
    ]), 'no callers')
}

function limitOf (rules: CallerState['rules']): string | null {
  const limits = [rules?.rate == null ? [] : `${rules.rate.perSecond}/s`, rules?.backlog == null ? [] : `${rules.backlog} waiting`].flat()
  return limits.length === 0 ? null : limits.join(', ')
}
