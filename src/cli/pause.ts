import type { Command } from 'commander'
import { addExamples, openContext } from './context.js'
import { parseDuration } from './duration.js'
import { showSender } from './senders.js'

export function addPause (program: Command): void {
  const command = program.command('pause <sender>').summary('close a sender')
    .description('Closes a sender: what comes in joins its line, what is under way ends, nothing loses its place.')
    .option('--for <duration>', 'how long; without it until somebody resumes', parseDuration)
    .action(async (sender: string, flags: { for?: number }, self: Command) => {
      const { client, print } = openContext(self)
      const paused = await client.pauseSender(sender, flags.for === undefined ? {} : { forMs: flags.for })
      print(paused, () => showSender(paused))
    })
  addExamples(command, [['sluice pause 100000000000001 --for 30m', 'opens by itself']])
}
