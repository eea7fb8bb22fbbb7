import type { Command } from 'commander'
import type { Message } from '../client/index.js'
import { addExamples, openContext } from './context.js'
import { showMs } from './duration.js'
import { facts, reasonOf, table } from './show.js'

export function addStatus (program: Command): void {
  const command = program.command('status <id>').summary('what became of a message')
    .description('Tells a message\'s state and story, by its id or by your own idempotency key.')
    .option('--sender <id>', 'phone number id of the sender, where you ask by your own key')
    .action(async (id: string, flags: { sender?: string }, self: Command) => {
      const { client, print } = openContext(self)
      const message = await client.getMessage(id, flags)
      print(message, () => showMessage(message))
    })
  addExamples(command, [
    ['sluice status order-123', 'by the key that it was sent with'],
    ['sluice status order-123 --json | jq -r .status', 'for a script']
  ])
}

/** A message with its attempts. */
export function showMessage (message: Message): string {
  const { id, status, to, type, delayMs, waitingFor, position, error, nextRetryAt, createdAt, settledAt, deliveredAt, readAt, attemptCount, providerMessageId, metadata } = message
  const head = facts({
    status,
    id,
    to,
    type,
    metadata,
    accepted: createdAt,
    'waits at least': typeof delayMs === 'number' ? showMs(delayMs) : delayMs,
    for: reasonOf(waitingFor),
    position,
    'tried again': nextRetryAt,
    ended: settledAt,
    delivered: deliveredAt,
    read: readAt,
    attempts: attemptCount,
    'WhatsApp\'s id': providerMessageId,
    error: error?.code,
    means: error?.explanation,
    'to do': error?.remedy
  })
  const attempts = message.attempts.map(({ attempt, at, outcome, code, error }) => [attempt, at, outcome, code, error])
  return attempts.length === 0 ? head : `${head}\n${table(['attempt', 'at', 'outcome', 'code', 'said'], attempts)}`
}
