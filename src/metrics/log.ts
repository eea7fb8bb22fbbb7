import type { DestinationStream, Logger } from 'pino'
import { pino } from 'pino'
import { SluiceError } from '../errors.js'
import { redact } from '../redact.js'
import type { LogLine } from './log-lines.js'
import { logLines } from './log-lines.js'
import { createLogOutput } from './log-output.js'

/** Writes one line, at the level that the table of lines gives it. */
export type WriteLine = (line: LogLine, fields: Record<string, unknown>) => void

/**
 * The gateway's log: lines of JSON with the level as a word and the time in ISO 8601, on stdout by default. What libraries log about
 * requests and errors is reduced to what holds no text, number or key.
 */
export function createLog (level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    timestamp: createIsoTime(),
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError, req: () => undefined, res: () => undefined }
  }
  const reportDropped = (lines: number): void => createLineWriter(log)('log lines dropped: output blocked', { lines })
  const log: Logger = pino(options, destination ?? createLogOutput(process.stdout, reportDropped))
  return log
}

/** The time of a line, formatted once per ms: a busy node writes several lines in one. */
function createIsoTime (): () => string {
  let at = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== at) {
      at = now
      text = `,"time":"${new Date(now).toISOString()}"`
    }
    return text
  }
}

export function createLineWriter (log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>): WriteLine {
  return (line, fields) => log[logLines[line].level](rounded(fields), line)
}

/** Logs the error that ends the process. Only our own messages are logged: no code has checked what another one quotes. */
export function logCrash (log: Logger, error: unknown): void {
  const { message, ...fields } = describeError(error)
  createLineWriter(log)('unexpected error: process exits', { error: error instanceof SluiceError ? { ...fields, message } : fields })
}

/**
 * The type, code, message and stack of an error. Other properties are left out: a client's error carries its command. A parser's message
 * quotes what it could not read. Both may hold the text or recipient of a message, so quotations are removed, except names of properties.
 */
export function describeError (error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: unquoted(String(error)) }
  const frames = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line)).map(line => line.trim())
  return {
    type: error.name,
    ...('code' in error ? { code: error.code } : {}),
    message: error instanceof SluiceError ? error.message : unquoted(error.message),
    ...(frames.length === 0 ? {} : { stack: frames.join('\n') })
  }
}

function unquoted (text: string): string {
  const quotation = /(\((?:reading|setting) )?(?<!\w)(["'`])(?:(?!\2(?!\w))[^])*\2?/g
  const bare = text
    .replace(quotation, (all, property: string | undefined, quote: string) => property === undefined ? `${quote}…${quote}` : all)
    // Node's messages about arguments end with the argument.
    .replace(/\bReceived [^]*/, 'Received …')
  return redact(bare, [])
}

/** One decimal is enough for a reader. */
function rounded (fields: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const name in fields) {
    const value = fields[name]
    result[name] = typeof value === 'number' ? Math.round(value * 10) / 10 : value
  }
  return result
}
