import { Console } from 'node:console'
import { hostname } from 'node:os'
import { Writable } from 'node:stream'
import type { DestinationStream, Logger } from 'pino'
import { pino } from 'pino'
import { SluiceError } from '../errors.js'
import { redact } from '../redact.js'
import type { LogLine } from './log-lines.js'
import { logLines } from './log-lines.js'
import { createLogOutput } from './log-output.js'

/** Writes one line, at the level that the table of lines gives it. */
export type WriteLine = (line: LogLine, fields: Record<string, unknown>) => void

/** `writeLine` for the gateway's own lines; the logger is for what libraries log. */
export interface Log extends Logger { writeLine: WriteLine }

/**
 * The gateway's log: lines of JSON with the level as a word and the time in ISO 8601, on stdout by default. What libraries log about
 * requests and errors is reduced to what holds no text, number or key.
 */
export function createLog (level: string, destination?: DestinationStream): Log {
  const base = { pid: process.pid, hostname: hostname() }
  const timestamp = createIsoTime()
  const output = destination ?? createLogOutput(process.stdout, lines => log.writeLine('log lines dropped: output blocked', { lines }))
  const logger: Logger = pino({
    level,
    timestamp,
    base,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError, req: () => undefined, res: () => undefined }
  }, output)
  const context = JSON.stringify(base).slice(1, -1)
  const log: Log = Object.assign(logger, {
    // Hot path, two lines for each message: fields that need no serializer take half of pino's time.
    writeLine (line: LogLine, fields: Record<string, unknown>) {
      const { level } = logLines[line]
      if (!logger.isLevelEnabled(level)) return
      let text = `{"level":"${level}"${timestamp()},${context}`
      for (const name in fields) {
        const value = fields[name]
        if (value !== undefined) text += `,"${name}":${typeof value === 'number' ? rounded(value) : JSON.stringify(value)}`
      }
      output.write(`${text},"msg":"${line}"}\n`)
    }
  })
  return log
}

/** The time of a line, formatted once per ms: a busy node writes several lines in one. */
function createIsoTime (): () => string {
  let formattedMs = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== formattedMs) {
      formattedMs = now
      text = `,"time":"${new Date(now).toISOString()}"`
    }
    return text
  }
}

/** How much of a text that a library prints is logged. */
const PRINTED_CHARS = 2000

/**
 * Logs what Node and libraries print past the log: warnings of the process, and everything that is written with `console`, which ioredis and
 * BullMQ use. `log` returns the log to write to.
 */
export function logPrinted (log: () => Log): void {
  // Node's own listener writes plain text.
  process.removeAllListeners('warning')
  process.on('warning', warning => log().writeLine('warning of Node.js', { error: describeError(warning) }))
  const output = new Writable({
    decodeStrings: false,
    write (text, _encoding, done) {
      log().writeLine('library printed a message', { text: unquoted(String(text).trim()).slice(0, PRINTED_CHARS) })
      done()
    }
  })
  Object.assign(console, new Console(output))
}

/** Logs the error that ends the process. Only our own messages are logged: no code has checked what another one quotes. */
export function logCrash (log: Log, error: unknown): void {
  const { message, ...fields } = describeError(error)
  log.writeLine('unexpected error: process exits', { error: error instanceof SluiceError ? { ...fields, message } : fields })
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

/** One decimal is enough for a reader. JSON has no NaN and no Infinity. */
function rounded (value: number): number | null {
  return Number.isFinite(value) ? Math.round(value * 10) / 10 : null
}
