import { SluiceClientError, type ErrorCode } from '../client/index.js'

/** What the program ends with; told in docs/cli.md. */
export const exits = { done: 0, surprise: 1, usage: 2, refused: 3, later: 4, someRefused: 5, interrupted: 130 } as const

/** What passes by itself: the same command can do later what it could not do now. */
const passing: ErrorCode[] = ['UNREACHABLE', 'TIMEOUT', 'UNEXPECTED_ANSWER', 'UNAVAILABLE', 'OVERLOADED', 'SHUTTING_DOWN', 'LIMITED', 'RECIPIENT_QUEUE_FULL', 'BACKLOG_FULL', 'WOULD_EXPIRE', 'INTERNAL']

/** Something that the user has to give otherwise. */
export class UsageError extends Error {}

/** Says on stderr what went wrong and sets the exit code. Nothing of it holds a key. */
export function failWith (error: unknown, asJson: boolean): void {
  process.exitCode = codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  if (!asJson) {
    process.stderr.write(`sluice: ${message}\n${adviceFor(error)}`)
    return
  }
  const { code = error instanceof UsageError ? 'USAGE' : null, field, status, retryAfterMs, problem, idempotencyKey } = error instanceof SluiceClientError ? error : {} as Partial<SluiceClientError>
  process.stderr.write(`${JSON.stringify({ error: { code, message, field, status, retryAfterMs, id: problem?.id, idempotencyKey } })}\n`)
}

function codeOf (error: unknown): number {
  if (error instanceof UsageError) return exits.usage
  if (!(error instanceof SluiceClientError)) return exits.surprise
  return passing.includes(error.code) ? exits.later : exits.refused
}

function adviceFor (error: unknown): string {
  if (!(error instanceof SluiceClientError)) return ''
  switch (error.code) {
    case 'UNAUTHENTICATED': return 'Set SLUICE_API_KEY to a key of the gateway\'s API_KEYS.\n'
    case 'FORBIDDEN': return 'The role of your API key may not do that. send: send, import, and look at or cancel its own. read: look at everything. admin: all of it.\n'
    case 'UNREACHABLE': return 'Is the gateway there? Set SLUICE_URL, or --url, to its address.\n'
    case 'PROVIDER_REJECTED': return `${error.problem?.error?.explanation ?? ''} ${error.problem?.error?.remedy ?? ''}\nIt is kept: sluice status ${error.problem?.id ?? 'ID'}\n`
    default: return error.idempotencyKey === undefined || codeOf(error) !== exits.later ? '' : `To repeat it safely: --idempotency-key ${error.idempotencyKey}\n`
  }
}
