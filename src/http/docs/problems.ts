import type { ErrorCode } from '../../errors.js'
import { errors, SluiceError } from '../../errors.js'
import { problem } from '../problem.js'
import { ref } from '../schemas/common.js'
import { ProblemSchema } from '../schemas/problem.js'
import type { answerHeaders } from './operation.js'
import { describeHeaders } from './operation.js'

/** What each of these shows besides its code. */
const shown: Partial<Record<ErrorCode, ConstructorParameters<typeof SluiceError>[1]>> = {
  INVALID_REQUEST: { detail: 'body to: must NOT have fewer than 1 characters', field: 'to' },
  INVALID_RECIPIENT: { field: 'to' },
  RECIPIENT_IS_USER_ID: { field: 'to' },
  INVALID_KEY: { field: 'Idempotency-Key' },
  NOT_FOUND: { field: 'id' },
  SENDER_UNKNOWN: { field: 'sender' },
  NOT_CANCELLABLE: { detail: 'it is sent', extra: { messageStatus: 'sent' } },
  NOT_SENT_YET: { detail: 'context.message_id: this message is queued; quote it when it is sent', field: 'context.message_id', extra: { messageStatus: 'queued' } },
  IDEMPOTENCY_KEY_REUSED: { field: 'Idempotency-Key', extra: { id: '100000000000001.VQsgTFMDzhvdFY_Ebd4Eqg.1a209feb32a' } },
  PROVIDER_REJECTED: {
    detail: 'Message undeliverable',
    extra: { id: '100000000000001.VQsgTFMDzhvdFY_Ebd4Eqg.1a209feb32a', error: { code: '131026', message: 'Message undeliverable', explanation: 'WhatsApp can not deliver to this number.', remedy: 'Check the number.' } }
  },
  RECIPIENT_OPTED_OUT: { field: 'to' },
  LIMITED: { extra: { waitMs: 1948 } },
  WOULD_EXPIRE: { extra: { waitMs: 90_000_000 } },
  RECIPIENT_QUEUE_FULL: { extra: { waitMs: 2_000_000 } },
  BACKLOG_FULL: { extra: { waitMs: null } }
}

/** Answers that several operations have, word for word, by their name in the document. */
export const sharedResponses: Record<string, ErrorCode[]> = {
  Unauthenticated: ['UNAUTHENTICATED'],
  Forbidden: ['FORBIDDEN'],
  TooLarge: ['TOO_LARGE'],
  Internal: ['INTERNAL'],
  Unavailable: ['UNAVAILABLE', 'OVERLOADED', 'SHUTTING_DOWN']
}

/** The document's answers for these codes, one for each HTTP status; those that are shared by reference. */
export function problemResponses (codes: ErrorCode[]): Record<string, object> {
  const statuses = [...new Set(codes.map(code => errors[code][0]))].sort((a, b) => a - b)
  return Object.fromEntries(statuses.map(status => {
    const own = codes.filter(code => errors[code][0] === status)
    const shared = Object.entries(sharedResponses).find(([, theirs]) => own.length === theirs.length && own.every(code => theirs.includes(code)))
    return [String(status), shared === undefined ? problemResponse(own) : { $ref: `#/components/responses/${shared[0]}` }]
  }))
}

/** One answer that can have any of these codes. */
export function problemResponse (codes: ErrorCode[]): object {
  const headers = headersOf(codes.map(code => errors[code][0]))
  return {
    description: codes.map(code => `\`${code}\`: ${errors[code][1]}`).join('. '),
    headers: describeHeaders(headers),
    content: {
      'application/problem+json': {
        schema: ref(ProblemSchema),
        examples: Object.fromEntries(codes.map(code => [code, { value: problem(new SluiceError(code, shown[code])) }]))
      }
    }
  }
}

/** Admission answers 422 and 429, and names the pair's rule with them. */
function headersOf (statuses: number[]): Array<keyof typeof answerHeaders> {
  return [
    ...(statuses.some(status => status === 429 || status === 503) ? ['Retry-After' as const] : []),
    ...(statuses.some(status => status === 422 || status === 429) ? ['RateLimit' as const, 'RateLimit-Policy' as const] : [])
  ]
}
