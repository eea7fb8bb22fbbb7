import type { State } from '../message.js'
import { tagsOf } from '../redis/lookup-index.js'
import { templateOf } from '../template-name.js'
import type { MessageView } from './inspect.js'
import type { Result, StoredMessage } from './record.js'

/** What a search asks for. A message has to match all that are given. */
export interface Criteria {
  /** Canonical. */
  recipient?: string
  /** An entry of the metadata, `key:value`. */
  tag?: string
  campaign?: string
  /** Name of its template, in any language. */
  template?: string
  /** API key that posted it. */
  caller?: string
  states?: readonly State[]
  /** Code of its last attempt that failed, or with which a webhook has reported it as failed. */
  errorCode?: string
  /** When it was accepted, ms; the end is excluded. */
  acceptedFrom?: number
  acceptedUntil?: number
}

/** Whether a message matches. */
export function matches (view: MessageView, criteria: Criteria): boolean {
  const { states, errorCode, acceptedFrom = -Infinity, acceptedUntil = Infinity } = criteria
  const origin = { campaign: view.campaign ?? undefined, template: view.template ?? undefined, metadata: view.metadata ?? undefined }
  return hasOrigin({ ...view, ...origin }, criteria) &&
    (states === undefined || states.includes(view.state)) &&
    (errorCode === undefined || errorCodeOf(view) === errorCode) &&
    view.admittedAt >= acceptedFrom && view.admittedAt < acceptedUntil
}

function errorCodeOf ({ bouncedWith, history }: MessageView): string | null {
  return bouncedWith ?? history.findLast(({ code }) => code !== undefined)?.code ?? null
}

interface Origin extends Pick<Result, 'recipient' | 'caller'> {
  campaign?: string | undefined
  template?: string | undefined
  metadata?: Record<string, unknown> | undefined
}

function hasOrigin ({ recipient, caller, campaign, template, metadata }: Origin, wanted: Criteria): boolean {
  return (wanted.recipient === undefined || recipient === wanted.recipient) &&
    (wanted.caller === undefined || caller === wanted.caller) &&
    (wanted.campaign === undefined || campaign === wanted.campaign) &&
    (wanted.template === undefined || template === wanted.template) &&
    (wanted.tag === undefined || tagsOf(metadata).includes(wanted.tag))
}

const settled: ReadonlySet<State> = new Set<State>(['sent', 'delivered', 'read', 'failed', 'cancelled', 'expired'])

/** Whether a message may match, by its result or, of an unsettled one, its record. Only `matches` knows. */
export function mayMatch (stored: Result | StoredMessage, criteria: Criteria): boolean {
  const { states, errorCode } = criteria
  if ('payload' in stored) {
    const { recipient, payload: { caller, campaign, metadata, type, message }, history } = stored
    return hasOrigin({ recipient, caller, campaign, template: templateOf(type, message)?.name, metadata }, criteria) &&
      (states === undefined || states.some(state => !settled.has(state))) &&
      (errorCode === undefined || history.some(({ code }) => code === errorCode))
  }
  return hasOrigin(stored, criteria) &&
    (states === undefined || states.includes(stored.state)) &&
    // A failure, or a message that had one before, has more to read.
    (errorCode === undefined || stored.bouncedWith === errorCode || stored.attempts > 1 || !['sent', 'delivered', 'read'].includes(stored.state))
}
