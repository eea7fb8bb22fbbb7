import type { FastifyBaseLogger } from 'fastify'
import type { Bus } from '../events.js'
import { maskRecipient } from '../recipient.js'

/** All log text of the gateway: one wide line per fact. Recipients show their last digits only, texts and secrets never. */
export function logEvents (events: Bus, log: FastifyBaseLogger): void {
  events.on('message.admitted', facts => log.info(facts, facts.outcome === 'queued' ? 'message throttled: queued' : `message ${facts.outcome}`))
  events.on('attempt.settled', ({ recipient, ...facts }) => {
    const line = { ...facts, recipient: maskRecipient(recipient) }
    if (facts.verdict === 'sent') log.info(line, 'attempt sent')
    else if (facts.verdict === 'retry') log.warn(line, 'attempt failed, will retry')
    else if (facts.verdict === 'wait') log.warn(line, 'attempt throttled: back in line')
    else log.warn(line, `attempt ${facts.verdict}`)
  })
  events.on('attempt.stale', facts => log.warn(facts, 'attempt settled by somebody else'))
  events.on('message.closed', facts => log.info(facts, `message ${facts.state}`))
  events.on('sender.stopped', facts => log.error(facts, 'sender stopped'))
  events.on('sender.unruled', facts => log.error(facts, 'Redis was emptied: writing the rules of the sender again'))
  events.on('sender.opened', facts => log.warn(facts, 'sender open again'))
  events.on('senders.reloaded', facts => log.info(facts, 'senders reloaded'))
  events.on('senders.refused', facts => log.error(facts, 'senders not reloaded: all stays as it was'))
  events.on('sender.left', facts => log.info(facts, 'removed sender has nothing left'))
  events.on('senders.unserved', facts => log.warn(facts, 'senders hold messages and are not served by this node'))
  events.on('shift.started', facts => log.debug(facts, 'shift started'))
  events.on('shift.ended', facts => log.debug(facts, 'shift ended'))
  events.on('retry.ran', facts => log.info(facts, 'retry run'))
  events.on('recovery.found', facts => log.warn(facts, `recovery: ${facts.what}`))
  events.on('operator.acted', facts => log.warn(facts, `operator: ${facts.act}`))
  events.on('redis.connected', facts => log.info(facts, 'Redis connected'))
  events.on('redis.lost', facts => log.warn(facts, 'Redis trouble'))
  events.on('fault', ({ where, error }) => log.error({ where, error: toldOf(error) }, 'fault'))
}

/** Of an error only what is its own: a client's error carries the command, and with it the text and recipient of a message. */
function toldOf (error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  return { type: error.name, ...('code' in error ? { code: error.code } : {}), message: error.message, stack: error.stack }
}
