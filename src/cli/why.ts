import type { Command } from 'commander'
import type { RateLimit } from '../client/index.js'
import { addExamples, openContext } from './context.js'
import { showMs } from './duration.js'
import { facts, reasonOf, table } from './show.js'

const MESSAGES_SHOWN = 10

export function addWhy (program: Command): void {
  const command = program.command('why <recipient>').summary('what messages to somebody wait for')
    .description('Tells what a message posted now would wait for, who waits, and what became of the last ones.')
    .option('--sender <id>', 'phone number id of the sender')
    .action(async (recipient: string, flags: { sender?: string }, self: Command) => {
      const { client, print } = openContext(self)
      const [limit, messages] = await Promise.all([client.getRateLimit(recipient, flags), client.findMessages({ recipient, limit: MESSAGES_SHOWN, ...flags })])
      print({ ...limit, messages }, () => {
        const rows = messages.map(({ id, status, createdAt, waitingFor, error, nextRetryAt }) => [createdAt, status, reasonOf(waitingFor) ?? error?.explanation, nextRetryAt, id])
        return `${show(limit)}\n${table(['accepted', 'status', 'why', 'tried again', 'id'], rows, 'No message to this recipient is known.')}`
      })
    })
  addExamples(command, [
    ['sluice why +1234567890', 'with the sender that is the default one'],
    ['sluice why group:Y2FwaV9ncm91cDox --sender 111', 'a group, and another sender']
  ])
}

function show ({ delayMs, waitingFor, nextSlotAt, waiting, sending, sender, rule }: RateLimit): string {
  const wait = delayMs === null ? 'with no end known' : showMs(delayMs)
  return facts({
    sender,
    rule: `one in ${showMs(rule.intervalMs)}${rule.burst > 1 ? `, ${rule.burst} ahead of time` : ''}`,
    'a new message': delayMs === 0 ? 'goes at once' : `waits ${wait}`,
    for: delayMs === 0 ? null : reasonOf(waitingFor),
    until: delayMs === 0 ? null : nextSlotAt,
    waiting: `${waiting.urgent} urgent, ${waiting.normal} normal, ${waiting.bulk} bulk`,
    'under way': sending ? 'one' : 'none'
  })
}
