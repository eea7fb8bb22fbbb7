/** What the cells of a run share: one Redis, one sandbox, and a folder for their notes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Arrived, Fact } from '../prove/history.js'
import { grantsOf, keepLedger } from '../prove/ledger.js'
import { startRedis, type Teardown, type TestRedis } from '../support/redis.js'
import { request } from '../support/request.js'
import { endChild, startSandbox } from './child.js'

export interface Ground {
  redis: TestRedis
  apiUrl: string
  /** Base URL of the sandbox's own routes. */
  control: string
  folder: string
  /** What arrived from a sender, oldest first. */
  arrivals: (sender: string) => Promise<Arrived[]>
  /** What Redis granted to a sender. */
  grants: (sender: string) => Promise<Fact[]>
}

interface Seen {
  sender: string
  recipient: string | null
  body: {
    text?: { body: string }
    template?: { components?: Array<{ parameters: Array<{ text: string }> }> }
    context?: { message_id: string }
  } | null
  headersAt: number
  outcome: string
  code: number | null
  httpStatus: number | null
  wamid: string | null
  opaque: string | null
}

export async function layGround (t: Teardown): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-crash-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const redis = await startRedis(t, { extra: keepLedger })
  const sandbox = startSandbox()
  t.teardown(async () => await endChild(sandbox))
  const apiUrl = await sandbox.ready
  const control = `${new URL(apiUrl).origin}/_sandbox`
  await request(`${control}/settings`, { method: 'PUT', body: JSON.stringify({ latencyMs: 30, enforcePair: false, throughputPerSecond: null }) })
  return {
    redis,
    apiUrl,
    control,
    folder,
    async arrivals (sender) {
      const { body } = await request(`${control}/messages?sender=${sender}`)
      return (body['messages'] as Seen[]).map(toFact)
    },
    async grants (sender) {
      const all = await grantsOf(join(redis.dir, 'appendonlydir'))
      return all.filter(one => one.fact === 'granted' && one.pair.startsWith(`${sender}/`))
    }
  }
}

/** A record of the sandbox as a fact; a message's text, or the one parameter of its template, is its key. */
export function toFact ({ sender, recipient, body, headersAt, outcome, code, httpStatus, wamid, opaque }: Seen): Arrived {
  // The gateway sends a number with its +, however it was posted.
  const pair = `${sender}/${recipient?.replace('+', '') ?? ''}`
  const key = body?.text?.body ?? body?.template?.components?.[0]?.parameters[0]?.text ?? ''
  const arrived: Arrived = { fact: 'arrived', at: headersAt, key, pair, opaque: opaque ?? '', outcome, code, httpStatus, wamid }
  if (body?.context !== undefined) arrived.quotes = body.context.message_id
  return arrived
}
