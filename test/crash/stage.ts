/** Where the works of the matrix take place, and what several of them do: post, operate, and ask for housekeeping. */
import type { ProvingCaller, MessageRequest } from '../prove/caller.js'
import { groupBy, type Fact } from '../prove/history.js'
import { campaignOf } from '../prove/operation.js'
import type { Child } from './child.js'

export interface Stage {
  caller: ProvingCaller
  /** The node that is to meet the step. */
  victim: Child
  /** Its origin. */
  origin: () => string
  /** Origins of the nodes that can be called now. */
  origins: () => string[]
  record: (fact: Fact) => void
  sender: string
  policy: 'retry' | 'fail'
  /** A number for each round, so that its messages and recipients are new. */
  round: number
  prefix: string
  redisPort: number
  /** Base URL of the sandbox's own routes. */
  control: string
  /** When days began, for the daily limit. */
  days: number[]
}

/** So many messages for so many people of this kind, first ones first; new ones in each round. */
export function drafts ({ sender, policy, round }: Stage, start: string, people: number, each: number): MessageRequest[] {
  return Array.from({ length: people * each }, (_, i) => {
    const person = round * 10 + i % people
    const to = `${start}${String(person).padStart(4, '0')}`
    // With the recipient: a work may post to people of two kinds.
    return { key: `${sender}-${round}-${to}-${Math.floor(i / people)}`, to, sender, policy }
  })
}

export async function posts (stage: Stage, start: string, people: number, each: number, more: Partial<MessageRequest> = {}): Promise<void> {
  await postInOrder(stage, drafts(stage, start, people, each).map(draft => ({ ...draft, ...more })))
}

/** To all recipients in parallel, and to each of them one message after the other. */
export async function postInOrder ({ caller }: Stage, all: MessageRequest[]): Promise<void> {
  const queues = groupBy(all, ({ to }) => to)
  await Promise.all([...queues.values()].map(async queue => {
    for (const draft of queue) await caller.post(draft)
  }))
}

/** Three people, three messages each. */
export async function postCampaign (stage: Stage): Promise<void> {
  const campaign = campaignOf(stage.sender, stage.round)
  await postInOrder(stage, drafts(stage, '1555000', 3, 3).map(draft => ({ ...draft, campaign })))
}

export const isFinal = (status: number): boolean => status >= 200 && status < 500 && status !== 408 && status !== 429
/** Repeated, on another node too, until a node did it: the job of a cancellation begins only then. */
export async function ofCampaign ({ caller, sender, round }: Stage, action: 'pause' | 'resume' | 'cancel'): Promise<void> {
  await caller.persist('POST', `/campaigns/${campaignOf(sender, round)}/${action}`, undefined, isFinal)
}

export async function planCampaign ({ caller, sender, round }: Stage, plan: object): Promise<void> {
  await caller.persist('PUT', `/campaigns/${campaignOf(sender, round)}`, plan, isFinal)
}

export async function operate ({ caller, origin, sender }: Stage, method: string, path: string, body?: unknown): Promise<void> {
  await caller.ask(origin(), method, `/senders/${sender}${path}`, body)
}

export const ofTemplate = (stage: Stage): MessageRequest[] => drafts(stage, '1555000', 3, 2).map(draft => ({ ...draft, template: 'order_ready' }))
