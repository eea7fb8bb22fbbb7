/** What the parts of a simulated history share. */
import type { Endpoint } from '../../src/callbacks/post.js'
import type { Provider } from '../../src/message.js'
import type { Arrived, Fact } from '../prove/history.js'
import type { SimulatedProcess } from './host.js'
import type { Network } from './network.js'
import type { RunningNode } from './node.js'
import type { SimulatedQueues } from './queue.js'
import type { Scenario } from './scenario.js'
import type { VirtualTime } from './virtual-time.js'

export interface World {
  scenario: Scenario
  time: VirtualTime
  network: Network
  queues: SimulatedQueues
  /** Nodes that have started and have not ended. */
  nodes: RunningNode[]
  record: (fact: Fact) => void
  /** Whether a node reaches Redis. */
  isReachable: (process: SimulatedProcess) => boolean
  providerOf: (process: SimulatedProcess) => Provider
  endpointOf: (process: SimulatedProcess) => Endpoint
  /** The provider accepted a message: webhooks about it follow. */
  follow: (arrived: Arrived) => void
}
