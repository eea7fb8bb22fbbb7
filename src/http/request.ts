import type { Request } from '../admission/admit.js'
import { SluiceError } from '../errors.js'
import type { ApiRoom } from './api.js'
import { acceptingSender } from './api.js'
import type { PostMessage } from './schemas/message.js'

/** What else than the body a request says about its message. */
export interface Manner {
  caller: string
  requestId: string
  /** The header `Idempotency-Key`. */
  key?: string
  /** Never send within the request. */
  async: boolean
}

/** Does `Prefer: respond-async` stand in these headers? */
export function prefersAsync (prefer: string | string[] | undefined): boolean {
  return /(^|[\s,;])respond-async($|[\s,;])/i.test(String(prefer ?? ''))
}

/** A checked body as a request to admission. Throws on what no schema can see. */
export function toRequest (room: ApiRoom, body: PostMessage, manner: Manner): Request {
  const whenLimited = body.whenLimited ?? 'wait'
  if (manner.async && whenLimited === 'reject') {
    throw new SluiceError('INVALID_REQUEST', { detail: 'whenLimited "reject" asks for an immediate send, which a batch and "respond-async" forbid', field: 'whenLimited' })
  }
  const { sender, priority, whenLimited: _, scheduledFor, to, recipient, group, ...rest } = body
  return {
    ...rest,
    ...addressed({ to, recipient, group }),
    sender: acceptingSender(room, sender),
    caller: manner.caller,
    requestId: manner.requestId,
    lane: priority ?? 'normal',
    inline: !manner.async,
    whenLimited,
    ...(manner.key === undefined ? {} : { headerKey: manner.key }),
    ...(scheduledFor === undefined ? {} : { scheduledFor: moment(scheduledFor) })
  }
}

/** The schema lets exactly one of them through. */
function addressed ({ to, recipient, group }: Partial<Record<'to' | 'recipient' | 'group', string | undefined>>): Pick<Request, 'to' | 'addressing'> {
  if (recipient !== undefined) return { to: recipient, addressing: 'user' }
  return group === undefined ? { to: to ?? '' } : { to: group, addressing: 'group' }
}

function moment (given: string | number): number {
  const ms = typeof given === 'number' ? given : Date.parse(given)
  if (!Number.isSafeInteger(ms) || ms > 253_402_300_799_000) {
    throw new SluiceError('INVALID_REQUEST', { detail: 'it is no moment: give ISO 8601 or ms since the epoch', field: 'scheduledFor' })
  }
  return ms
}
