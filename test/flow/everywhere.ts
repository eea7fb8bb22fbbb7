/** The flow tests that do not access Redis themselves: alone they run on one server, and here on any kind of servers. */
import t from 'tap'
import { useServers, type Stand } from '../support/flow.js'

const flows = [
  async () => await import('./batch.test.js'),
  async () => await import('./outcomes.test.js'),
  async () => await import('./message-flow.test.js')
]

/** Runs each file's tests within this process. They mostly wait, so they run concurrently. */
export async function runFlowsOn (stand: Stand): Promise<void> {
  useServers(stand)
  t.jobs = flows.length
  await Promise.all(flows.map(async flow => await flow()))
  t.jobs = 1
}
