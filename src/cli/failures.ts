import { type Command, Option } from 'commander'
import type { Failure } from '../client/index.js'
import { addExamples, openContext } from './context.js'
import { parseCount } from './duration.js'
import { table } from './show.js'

interface Flags { status?: Failure['status'], due?: true, sender?: string, recipient?: string, limit: number, cursor?: string }

export function addFailures (program: Command): void {
  const command = program.command('failures').summary('what WhatsApp did not take')
    .description('Lists failures: PENDING by next retry, then FAILED and RESOLVED newest first.')
    .addOption(new Option('--status <status>', 'only those that stand so').choices(['PENDING', 'FAILED', 'RESOLVED']))
    .option('--due', 'only PENDING ones whose retry is due')
    .option('--recipient <recipient>', 'only those of a recipient')
    .option('--sender <id>', 'phone number id of the sender')
    .addOption(new Option('--limit <count>', 'how many at most').argParser(parseCount).default(50))
    .option('--cursor <cursor>', 'the next page, as the one before named it')
    .action(async (flags: Flags, self: Command) => {
      const { client, print } = openContext(self)
      const page = await client.listFailures(flags)
      print(page, () => {
        const rows = page.failures.map(({ status, attemptCount, errorCode, explanation, nextRetryAt, updatedAt, phoneNumber, id }) => [status, attemptCount, errorCode, explanation, nextRetryAt ?? updatedAt, phoneNumber, id])
        const more = page.nextCursor === null ? '' : `\nMore: --cursor ${page.nextCursor}`
        return table(['status', 'attempts', 'code', 'means', 'next try, or last change', 'recipient', 'id'], rows, 'No failures.') + more
      })
    })
  addExamples(command, [
    ['sluice failures --status FAILED', 'given up: somebody has to look'],
    ['sluice failures --due', 'will be retried at the next run, or now: sluice retry'],
    ['sluice failures --json | jq -r \'.failures[].id\'', 'for a script']
  ])
}
