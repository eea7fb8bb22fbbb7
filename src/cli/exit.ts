import { SluiceClientError, type ErrorCode, type Problem } from '../client/index.js'

/** Exit codes of the program. */
export const exits = { done: 0, unexpected: 1, usage: 2, rejected: 3, transient: 4, rowsRejected: 5, interrupted: 130 } as const

/** What each exit code means, for `--help` and docs/cli.md. */
export const exitMeanings: Record<(typeof exits)[keyof typeof exits], string> = {
  0: 'done',
  1: 'unexpected error: please report it',
  2: 'wrong usage: a command, an option, or a file that cannot be understood; nothing was sent',
  3: 'rejected; the code says why, and a repeat has the same result',
  4: 'temporary: the gateway is unavailable or busy, or the message would have to wait (`--reject`); repeat it later',
  5: 'the import or its dry run is complete, and some rows were rejected',
  130: 'an import was interrupted: run the same command again'
}

/** Exit codes of `doctor` alone. */
export const doctorExits = { clean: 0, found: 1, unable: 2 } as const

/** Transient errors: the same command may succeed later. */
const transient: ErrorCode[] = [
  'UNREACHABLE', 'TIMEOUT', 'UNEXPECTED_RESPONSE', 'UNAVAILABLE', 'OVERLOADED', 'SHUTTING_DOWN', 'LIMITED', 'RECIPIENT_QUEUE_FULL',
  'CALLER_RATE_LIMITED', 'BACKLOG_FULL', 'CALLER_BACKLOG_FULL', 'WOULD_EXPIRE', 'INTERNAL'
]

/** A mistake in the command: an argument, an option or a file. */
export class UsageError extends Error {}

/** Prints an error on stderr and sets the exit code. The output never contains an API key. */
export function failWith (error: unknown, asJson: boolean): void {
  process.exitCode = exitFor(error)
  const message = error instanceof Error ? error.message : String(error)
  const problems = error instanceof SluiceClientError ? error.problem?.errors ?? [] : []
  // The message has the first three only, in one line.
  const text = problems.length === 0 || !(error instanceof SluiceClientError) ? message : `${error.code}: ${error.problem?.title ?? ''}`
  const list = problems.map(problem => `  ${describeProblem(problem)}\n`).join('')
  process.stderr.write(asJson ? `${JSON.stringify({ error: detailsOf(error, message) })}\n` : `sluice: ${text}\n${list}${adviceFor(error)}`)
}

/** One problem of a request: the field, what is wrong, what was written, and what to do. */
export function describeProblem ({ field, detail, value, allowed, hint }: NonNullable<Problem['errors']>[number]): string {
  const written = value === undefined ? '' : `, not ${JSON.stringify(value)}`
  // The detail names allowed values, but not the known fields.
  const names = detail === UNKNOWN && allowed !== undefined ? `; known are ${allowed.join(', ')}` : ''
  return `${field === '' ? '' : `${field}: `}${detail}${written}${names}${hint === undefined ? '' : ` (${hint})`}`
}

const UNKNOWN = 'unknown field'

function exitFor (error: unknown): number {
  if (error instanceof UsageError) return exits.usage
  if (!(error instanceof SluiceClientError)) return exits.unexpected
  return transient.includes(error.code) ? exits.transient : exits.rejected
}

function detailsOf (error: unknown, message: string): object {
  if (!(error instanceof SluiceClientError)) return { code: error instanceof UsageError ? 'USAGE' : null, message }
  const { code, field, status, retryAfterMs, problem, idempotencyKey } = error
  return { code, message, field, errors: problem?.errors, status, retryAfterMs, id: problem?.id, idempotencyKey }
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
      return idempotencyKey === undefined || exitFor(error) !== exits.transient ? '' : `To repeat it safely: --idempotency-key ${idempotencyKey}\n`
  }
}
