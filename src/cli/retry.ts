import type { Command } from 'commander'
import { addExamples, openContext } from './context.js'
import { UsageError } from './exit.js'
import { parseCount } from './duration.js'
import { facts } from './show.js'

interface Flags { limit?: number, force?: true, sender?: string }

const NOTHING = 'No failure is due. sluice failures lists what there is and when each is due; --force takes up others, too.'

export function addRetry (program: Command): void {
  const command = program.command('retry [id]').summary('try failures again')
    .description('Retries one failure, due or not, or those that are due. They go through the same gate as new messages.')
    .option('--limit <count>', 'without an id: how many at most, 10 if left out', parseCount)
    .option('--force', 'without an id: also those that are not yet due')
    .option('--sender <id>', 'without an id: phone number id of the sender')
    .action(async (id: string | undefined, { limit, ...flags }: Flags, self: Command) => {
      if (id !== undefined && (limit !== undefined || Object.keys(flags).length > 0)) throw new UsageError('give an id, or say which ones: --limit, --force, --sender')
      const { client, print } = openContext(self)
      const counts = id === undefined ? await client.retryFailedMessages(limit, flags) : await client.retryFailure(id)
      const { total, succeeded, failed, permanentlyFailed, deferred } = counts
      print(counts, () => total === 0 && id === undefined ? NOTHING : facts({ 'taken up': total, sent: succeeded, 'refused again': failed, 'given up': permanentlyFailed, 'back in line': deferred }))
    })
  addExamples(command, [
    ['sluice retry --limit 100', 'the first 100 that are due'],
    ['sluice retry ID', 'this one now; a FAILED one is reopened']
  ])
}
