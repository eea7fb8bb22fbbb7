import { type Command, Option } from 'commander'
import type { Failure } from '../client/index.js'
import { addExamples, openContext, parseCount } from './context.js'
import { UsageError } from './exit.js'
import { facts, reasonOf, table } from './show.js'

interface ListFlags { status?: Failure['status'], due?: true, sender?: string, recipient?: string, limit: number, cursor?: string }
interface RetryFlags { limit?: number, force?: true, sender?: string }

const NONE_DUE = 'No failure is due. `sluice failures` lists all with their next retry; --force also retries failures that are not due.'

export function addFailures (program: Command): void {
  const command = program.command('failures').summary('list failed messages')
    .description('Lists the failures of all senders: PENDING by next retry, then FAILED and RESOLVED, newest first.')
    .addOption(new Option('--status <status>', 'only failures with this status').choices(['PENDING', 'FAILED', 'RESOLVED']))
    .option('--due', 'only PENDING failures whose retry is due or has begun')
    .option('--recipient <recipient>', 'only failures of this recipient')
    .option('--sender <id>', 'only failures of this sender, by phone number id')
    .addOption(new Option('--limit <count>', 'most failures on the page').argParser(parseCount).default(50))
    .option('--cursor <cursor>', 'the page after this cursor, which the previous page printed')
    .action(async (flags: ListFlags, self: Command) => {
      const { client, print } = openContext(self)
      const page = await client.listFailures(flags)
      print(page, () => {
        const head = ['status', 'attempts', 'code', 'explanation', 'waits for', 'next retry or last change', 'recipient', 'id']
        const rows = page.failures.map(({ waitingFor, messageStatus, nextRetryAt, updatedAt, ...failure }) => [
          failure.status, failure.attemptCount, failure.errorCode, failure.explanation, reasonOf(waitingFor) ?? messageStatus,
          nextRetryAt ?? updatedAt, failure.phoneNumber, failure.id
        ])
        return table(head, rows, 'No failures.') + (page.nextCursor === null ? '' : `\nNext page: --cursor ${page.nextCursor}`)
      })
    })
  addExamples(command, [
    ['sluice failures --status FAILED', 'permanent failures: an operator has to act'],
    ['sluice failures --due', 'retried at the next run of the retry worker, or now by: sluice retry'],
    ['sluice failures --json | jq -r \'.failures[].id\'', 'in a script']
  ])
}

export function addRetry (program: Command): void {
  const command = program.command('retry [id]').summary('retry failures')
    .description('Retries one failure, due or not, or the due failures of all senders. Rate limits apply as for new messages.')
    .option('--limit <count>', 'without an id: most failures, 10 by default', parseCount)
    .option('--force', 'without an id: also failures that are not due')
    .option('--sender <id>', 'without an id: only failures of this sender, by phone number id')
    .action(async (id: string | undefined, { limit, ...flags }: RetryFlags, self: Command) => {
      if (id !== undefined && (limit !== undefined || Object.keys(flags).length > 0)) {
        throw new UsageError('give either an id or the options --limit, --force and --sender')
      }
      const { client, print } = openContext(self)
      const counts = id === undefined ? await client.retryFailedMessages(limit, flags) : await client.retryFailure(id)
      const { total, succeeded, failed, permanentlyFailed, deferred } = counts
      print(counts, () => total === 0 && id === undefined
        ? NONE_DUE
        : facts({ retried: total, sent: succeeded, failed, 'failed permanently': permanentlyFailed, queued: deferred }))
    })
  addExamples(command, [
    ['sluice retry --limit 100', 'the first 100 that are due'],
    ['sluice retry ID', 'one failure, now; reopens a FAILED one']
  ])
}
