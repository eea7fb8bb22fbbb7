import { type Command, InvalidArgumentError, Option } from 'commander'
import type { MessageOptions, Recipient, SendOptions, SendResult } from '../client/index.js'
import { addExamples, openContext } from './context.js'
import { parseDuration, showMs } from './duration.js'
import { UsageError } from './exit.js'
import { facts, reasonOf } from './show.js'

interface Flags {
  content?: true
  metadata?: Record<string, string>
  idempotencyKey?: string
  deduplicate?: true
  priority?: NonNullable<MessageOptions['priority']>
  category?: NonNullable<MessageOptions['category']>
  sender?: string
  at?: string
  expiresIn?: number
  reject?: true
}

export function addSend (program: Command): void {
  const command = program.command('send <to> <message>').summary('send a message')
    .description('Sends a text, or a Cloud API message object, to a number, a business-scoped user id (user:ID) or a group (group:ID).')
    .option('--content', 'the message is a Cloud API message object in JSON')
    .option('--metadata <key=value>', 'stored with the message; may be repeated', collect)
    .option('--idempotency-key <key>', 'your name for the message: a repeat with it is a duplicate')
    .option('--deduplicate', 'an equal message within 24 h is a duplicate')
    .addOption(new Option('--priority <lane>', 'lane of the queue').choices(['urgent', 'normal', 'bulk']))
    .addOption(new Option('--category <category>', 'category of the message').choices(['marketing', 'utility', 'authentication', 'service']))
    .option('--sender <id>', 'phone number id of the sender')
    .option('--at <time>', 'time of the send, in ISO 8601')
    .option('--expires-in <duration>', 'expire the message if it waits longer', parseDuration)
    .option('--reject', 'reject the message if it cannot be sent at once')
    .action(async (to: string, message: string, flags: Flags, self: Command) => {
      const { client, print } = openContext(self)
      const result = await client.sendMessage(recipientOf(to), flags.content === true ? parseObject(message) : message, optionsOf(flags))
      print(result, () => show(result))
    })
  addExamples(command, [
    ['sluice send +1234567890 "Your order is ready" --metadata orderId=ORD123', 'with a tag for later searches'],
    ['sluice send +1234567890 "Code 1234" --priority urgent --expires-in 5m', 'before other lanes, for 5 minutes'],
    ['sluice send +1234567890 "Good morning" --at 2030-01-01T08:00:00Z', 'later'],
    ['sluice send +1234567890 \'{"type":"image","image":{"link":"https://…"}}\' --content', 'any type of message']
  ])
}

function recipientOf (to: string): Recipient {
  if (to.startsWith('user:')) return { recipient: to.slice('user:'.length) }
  return to.startsWith('group:') ? { group: to.slice('group:'.length) } : to
}

function optionsOf ({ metadata, idempotencyKey, deduplicate, priority, category, sender, at, expiresIn, reject }: Flags): SendOptions {
  return {
    ...(metadata === undefined ? {} : { metadata }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(deduplicate === undefined ? {} : { deduplicate }),
    ...(priority === undefined ? {} : { priority }),
    ...(category === undefined ? {} : { category }),
    ...(sender === undefined ? {} : { sender }),
    ...(at === undefined ? {} : { scheduledFor: at }),
    ...(expiresIn === undefined ? {} : { expiresInMs: expiresIn }),
    ...(reject === undefined ? {} : { whenLimited: 'reject' })
  }
}

function show (result: SendResult): string {
  const { id, status } = result
  if (result.immediate) return facts({ status, id, 'WhatsApp id': result.providerMessageId })
  if (result.duplicate) return facts({ status: `${status} (duplicate, not sent again)`, id })
  const { delayMs, waitingFor, position, error, nextRetryAt } = result as Extract<SendResult, { queued: true }>
  return facts({
    status,
    id,
    'waits at least': delayMs === null ? 'end unknown' : delayMs === undefined ? null : showMs(delayMs),
    'waits for': reasonOf(waitingFor),
    position,
    error: error?.explanation,
    'next retry': nextRetryAt
  })
}

function parseObject (text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {}
  throw new UsageError('--content requires a JSON object as message')
}

function collect (entry: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(entry) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('Use key=value.')
  return { ...before, [key]: value }
}
