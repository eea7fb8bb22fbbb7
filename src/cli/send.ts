import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Answer, MessageOptions, SendOptions } from '../client/index.js'
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
    .option('--metadata <key=value>', 'kept with the message; can be given several times', collect)
    .option('--idempotency-key <key>', 'your name for the message: a repeat is a duplicate')
    .option('--deduplicate', 'an equal message within 24 h is a duplicate')
    .addOption(new Option('--priority <lane>', 'the lane of the line').choices(['urgent', 'normal', 'bulk']))
    .addOption(new Option('--category <category>', 'what kind of message it is').choices(['marketing', 'utility', 'authentication', 'service']))
    .option('--sender <id>', 'phone number id of the sender')
    .option('--at <moment>', 'send it then; ISO 8601')
    .option('--expires-in <duration>', 'drop it if it waits longer', parseDuration)
    .option('--reject', 'refuse it where it can not be sent at once')
    .action(async (to: string, message: string, flags: Flags, self: Command) => {
      const { client, print } = openContext(self)
      const answer = await client.sendMessage(addressee(to), flags.content === true ? parseObject(message) : message, optionsOf(flags))
      print(answer, () => show(answer))
    })
  addExamples(command, [
    ['sluice send +1234567890 "Your order is ready" --metadata orderId=ORD123', 'and find it later by its tag'],
    ['sluice send +1234567890 "Code 1234" --priority urgent --expires-in 5m', 'before all others, or not at all'],
    ['sluice send +1234567890 "Good morning" --at 2030-01-01T08:00:00Z', 'later'],
    ['sluice send +1234567890 \'{"type":"image","image":{"link":"https://…"}}\' --content', 'whatever WhatsApp takes']
  ])
}

function addressee (to: string): Parameters<ReturnType<typeof openContext>['client']['sendMessage']>[0] {
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

function show (answer: Answer): string {
  const { id, status } = answer
  if (answer.immediate) return facts({ status, id, 'WhatsApp\'s id': answer.providerMessageId })
  if (answer.duplicate) return facts({ status: `${status}, a duplicate: nothing was sent`, id })
  const { delayMs, waitingFor, position, error, nextRetryAt } = answer as Extract<Answer, { queued: true }>
  return facts({ status, id, 'waits at least': delayMs === undefined ? null : delayMs === null ? 'no end known' : showMs(delayMs), for: reasonOf(waitingFor), position, error: error?.explanation, 'tried again': nextRetryAt })
}

function parseObject (text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {}
  throw new UsageError('with --content the message is a JSON object')
}

function collect (entry: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(entry) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('It is key=value.')
  return { ...before, [key]: value }
}
