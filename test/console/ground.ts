/** What the tests of the console share: settings of nodes, recipients, and how a message is posted. */
import { read } from '../contract/tree.js'
import type { Browser } from 'playwright-core'
import type { createTestEnvironment } from '../support/flow.js'
import type { Node } from '../support/gateway.js'
import type { Reply } from '../support/request.js'
import { until } from '../support/until.js'

export interface Ground { environment: Awaited<ReturnType<typeof createTestEnvironment>>, browser: Browser }

/** No worker runs, and a pair's interval is one hour. */
export const still = { ROLE: 'api', START_WITHIN_MS: '5000', WHATSAPP_RATE_LIMIT_MS: '3600000', MESSAGE_LIFE_MS: '864000000' }
export const free = { ROLE: 'api', START_WITHIN_MS: '5000', WHATSAPP_RATE_LIMIT_MS: '1' }
/** The sandbox rejects the first two attempts to this number, then accepts. */
export const REFUSED_TWICE = '+15562131000'
export const UNDELIVERABLE = '+15560131026'
/** A busy node sheds requests; a repeat with the same key is not a second message. */
export const send = async (node: Pick<Node, 'send'>, ...message: Parameters<Node['send']>): Promise<Reply> =>
  await until('it is accepted', async () => {
    const reply = await node.send(...message)
    return reply.status !== 503 && reply
  })
/** The columns "means" and "what to do" of a code in the table of outcomes. */
export const textsOf = (code: string): string[] =>
  read('docs/outcomes.md')
    .split('\n')
    .find(line => line.startsWith(`| ${code} |`))
    ?.split('|')
    .slice(4, 6)
    .map(cell => cell.trim()) ?? []
