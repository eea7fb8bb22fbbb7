import type { Command } from 'commander'
import type { Sender } from '../client/index.js'
import { addExamples, openContext } from './context.js'
import { parseDuration } from './duration.js'
import { facts, table } from './show.js'

export function addPause (program: Command): void {
  const command = program.command('pause <sender>').summary('pause a sender')
    .description('Pauses a sender: new messages are queued, requests in flight complete, and queued messages keep their places.')
    .option('--for <duration>', 'how long; by default until it is resumed', parseDuration)
    .action(async (sender: string, flags: { for?: number }, self: Command) => {
      const { client, print } = openContext(self)
      const paused = await client.pauseSender(sender, flags.for === undefined ? {} : { forMs: flags.for })
      print(paused, () => showSender(paused))
    })
  addExamples(command, [['sluice pause 100000000000001 --for 30m', 'resumes automatically']])
}

export function addResume (program: Command): void {
  const command = program.command('resume <sender>').summary('resume a sender')
    .description('Resumes a sender that an operator paused or that WhatsApp\'s errors stopped.')
    .action(async (sender: string, _: object, self: Command) => {
      const { client, print } = openContext(self)
      const resumed = await client.resumeSender(sender)
      print(resumed, () => showSender(resumed))
    })
  addExamples(command, [['sluice resume 100000000000001', 'after sluice pause, or after a token was renewed']])
}

function showSender ({ id, state, reason, resumesAt, queued, inFlight }: Sender): string {
  return facts({ sender: id, state, reason, 'resumes at': resumesAt, queued, 'in flight': inFlight })
}

/** A table with one row per sender. */
export function showSenders (senders: Sender[]): string {
  const head = ['sender', 'state', 'queued', 'due', 'in flight', 'scheduled', 'unknown', 'pending', 'failed', 'sent in 24 h']
  return table(head, senders.map(({ id, state, reason, queued, due, inFlight, scheduled, unknown, failures, sentLast24h }) => [
    id, reason === null ? state : `${state}: ${reason}`, queued, due, inFlight, scheduled, unknown, failures.pending, failures.failed, sentLast24h
  ]))
}
