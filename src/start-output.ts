import type { Config } from './config.js'
import { SluiceError } from './errors.js'
import type { Log } from './metrics/log.js'
import { createLog, describeError } from './metrics/log.js'
import type { Preflight } from './provider/preflight.js'
import { problemsOf } from './settings/problems.js'

/** What a node reports of itself: sentences for a developer, and in production lines of the log, so that stdout is JSON only. */
export interface StartOutput {
  /** The log of this node, once its settings are read. */
  use: (log: Log) => void
  redis: (url: string, dir: string) => void
  sandbox: (url: string) => void
  started: (config: Config, url: string) => void
  /** A setting or a state that is probably not meant. */
  note: (text: string) => void
  /** What WhatsApp said of the senders. */
  checked: (result: Preflight, sandbox: boolean) => void
  stopping: (signal: string) => void
  /** The reason why the process exits; also before the settings are read. */
  failed: (error: unknown) => void
}

export function createStartOutput (isProduction: boolean): StartOutput {
  return isProduction ? createLines() : createSentences()
}

function createLines (): StartOutput {
  let write = createLog('info').writeLine
  return {
    use (log) { write = log.writeLine },
    redis: (url, dir) => write('embedded Redis started', { url, dir }),
    sandbox: url => write('sandbox started', { url }),
    started: ({ ROLE: role, senders, sandbox }, url) => write('gateway started', { url, role, senders: senders.length, sandbox }),
    note: note => write('start check', { note }),
    checked ({ findings, checked, skipped, durationMs }) {
      for (const { result, ...fields } of findings) write(result === 'failed' ? 'sender check failed' : 'sender check warning', fields)
      if (skipped > 0) write('start check', { note: skippedNote(skipped) })
      else if (findings.length === 0) write('senders checked', { senders: checked, durationMs })
    },
    stopping: signal => write('shutting down', { signal }),
    failed (error) {
      const { message, stack, ...fields } = describeError(error)
      const isKnown = error instanceof SluiceError && error.code !== 'INTERNAL'
      const problems = isKnown && error.code === 'CONFIG_INVALID' ? { problems: problemsOf(error).map(({ detail }) => detail) } : {}
      // Whatever LOG_LEVEL is: the process would end without a reason. No code has checked what the message of an unexpected error quotes.
      const reason = isKnown ? { message } : { stack }
      createLog('fatal').writeLine('start failed: process exits', { error: { ...fields, ...reason }, ...problems })
    }
  }
}

function skippedNote (skipped: number): string {
  return `${skipped} senders were not checked at WhatsApp: there was no time left`
}

function createSentences (): StartOutput {
  const print = (line: string): void => { process.stdout.write(`${line}\n`) }
  return {
    use: () => {},
    redis: (url, dir) => print(`Redis     ${url}  (embedded, data in ${dir})`),
    sandbox: url => print(`Sandbox   ${url}  (replaces WhatsApp: nothing is really sent)`),
    started (config, url) {
      if (config.ROLE !== 'api') {
        const rates = `one message per ${config.WHATSAPP_RATE_LIMIT_MS} ms and recipient, ${config.WHATSAPP_SENDER_RATE_PER_SECOND} per second in all`
        print(`Worker    ${rates}; retry worker every ${config.WHATSAPP_RETRY_INTERVAL_MS / 1000} s`)
      }
      if (config.senders.length > 1) {
        print(`Senders   ${config.senders.length}, default ${config.senders[0]?.id ?? ''}  (${config.WHATSAPP_SENDERS_FILE}; SIGHUP reloads it)`)
      }
      print(`Gateway   ${url}  (${config.ROLE}${config.API_KEYS.length === 0 ? ', open to this machine: no API_KEYS' : ''})`)
      if (config.ROLE === 'worker') return
      print(`Console   ${url}/console  (why a message has not arrived; the queue: ${url}/admin/queues)`)
      const auth = config.API_KEYS.length === 0 ? '' : " -H 'authorization: Bearer <key>'"
      print(`Try       curl -s ${url}/api/v1/messages${auth} -H 'content-type: application/json' -d '{"to":"+15550101234","message":"Hello"}'`)
    },
    note: text => print(`Note      ${text}`),
    checked ({ findings, checked, skipped }, sandbox) {
      for (const { sender, code, note } of findings) print(`Note      sender ${sender}${code === null ? '' : ` (code ${code})`}: ${note}`)
      if (skipped > 0) print(`Note      ${skippedNote(skipped)}`)
      else if (findings.length === 0 && !sandbox) print(`Checked   ${checked} sender${checked === 1 ? '' : 's'}: WhatsApp accepts token and number`)
    },
    stopping: signal => print(`${signal}: shutting down`),
    failed (error) {
      const known = error instanceof SluiceError && error.code !== 'INTERNAL'
      process.stderr.write(`${known ? `${error.code}: ${error.message}` : String(error instanceof Error ? error.stack : error)}\n`)
    }
  }
}
