import { type Command, Option } from 'commander'
import type { MessageOptions, Recipient, SendOptions, SendResult } from '../client/index.js'
import { addExamples, collectEntries, openContext, parseDuration, parseTimeText } from './context.js'
import { UsageError } from './exit.js'
import { isObjectText } from './import/message.js'
import { facts, reasonOf, showMs } from './show.js'
import { describeInvalid } from '../values/invalid.js'
import { parseJson } from '../values/json.js'

interface Flags {
  content?: true
  metadata?: Record<string, string>
  idempotencyKey?: string
  deduplicate?: true
  priority?: NonNullable<MessageOptions['priority']>
  category?: NonNullable<MessageOptions['category']>
  sender?: string
  at?: string
  whenPast?: NonNullable<MessageOptions['whenPast']>
  expiresIn?: number
  reject?: true
}

export function addSend (program: Command): void {
  const command = program.command('send <to> <message>').summary('send a message')
    .description('Sends a text, or a Cloud API message object, to a number, a business-scoped user id (user:ID) or a group (group:ID).')
    .option('--content', 'the message is a Cloud API message object in JSON')
    .option('--metadata <key=value>', 'stored with the message; may be repeated', collectEntries)
    .option('--idempotency-key <key>', 'your name for the message: a repeat with it is a duplicate')
    .option('--deduplicate', 'an equal message within 24 h is a duplicate')
    .addOption(new Option('--priority <lane>', 'lane of the queue').choices(['urgent', 'normal', 'bulk']))
    .addOption(new Option('--category <category>', 'category of the message').choices(['marketing', 'utility', 'authentication', 'service']))
    .option('--sender <id>', 'phone number id of the sender')
    .option('--at <time>', 'time of the send: RFC 3339 with a time zone, or ms since the epoch', parseTimeText)
    .addOption(new Option('--when-past <action>', 'what to do if --at is more than a minute in the past').choices(['reject', 'send']))
    .option('--expires-in <duration>', 'expire the message if it waits longer', parseDuration)
    .option('--reject', 'reject the message if it cannot be sent at once')
    .action(async (to: string, message: string, flags: Flags, self: Command) => {
      const { client, print } = openContext(self)
      const result = await client.sendMessage(recipientOf(to), flags.content === true ? parseObject(message) : checkText(message), optionsOf(flags))
      print(result, () => show(result))
    })
  addExamples(command, [
    ['sluice send +15550101234 "Your order is ready" --metadata orderId=ORD123', 'with a tag for later searches'],
    ['sluice send +15550101234 "Code 1234" --priority urgent --expires-in 5m', 'before other lanes, for 5 minutes'],
    ['sluice send +15550101234 "Good morning" --at 2030-01-01T08:00:00Z', 'later'],
    ['sluice send +15550101234 \'{"type":"image","image":{"link":"https://…"}}\' --content', 'any type of message']
  ])
}

function recipientOf (to: string): Recipient {
  if (to.startsWith('user:')) return { recipient: to.slice('user:'.length) }
  return to.startsWith('group:') ? { group: to.slice('group:'.length) } : to
}

function optionsOf ({ metadata, idempotencyKey, deduplicate, priority, category, sender, at, whenPast, expiresIn, reject }: Flags): SendOptions {
  return {
    ...(metadata === undefined ? {} : { metadata }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(deduplicate === undefined ? {} : { deduplicate }),
    ...(priority === undefined ? {} : { priority }),
    ...(category === undefined ? {} : { category }),
    ...(sender === undefined ? {} : { sender }),
    ...(at === undefined ? {} : { scheduledFor: at }),
    ...(whenPast === undefined ? {} : { whenPast }),
    ...(expiresIn === undefined ? {} : { expiresInMs: expiresIn }),
    ...(reject === undefined ? {} : { whenLimited: 'reject' })
  }
}

function show (result: SendResult): string {
  const { id, status } = result
  const warnings = result.warnings?.map(({ field, detail }) => `\nwarning: ${field}: ${detail}`).join('') ?? ''
  return showState(result, id, status) + warnings
}

function showState (result: SendResult, id: string, status: string): string {
  if (result.immediate) return facts({ status, id, 'WhatsApp id': result.providerMessageId })
  if (result.duplicate) return facts({ status: `${status} (duplicate, not sent again)`, id })
  const { delayMs, waitingFor, position, error, nextRetryAt } = result as Extract<SendResult, { queued: true }>
  return facts({
    status,
    id,
    'scheduled for': result.scheduledFor,
    'waits at least': delayMs === null ? 'end unknown' : delayMs === undefined ? null : showMs(delayMs),
    'waits for': reasonOf(waitingFor),
    position,
    error: error?.explanation,
    'next retry': nextRetryAt
  })
}

/** The recipient would read JSON that was meant as a template or an image. */
function checkText (text: string): string {
  if (!isObjectText(text)) return text
  throw new UsageError('the message is a JSON object: add --content to send what it describes. ' +
    'To send it as a text: --content \'{"type": "text", "text": {"body": "…"}}\'')
}

function parseObject (text: string): Record<string, unknown> {
  const parsed = parseJson(text, '--content')
  if ('invalid' in parsed) throw new UsageError(describeInvalid(parsed.invalid))
  const { value } = parsed
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new UsageError('--content requires a JSON object as message')
}
