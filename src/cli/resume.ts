import type { Command } from 'commander'
import { addExamples, openContext } from './context.js'
import { showSender } from './senders.js'

export function addResume (program: Command): void {
  const command = program.command('resume <sender>').summary('open a sender')
    .description('Opens a sender, whoever or whatever closed it.')
    .action(async (sender: string, _: object, self: Command) => {
      const { client, print } = openContext(self)
      const open = await client.resumeSender(sender)
      print(open, () => showSender(open))
    })
  addExamples(command, [['sluice resume 100000000000001', 'after sluice pause, or once a token is renewed']])
}
