import type { Command } from 'commander'
import { addExamples, openContext } from './context.js'
import { showMessage } from './status.js'

export function addCancel (program: Command): void {
  const command = program.command('cancel <id>').summary('take a waiting message out')
    .description('Takes a message out that waits, by its id or by your own idempotency key. One that is sent stays sent: NOT_CANCELLABLE.')
    .option('--sender <id>', 'phone number id of the sender, where you name it by your own key')
    .action(async (id: string, flags: { sender?: string }, self: Command) => {
      const { client, print } = openContext(self)
      const message = await client.cancelMessage(id, flags)
      print(message, () => message === null ? 'cancelled' : showMessage(message))
    })
  addExamples(command, [['sluice cancel order-123', 'by the key that it was sent with']])
}
