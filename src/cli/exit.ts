import { SluiceClientError, type ErrorCode } from '../client/index.js'

/** Exit codes of the program, as documented in docs/cli.md. */
export const exits = { done: 0, unexpected: 1, usage: 2, rejected: 3, transient: 4, rowsRejected: 5, interrupted: 130 } as const

/** Exit codes of `doctor` alone. */
export const doctorExits = { clean: 0, found: 1, unable: 2 } as const

/** Transient errors: the same command may succeed later. */
const transient: ErrorCode[] = [
  'UNREACHABLE', 'TIMEOUT', 'UNEXPECTED_RESPONSE', 'UNAVAILABLE', 'OVERLOADED', 'SHUTTING_DOWN', 'LIMITED', 'RECIPIENT_QUEUE_FULL',
  'BACKLOG_FULL', 'WOULD_EXPIRE', 'INTERNAL'
]

/** A mistake in the command: an argument, an option or a file. */
export class UsageError extends Error {}

/** Prints an error on stderr and sets the exit code. The output never contains an API key. */
export function failWith (error: unknown, asJson: boolean): void {
  process.exitCode = codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(asJson ? `${JSON.stringify({ error: detailsOf(error, message) })}\n` : `sluice: ${message}\n${adviceFor(error)}`)
}

function codeOf (error: unknown): number {
  if (error instanceof UsageError) return exits.usage
  if (!(error instanceof SluiceClientError)) return exits.unexpected
  return transient.includes(error.code) ? exits.transient : exits.rejected
}

function detailsOf (error: unknown, message: string): object {
  if (!(error instanceof SluiceClientError)) return { code: error instanceof UsageError ? 'USAGE' : null, message }
  const { code, field, status, retryAfterMs, problem, idempotencyKey } = error
  return { code, message, field, status, retryAfterMs, id: problem?.id, idempotencyKey }
}

function adviceFor (error: unknown): string {
  if (!(error instanceof SluiceClientError)) return ''
  const { code, problem, idempotencyKey } = error
  switch (code) {
    case 'UNAUTHENTICATED':
      return 'Set SLUICE_API_KEY to one of the gateway\'s API_KEYS.\n'
    case 'FORBIDDEN':
      return 'The role of your API key does not permit this. ' +
        'send: send, import, and see or cancel its own messages; read: see everything; admin: all.\n'
    case 'UNREACHABLE':
      return 'Check that the gateway runs. Set its address with SLUICE_URL or --url.\n'
    case 'PROVIDER_REJECTED':
      return `${problem?.error?.explanation ?? ''} ${problem?.error?.remedy ?? ''}\nDetails: sluice status ${problem?.id ?? 'ID'}\n`
    default:
      return idempotencyKey === undefined || codeOf(error) !== exits.transient ? '' : `To repeat it safely: --idempotency-key ${idempotencyKey}\n`
  }
}
