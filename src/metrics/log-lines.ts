import type { Level } from 'pino'

/**
 * Every line that the gateway logs, and its level. What a level asks of an operator is told in docs/logs.md: `info` nothing,
 * `warn` to look if it goes on, `error` to do something, `fatal` to see why the node ended.
 */
export const logLines = {
  request: 'info',
  'request failed': 'error',
  'request of a probe': 'debug',
  'message granted': 'info',
  'message throttled: queued': 'info',
  'message throttled: refused': 'info',
  'message scheduled': 'info',
  'message duplicate': 'info',
  'message refused: its key is another\'s': 'info',
  'attempt sent': 'info',
  'attempt failed: retry scheduled': 'warn',
  'attempt failed: no retry left': 'warn',
  'attempt unknown: held until its retry or end': 'warn',
  'attempt throttled: back in line': 'warn',
  'attempt refused, sender stopped: back in line': 'warn',
  'attempt not started: back in line': 'warn',
  'attempt settled by somebody else': 'warn',
  'message went out twice': 'error',
  'message failed: no retry left': 'warn',
  'message cancelled': 'info',
  'message expired': 'warn',
  'spacing violated': 'error',
  'retry run': 'info',
  'sender stopped': 'error',
  'sender open again': 'info',
  'senders reloaded': 'info',
  'senders not reloaded: all stays as it was': 'error',
  'removed sender has nothing left': 'info',
  'senders hold messages and are not served by this node': 'warn',
  'Redis was emptied: writing the rules of the sender again': 'error',
  'shift started': 'debug',
  'shift ended': 'debug',
  'recovery: grant of a dead node': 'warn',
  'recovery: grant whose reply was lost': 'warn',
  'recovery: unknown outcome decided': 'warn',
  'recovery: sender that nobody attended': 'warn',
  'operator acted': 'info',
  'Redis connected': 'info',
  'Redis trouble': 'warn',
  fault: 'error',
  'unexpected error: the node ends': 'fatal'
} as const satisfies Record<string, Level>

export type LogLine = keyof typeof logLines
