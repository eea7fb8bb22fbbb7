import type { Level } from 'pino'

/** One line of the log. `npm run docs` writes docs/logs.md from these rows. */
export interface LogRow {
  /** `info`: no action. `warn`: act if it repeats. `error`: act. `fatal`: the process exits. */
  level: Exclude<Level, 'trace'>
  /** Names, separated by spaces; those in brackets are present only where they apply. */
  fields: string
  meaning: string
  /** What the operator does. */
  action: string
}

const NONE = 'None.'
const request = 'requestId method route status durationMs (caller) (code) (id) (requestBytes) (bytes)'
const admission = 'sender id lane outcome caller keySource durationMs (requestId)'
const attempt = 'sender id recipient caller attempt lane outcome code startedAfterMs durationMs lateMs settlement'
const callback = 'sender callback type tries durationMs'

function row (level: LogRow['level'], fields: string, meaning: string, action: string): LogRow {
  return { level, fields, meaning, action }
}

/** Every line that the gateway logs. */
export const logLines = {
  request: row('info', request, 'An HTTP request is complete.', 'None. `status` 499: the caller disconnected before the response.'),
  'request failed': row('error', request, 'The gateway answered with a 5xx status.',
    '`UNAVAILABLE`: check Redis. `OVERLOADED`: add nodes. `SHUTTING_DOWN`: a deployment. `INTERNAL`: see the `unexpected error` beside it.'),
  'probe request': row('debug', 'requestId method route status durationMs (code) (requestBytes) (bytes)',
    'A health probe or a metrics scrape is complete.', NONE),
  'message granted': row('info', admission, 'The caller\'s request sends the message itself.', 'None; the line of its attempt follows.'),
  'message throttled: queued': row('info', `${admission} waitingFor delayMs`, 'The message waits; `waitingFor` has the reason.', NONE),
  'message throttled: refused': row('info', `${admission} code`, 'The message would have to wait, and a limit or the caller forbids it.',
    'Check whether the caller sends too much or a queue does not drain.'),
  'message scheduled': row('info', `${admission} waitingFor delayMs`, 'The message waits for its `scheduledFor` time.', NONE),
  'message duplicate': row('info', admission, 'Idempotent replay: the key and the content are known.', NONE),
  'message rejected: idempotency key reused': row('info', admission, 'The key is known with different content.',
    'Fix the caller: it uses one key for two messages.'),
  'attempt sent': row('info', attempt.replace(' code', ''), 'WhatsApp accepted the message.', NONE),
  'attempt failed: retry scheduled': row('warn', `${attempt} nextRetryAt`, 'The attempt failed and is retried at `nextRetryAt`.',
    'If there are many, look `code` up in [outcomes.md](outcomes.md).'),
  'attempt failed: no retry left': row('warn', attempt, 'The message is `failed`.',
    'Read its history with `GET /messages/:id`, then acknowledge it.'),
  'attempt unknown: held until its retry or end': row('warn', `${attempt} nextRetryAt`, 'The request was written, and no valid response came.',
    'If there are many, check the network path to WhatsApp.'),
  'attempt rate limited: requeued': row('warn', attempt, 'WhatsApp applied a rate limit stricter than the configured one.',
    'Compare the sender\'s rules with its limits at Meta.'),
  'attempt rejected, sender stopped: requeued': row('warn', attempt, 'WhatsApp rejected the sender, not the message.', 'See `sender stopped`.'),
  'attempt not started: requeued': row('warn', attempt, 'No connection in time; nothing was sent.',
    'Check the load of the node and whether WhatsApp is reachable.'),
  'attempt superseded: message already sent': row('info', attempt,
    'A webhook proved an earlier attempt accepted while this one was in flight. The message stays sent.', NONE),
  'stale settlement ignored': row('warn', 'sender id attempt outcome (code) result', 'A node reported an attempt after its lease had expired.',
    'Find out why the node stalled.'),
  'duplicate delivery': row('error', 'sender id attempt outcome (code) result', 'WhatsApp accepted two attempts of the message.',
    'Look for a frozen node, and review `UNKNOWN_OUTCOME`.'),
  'message failed: no retry left': row('warn', 'sender id', 'The outcome stayed unknown, and the message is not sent again.',
    'Acknowledge the failure.'),
  'message cancelled': row('info', 'sender id (reason)', 'Cancelled by a caller; `opted-out`: the recipient refuses marketing.', NONE),
  'message expired': row('warn', 'sender id', 'The message reached the end of its life before it was sent.',
    'Check whether the sender\'s queue drains.'),
  'spacing violated': row('error', 'sender id gapMs intervalMs', 'Two sends to a pair started closer than the rule allows.',
    'Keep the logs, lower the sender\'s rate and report the defect.'),
  'status received by webhook': row('info', 'sender id attempt status result (code)',
    'A webhook reported a status; [`result`](#result-of-a-webhook-status) is its effect.', NONE),
  'duplicate delivery reported by webhook': row('error', 'sender id attempt status result', 'A webhook shows that two attempts were accepted.',
    'See `duplicate delivery`.'),
  'status of unknown message': row('warn', 'sender status', 'No message matched the status within 10 minutes.',
    'None if another gateway uses the number, or if the message is older than its idempotency key.'),
  'parked status dropped: too many': row('warn', 'sender status', '100,000 statuses of unknown messages are parked; the one tried most often left.',
    'None if another gateway uses the number. Otherwise check that its statuses are not posted to this gateway.'),
  'marketing preference received by webhook': row('info', 'sender preference', '`stop` blocks marketing to the recipient; `resume` allows it.', NONE),
  'webhook rejected': row('warn', 'reason', '`signature`: no configured secret matches. `content`: the body is not JSON.',
    '`signature`: check `WHATSAPP_APP_SECRET`; otherwise a third party posts.'),
  'webhook queued for relay': row('debug', 'sender type', 'The outbox holds a webhook change for `CALLBACK_URL`.', NONE),
  'callback delivered': row('debug', callback, 'The receiver answered 2xx.', NONE),
  'callback failed: retry scheduled': row('warn', `${callback} code`, '`code` is the HTTP status or the connection error.',
    'If it repeats, check the receiver of `CALLBACK_URL`.'),
  'callback dead-lettered': row('error', `${callback} code`, 'The receiver never took the change; `:callbacks-dead` keeps the last 1,000.',
    'Read the state with `GET /messages/:id`.'),
  'callbacks dropped: outbox full': row('error', 'sender count', 'More than `CALLBACK_CAP` messages waited for delivery; the oldest were dropped.',
    'Repair the receiver; read missed states with `GET /messages/:id`.'),
  'retry run': row('info', 'total succeeded failed permanentlyFailed deferred by', 'A retry of failures is complete.', NONE),
  'sender stopped': row('error', 'sender code error', 'WhatsApp rejects the sender as a whole.',
    'Fix what `code` names (token, account, payment). The sender resumes after a successful probe, or with `POST /senders/:id/resume`.'),
  'sender active again': row('info', 'sender', 'A probe succeeded, or an operator resumed the sender.', NONE),
  'senders reloaded': row('info', 'total added removed renewed', 'The new list of senders is in use.', NONE),
  'senders reload failed: previous list kept': row('error', 'error', 'The senders file is invalid.', 'Correct the file and send SIGHUP.'),
  'policy reloaded': row('info', 'codes', 'The new `POLICY_FILE` is in use.', NONE),
  'policy reload failed: previous policy kept': row('error', 'error', 'The policy file is invalid.', 'Correct `POLICY_FILE` and send SIGHUP.'),
  'removed sender drained': row('info', 'sender', 'A removed sender has no messages left.', NONE),
  'removed sender forgotten': row('info', 'sender', 'Redis has no data of a removed sender any more.', NONE),
  'failures removed early: too many': row('warn', 'sender failed resolved',
    'A sender had more than 100,000 FAILED or RESOLVED failures; the oldest were removed before `FAILURE_RETENTION_MS`.',
    'Find out why so many fail. Their results can be read until their idempotency window ends; the log has each of them.'),
  'senders with messages not configured on this node': row('warn', 'senders', 'Redis holds messages of senders without a token here.',
    'Add their tokens to a node, or check that another node serves them.'),
  'sender rules missing in Redis: rewritten': row('error', 'sender', 'The data in Redis was lost or deleted.',
    'Find out who emptied Redis: queued messages are lost.'),
  'drain run started': row('debug', 'sender', 'This node starts to send the sender\'s queue.', NONE),
  'drain run ended': row('debug', 'sender sends durationMs', 'No message is due, or another sender has its share.', NONE),
  'recovery: grant of a dead node': row('warn', 'sender (id)', 'The lease of a grant expired.', 'Find out why a node died.'),
  'recovery: grant whose reply was lost': row('warn', 'sender (id)', 'A grant was issued, and its reply did not reach the node.',
    'None once; if it repeats, check Redis.'),
  'recovery: unknown outcome decided': row('warn', 'sender (id)', 'The hold of an unknown outcome ended: retry or failure.',
    'None; a failure has its own line.'),
  'recovery: sender without worker': row('warn', 'sender (id)', 'Messages were due and no drain run was active.',
    'None once; if it repeats, look for dead workers.'),
  'operator action': row('info', 'by action sender subject (detail)', 'An operator changed something by API, console or CLI.',
    'None; `GET /audit` has the list.'),
  'Redis connected': row('info', 'servers', 'The connection to Redis is ready.', NONE),
  'Redis connection error': row('warn', 'error', 'A connection failed or was lost; the client reconnects.', 'If it repeats, check Redis.'),
  'Redis clock stepped': row('warn', 'server stepMs', 'The clock of a Redis server was set; after a step forward senders have a cool-down.',
    'Let NTP slew that clock: see [SluiceRedisClockStepped](runbooks.md#sluiceredisclockstepped).'),
  'log lines dropped: output blocked': row('warn', 'lines', 'The reader of stdout is slow; 16 MiB of lines are buffered at most.',
    'Find out why the reader is slow. Sending does not wait for it.'),
  'unexpected error': row('error', 'location error', 'A defect, or a failure without its own handling.',
    'Report it with `location` and `error.stack`.'),
  'unexpected error: process exits': row('fatal', 'error', 'An uncaught error ended the process.', 'Restart it and report `error.stack`.')
} as const satisfies Record<string, LogRow>

export type LogLine = keyof typeof logLines
