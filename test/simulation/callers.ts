/** Callers that post messages and repeat what got no conclusive response, and the API that responds, without HTTP. */
import { admit, type Request } from '../../src/admission/admit.js'
import { SluiceError } from '../../src/errors.js'
import { resultOf, toResponse } from '../../src/http/admission-result.js'
import { canonicalRecipient } from '../../src/recipient.js'
import { lanes } from '../../src/message.js'
import { isUnavailable } from '../../src/redis/unavailable.js'
import type { Random } from '../property/random.js'
import type { Posted, Responded } from '../prove/history.js'
import type { RunningNode } from './node.js'
import type { Draft } from './scenario.js'
import type { World } from './world.js'

export interface Reply { status: number, body: Record<string, unknown> }

const TIMEOUT_MS = 2500
const REPEAT_MS = [50, 600] as const

/** A request to one node: its response, or status 0 after a time-out or where the node ends. */
export async function ask (world: World, node: RunningNode | undefined, request: (node: RunningNode) => Promise<Reply>): Promise<Reply> {
  const { time } = world
  if (node === undefined) {
    await time.sleep(1)
    return { status: 0, body: {} }
  }
  return await new Promise(resolve => {
    const lost = (): void => resolve({ status: 0, body: {} })
    node.process.onDeath(() => time.after(1, lost))
    time.after(TIMEOUT_MS, lost)
    time.after(1, () => node.process.receive(() => {
      const reply = request(node).catch((error: unknown) => toReply(world, node, error))
      reply.then(reply => time.after(1, () => resolve(reply))).catch(lost)
    }))
  })
}

function toReply ({ record }: World, { process }: RunningNode, error: unknown): Reply {
  if (error instanceof SluiceError) return { status: error.status, body: { code: error.code, ...error.facts.extra } }
  if (isUnavailable(error)) return { status: 503, body: {} }
  record({ fact: 'node-failed', node: process.name, text: `a request: ${error instanceof Error ? error.stack ?? error.message : String(error)}` })
  return { status: 500, body: {} }
}

export const isConclusive = (status: number): boolean => ![0, 408, 429].includes(status) && status < 500

/** Posts all messages; those of a pair and lane one after the other. Returns how many still have no conclusive response. */
export function startCallers (world: World, random: Random): () => number {
  const { time, scenario: { drafts } } = world
  const last = new Map<string, Promise<void>>()
  let open = drafts.length
  for (const draft of drafts) {
    const queue = `${draft.sender}/${draft.to} ${draft.lane}`
    const before = last.get(queue)
    last.set(queue, (async () => {
      await time.sleep(draft.atMs)
      await before
      await post(world, draft, random.fork())
      open--
    })())
  }
  return () => open
}

async function post (world: World, draft: Draft, random: Random): Promise<void> {
  const { time, record, nodes } = world
  const { key, sender, to, lane, policy, expiresInMs, scheduledInMs, isMarketing } = draft
  const scheduledFor = scheduledInMs === undefined ? undefined : time.now() + scheduledInMs
  const posted: Posted = { fact: 'posted', at: time.now(), key, pair: `${sender}/${to}`, lane, policy }
  if (expiresInMs !== undefined) posted.expiresInMs = expiresInMs
  if (scheduledFor !== undefined) posted.scheduledFor = scheduledFor
  if (isMarketing === true) posted.isMarketing = true
  record(posted)
  // A caller may repeat what already got a response.
  let repeats = random.chance(0.1) ? 1 : 0
  for (;;) {
    const askedAt = time.now()
    const node = nodes.length === 0 ? undefined : random.pick(nodes)
    const { status, body } = await ask(world, node, async node => await admitOn(node, draft, scheduledFor))
    const responded: Responded = { fact: 'responded', at: time.now(), key, status, askedAt }
    if (typeof body['id'] === 'string' && body['id'] !== '') responded.id = body['id']
    if (typeof body['status'] === 'string') responded.state = body['status']
    if (typeof body['delayMs'] === 'number') responded.delayMs = body['delayMs']
    if (typeof body['waitingFor'] === 'string') responded.waitingFor = body['waitingFor']
    if (typeof body['immediate'] === 'boolean') responded.immediate = body['immediate']
    record(responded)
    if (isConclusive(status) && repeats-- <= 0) return
    await time.sleep(random.int(...REPEAT_MS))
  }
}

async function admitOn ({ deps }: RunningNode, draft: Draft, scheduledFor: number | undefined): Promise<Reply> {
  const { key, sender, to, lane, policy, inline, expiresInMs, isMarketing } = draft
  const request: Request = {
    sender,
    caller: 'caller',
    to: `+${to}`,
    recipient: canonicalRecipient(to),
    message: key,
    idempotencyKey: key,
    lane: lanes[lane - 1] ?? 'normal',
    inline,
    whenLimited: 'wait',
    onUnknown: policy,
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
    ...(scheduledFor === undefined ? {} : { scheduledFor }),
    ...(isMarketing === true ? { category: 'marketing' } : {})
  }
  const { httpStatus, body } = toResponse(await resultOf(deps, sender, await admit(deps, request)), false)
  return { status: httpStatus, body: body as unknown as Record<string, unknown> }
}
