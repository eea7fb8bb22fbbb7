import type { Client } from './client.js'

/** A subscription that was refused or got lost is asked for again so often. */
const JOIN_MS = 2000

/**
 * Hears a channel on a client of its own until the answer is called. It subscribes again by itself whenever the connection is made, and
 * from time to time, since the client's own way leaves a refusal to nobody: that would end the process, or the subscription.
 */
export async function subscribe (client: Client, channel: string, hear: (message: string) => void): Promise<() => void> {
  const refused = (): void => {} // the next time is another chance; what is missed costs a shift half a second of sleep
  const join = (): void => { client.subscribe(channel).catch(refused) }
  client.on('message', (_: string, message: string) => hear(message))
  client.on('ready', join)
  const timer = setInterval(() => { if (client.status === 'ready') join() }, JOIN_MS)
  timer.unref()
  await client.subscribe(channel).catch(refused)
  return () => {
    clearInterval(timer)
    client.disconnect()
  }
}
