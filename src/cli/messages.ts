import { type Command, Option } from 'commander'
import type { Message, MoveMessage, RateLimit } from '../client/index.js'
import { addExamples, openContext, parseTimeText } from './context.js'
import { UsageError } from './exit.js'
import { facts, reasonOf, showMs, table } from './show.js'

const MESSAGES_SHOWN = 10

interface Flags { sender?: string }

export function addStatus (program: Command): void {
  const command = program.command('status <id>').alias('message').summary('show a message')
    .description('Shows the state and history of a message, by its id or by your idempotency key.')
    .option('--sender <id>', 'phone number id of the sender, with an idempotency key')
    .action(async (id: string, flags: Flags, self: Command) => {
      const { client, print } = openContext(self)
      const message = await client.getMessage(id, flags)
      print(message, () => showMessage(message))
    })
  addExamples(command, [
    ['sluice status order-123', 'by its idempotency key'],
    ['sluice status order-123 --json | jq -r .status', 'in a script']
  ])
}

export function addCancel (program: Command): void {
  const command = program.command('cancel <id>').summary('cancel a waiting message')
    .description('Cancels a waiting message, by its id or by your idempotency key. A sent message cannot be cancelled: NOT_CANCELLABLE.')
    .option('--sender <id>', 'phone number id of the sender, with an idempotency key')
    .action(async (id: string, flags: Flags, self: Command) => {
      const { client, print } = openContext(self)
      const message = await client.cancelMessage(id, flags)
      print(message, () => message === null ? 'cancelled' : showMessage(message))
    })
  addExamples(command, [['sluice cancel order-123', 'by its idempotency key']])
}

const lanes = ['urgent', 'normal', 'bulk'] as const
export interface MoveFlags {
  priority?: typeof lanes[number] | undefined
  at?: string | undefined
  now?: true | undefined
  expiresAt?: string | undefined
}

/** The options that say where messages go. */
export function addMoveOptions (command: Command): Command {
  return command
    .addOption(new Option('--priority <lane>', 'to this lane').choices(lanes))
    .addOption(new Option('--at <time>', 'send it then at the earliest').argParser(parseTimeText).conflicts('now'))
    .option('--now', 'send it as soon as its rate limits allow')
    .option('--expires-at <time>', 'let it expire then if it still waits', parseTimeText)
}

/** Those options as fields of the API. */
export function readMove ({ priority, at, now, expiresAt }: MoveFlags): MoveMessage {
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(now === true ? { scheduledFor: null } : at === undefined ? {} : { scheduledFor: at }),
    ...(expiresAt === undefined ? {} : { expiresAt })
  }
}

export function addMove (program: Command): void {
  const command = program.command('move <id>').summary('move a waiting message to another lane or time')
    .description('Moves a waiting message, by its id or by your idempotency key. A sent message cannot be moved: NOT_MOVABLE.')
  addMoveOptions(command)
    .option('--sender <id>', 'phone number id of the sender, with an idempotency key')
    .action(async (id: string, { sender, ...flags }: Flags & MoveFlags, self: Command) => {
      const move = readMove(flags)
      if (Object.keys(move).length === 0) throw new UsageError('give --priority, --at, --now or --expires-at')
      const { client, print } = openContext(self)
      const message = await client.moveMessage(id, { ...move, ...(sender === undefined ? {} : { sender }) })
      print(message, () => showMessage(message))
    })
  addExamples(command, [
    ['sluice move order-123 --priority urgent', 'ahead of normal and bulk messages'],
    ['sluice move order-123 --at 2026-01-31T09:30:00Z', 'at another time'],
    ['sluice move order-123 --now', 'as soon as its rate limits allow']
  ])
}

export function addWhy (program: Command): void {
  const command = program.command('why <recipient>').summary('show why messages to a recipient wait')
    .description('Shows what a new message to a recipient would wait for, its queue, and its last messages.')
    .option('--sender <id>', 'phone number id of the sender')
    .action(async (recipient: string, flags: Flags, self: Command) => {
      const { client, print } = openContext(self)
      const [limit, messages] = await Promise.all([
        client.getRateLimit(recipient, flags), client.findMessages({ recipient, limit: MESSAGES_SHOWN, ...flags })
      ])
      print({ ...limit, messages }, () => {
        const rows = messages.map(({ id, status, createdAt, waitingFor, error, nextRetryAt }) =>
          [createdAt, status, reasonOf(waitingFor) ?? error?.explanation, nextRetryAt, id])
        return `${showLimit(limit)}\n${table(['accepted', 'status', 'reason', 'next retry', 'id'], rows, 'No messages to this recipient.')}`
      })
    })
  addExamples(command, [
    ['sluice why +15550101234', 'for the default sender'],
    ['sluice why group:Y2FwaV9ncm91cDox --sender 111', 'for a group and another sender']
  ])
}

function showMessage (message: Message): string {
  const { delayMs, error } = message
  const head = facts({
    status: message.status,
    id: message.id,
    to: message.to,
    type: message.type,
    metadata: message.metadata,
    lane: message.priority,
    accepted: message.createdAt,
    'scheduled for': message.scheduledFor,
    'expires at': message.expiresAt,
    'waits at least': typeof delayMs === 'number' ? showMs(delayMs) : delayMs,
    'waits for': reasonOf(message.waitingFor),
    position: message.position,
    'next retry': message.nextRetryAt,
    settled: message.settledAt,
    delivered: message.deliveredAt,
    read: message.readAt,
    attempts: message.attemptCount,
    'WhatsApp id': message.providerMessageId,
    error: error?.code,
    explanation: error?.explanation,
    remedy: error?.remedy
  })
  const attempts = message.attempts.map(({ attempt, at, outcome, code, error }) => [attempt, at, outcome, code, error])
  return attempts.length === 0 ? head : `${head}\n${table(['attempt', 'at', 'outcome', 'code', 'error'], attempts)}`
}

function showLimit ({ delayMs, waitingFor, nextSlotAt, waiting, sending, sender, rule }: RateLimit): string {
  const waits = delayMs === null ? 'waits, end unknown' : `waits ${showMs(delayMs)}`
  return facts({
    sender,
    rule: `one in ${showMs(rule.intervalMs)}${rule.burst > 1 ? `, burst ${rule.burst}` : ''}`,
    'a new message': delayMs === 0 ? 'starts at once' : waits,
    'waits for': delayMs === 0 ? null : reasonOf(waitingFor),
    until: delayMs === 0 ? null : nextSlotAt,
    queued: `${waiting.urgent} urgent, ${waiting.normal} normal, ${waiting.bulk} bulk`,
    'in flight': sending ? 1 : 0
  })
}
