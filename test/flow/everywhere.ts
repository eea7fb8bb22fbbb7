/** The flow tests that ask nothing of Redis themselves: they run on one server by themselves, and here on whatever servers there are. */
import t from 'tap'
import { standOn, type Stand } from '../support/flow.js'

const flows = [
  async () => await import('./batch.test.js'),
  async () => await import('./outcomes.test.js'),
  async () => await import('./message-flow.test.js')
]

/** As if each file were run alone: its tests become tests of this process. Most of their time is waiting, so they run side by side. */
export async function runFlowsOn (stand: Stand): Promise<void> {
  standOn(stand)
  t.jobs = flows.length
  await Promise.all(flows.map(async flow => await flow()))
  t.jobs = 1
}
