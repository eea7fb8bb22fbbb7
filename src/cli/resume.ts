import type { Command } from 'commander'
import { addExamples, openDesk } from './desk.js'
import { showSender } from './senders.js'

export function addResume (program: Command): void {
  const command = program.command('resume <sender>').summary('open a sender')
    .description('Opens a sender, whoever or whatever closed it.')
    .action(async (sender: string, _: object, self: Command) => {
      const { client, print } = openDesk(self)
      const open = await client.resumeSender(sender)
      print(open, () => showSender(open))
    })
  addExamples(command, [['sluice resume 100000000000001', 'after sluice pause, or once a token is renewed']])
}
