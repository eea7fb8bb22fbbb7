import type { DestinationStream, Logger } from 'pino'
import { pino } from 'pino'
import { SluiceError } from '../errors.js'
import { redact } from '../redact.js'
import type { LogLine } from './log-lines.js'
import { logLines } from './log-lines.js'
import { createLogOutput } from './log-output.js'

/** Writes one line; its level stands in the table of lines. */
export type Tell = (line: LogLine, facts: Record<string, unknown>) => void

/**
 * The gateway's log: lines of JSON with the level as a word and the time in ISO 8601, on stdout unless told otherwise. What
 * libraries log about requests and errors is cut down to what holds no text, number or key.
 */
export function createLog (level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    timestamp: createIsoTime(),
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: toldOf, req: () => undefined, res: () => undefined }
  }
  const log: Logger = pino(options, destination ?? createLogOutput(process.stdout, lines => createTell(log)('log lines dropped: output blocked', { lines })))
  return log
}

/** The time of a line, made once a ms: a busy node writes several lines in one. */
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

export function createTell (log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>): Tell {
  return (line, facts) => log[logLines[line].level](rounded(facts), line)
}

/** Of the error that ends the process no sentence is kept but our own: nobody looked at it first. */
export function tellEnd (log: Logger, error: unknown): void {
  const { message, ...told } = toldOf(error)
  createTell(log)('unexpected error: process exits', { error: error instanceof SluiceError ? { ...told, message } : told })
}

/**
 * Of an error only what is its own. A client's error carries its command, a parser's sentence quotes what it could not read,
 * and so the text or the recipient of a message: what is quoted is cut out, except for names of properties.
 */
export function toldOf (error: unknown): Record<string, unknown> {
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
  const bare = text
    .replace(/(\((?:reading|setting) )?(?<!\w)(["'`])(?:(?!\2(?!\w))[^])*\2?/g, (all, isProperty: string | undefined, quote: string) => isProperty === undefined ? `${quote}…${quote}` : all)
    // Node's sentences about arguments end with what was given.
    .replace(/\bReceived [^]*/, 'Received …')
  return redact(bare, [])
}

/** Fractions of a ms beyond the first digit tell nobody anything. */
function rounded (facts: Record<string, unknown>): Record<string, unknown> {
  const told: Record<string, unknown> = {}
  for (const name in facts) {
    const value = facts[name]
    told[name] = typeof value === 'number' ? Math.round(value * 10) / 10 : value
  }
  return told
}
