import { type Command, Option } from 'commander'
import type { Schemas } from '../client/index.js'
import { addExamples, openContext, parseCount, parseTimeText } from './context.js'
import { reasonOf, table } from './show.js'

type Flags = Partial<Omit<Schemas['FindMessages'], 'idempotencyKey' | 'errorCode' | 'acceptedFrom' | 'acceptedUntil' | 'cursor'>> & {
  key?: string, code?: string, from?: string, until?: string
}

export function addFind (program: Command): void {
  const command = program.command('find').alias('messages').summary('find messages')
    .description('Finds messages, newest first. A message has to match all options that are given; without any the newest messages are shown.')
    .option('--id <id>', 'the message with this id')
    .option('--recipient <recipient>', 'messages to this recipient')
    .option('--key <key>', 'messages with this idempotency key')
    .option('--tag <key:value>', 'messages with this entry of their metadata')
    .option('--campaign <name>', 'messages of this campaign')
    .option('--caller <name>', 'messages that this API key posted')
    .option('--template <name>', 'messages of this template, in any language')
    .option('--state <states>', 'messages in one of these states, separated by commas')
    .option('--code <code>', 'messages whose last attempt failed with this code')
    .option('--from <time>', 'messages that were accepted then or later', parseTimeText)
    .option('--until <time>', 'messages that were accepted before', parseTimeText)
    .option('--sender <id>', 'messages of this sender, by phone number id')
    .addOption(new Option('--limit <count>', 'most messages').argParser(parseCount).default(20))
    .action(async ({ key, code, from, until, ...flags }: Flags, self: Command) => {
      const { client, print } = openContext(self)
      const messages = await client.findMessages({
        ...flags,
        ...(key === undefined ? {} : { idempotencyKey: key }),
        ...(code === undefined ? {} : { errorCode: code }),
        ...(from === undefined ? {} : { acceptedFrom: from }),
        ...(until === undefined ? {} : { acceptedUntil: until })
      })
      print(messages, () => table(
        ['accepted', 'status', 'reason', 'recipient', 'campaign', 'id'],
        messages.map(({ createdAt, status, waitingFor, error, to, recipient, campaign, id }) =>
          [createdAt, status, reasonOf(waitingFor) ?? error?.explanation, to ?? recipient, campaign, id]),
        'No messages.'
      ))
    })
  addExamples(command, [
    ['sluice find --campaign spring-sale --state failed,expired', 'what failed of a campaign'],
    ['sluice find --template order_ready --state queued', 'what waits of a template'],
    ['sluice find --recipient +15550101234 --from 2026-11-30T00:00:00Z', 'to a person since a time'],
    ['sluice find --tag order:4711 --json | jq -r \'.[].id\'', 'in a script']
  ])
}
