import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Metrics of one node; queries sum them over all nodes. `npm run docs` writes docs/metrics.md from this list. */
export type Instruments = ReturnType<typeof createInstruments>

/** Upper bounds of histogram buckets, in seconds. */
const redisTimes = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25]
const requestTimes = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15]
const latenesses = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60]
const lags = [0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200]

/** One registry per node, so that tests can run several nodes in one process. */
export function createInstruments () {
  const registry = new Registry()
  const registers = [registry]

  function counter<Label extends string> (name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    return new Counter({ name: `sluice_${name}`, help, labelNames, registers })
  }
  function gauge<Label extends string> (name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name: `sluice_${name}`, help, labelNames, registers })
  }
  function histogram<Label extends string> (name: string, help: string, buckets: number[], labelNames: readonly Label[] = []): Histogram<Label> {
    return new Histogram({ name: `sluice_${name}`, help, buckets, labelNames, registers })
  }

  return {
    registry,
    requests: counter('http_requests_total', 'Completed HTTP requests', ['method', 'route', 'status']),
    requestDuration: histogram('http_request_duration_seconds', 'Duration of HTTP requests, to the end of the response, in seconds',
      requestTimes, ['route']),
    admitted: counter('messages_admitted_total', 'Message requests by admission outcome', ['sender', 'outcome', 'lane']),
    rejections: counter('refusals_total', 'Rejected message requests by error code', ['sender', 'code']),
    callerRequests: counter('caller_messages_total', 'Message requests by caller and admission outcome; callers are the names of API keys',
      ['caller', 'outcome']),
    callerLimited: counter('caller_limited_total', 'Messages rejected since their caller posts faster than its rate', ['caller']),
    duplicates: counter('duplicates_total', 'Duplicate message requests by source of the idempotency key', ['sender', 'source']),
    admissionDuration: histogram('admission_duration_seconds', 'Duration of the admission script call, in seconds', redisTimes),
    settled: counter('messages_settled_total', 'Settled messages by final outcome', ['sender', 'outcome']),
    providerRequests: counter('provider_requests_total', 'Send attempts by outcome and error code', ['sender', 'outcome', 'code']),
    providerDuration: histogram('provider_request_duration_seconds', 'Duration of requests to WhatsApp, from start to outcome, in seconds',
      requestTimes, ['outcome']),
    lateness: histogram('dispatch_lateness_seconds', 'Delay from the ready time of a message to the start of its request, in seconds',
      latenesses, ['lane']),
    violations: counter('pair_spacing_violations_total', 'Sends that started closer to the previous send of the pair than the rule allows',
      ['sender']),
    unknownOutcomes: counter('unknown_outcomes_total', 'Send attempts with an unknown outcome', ['sender']),
    doubleSends: counter('double_sends_total', 'Messages of which WhatsApp accepted more than one attempt', ['sender']),
    senderStops: counter('sender_stops_total', 'Sender stops by the error code that caused them', ['sender', 'code']),
    retryRuns: counter('retry_runs_total', 'Completed runs of the retry worker'),
    retryResults: counter('retry_results_total', 'Retried failures by result', ['result']),
    failuresCut: counter('failures_removed_early_total', 'Failures removed before the end of their retention, since a sender had too many, by status',
      ['sender', 'status']),
    recoveries: counter('recoveries_total', 'Repairs by recovery, by kind', ['sender', 'kind']),
    operatorActions: counter('operator_acts_total', 'Operator actions by kind', ['action']),
    unexpectedErrors: counter('faults_total', 'Unexpected errors by location', ['location']),
    scriptDuration: histogram('redis_script_duration_seconds', 'Duration of Lua script calls, network included, in seconds', redisTimes, ['script']),
    clockSteps: counter('redis_clock_steps_total', 'Steps of the clock of a Redis server, as this node saw them', ['direction']),
    scriptErrors: counter('redis_script_errors_total', 'Lua script calls that failed or timed out', ['script']),
    webhookStatuses: counter('webhook_statuses_total', 'Message statuses received by webhook, by status and result', ['sender', 'status', 'result']),
    windowActs: counter('window_acts_total', 'Messages and calls of people, received by webhook, that open a window', ['sender']),
    windowReleases: counter('window_released_total', 'Messages that waited for their recipient to write, and were released', ['sender']),
    windowGaps: counter('window_gaps_total', 'Times that no webhook of a sender came for so long that its windows are unknown', ['sender']),
    replaced: counter('messages_replaced_total', 'Messages that were replaced by their other template, since the window was closed', ['sender']),
    webhooksRejected: counter('webhooks_refused_total', 'Rejected webhook requests by reason', ['reason']),
    webhookLag: histogram('webhook_lag_seconds', 'Delay from the timestamp of a webhook status to its arrival, in seconds', lags),
    callbacks: counter('callbacks_total', 'Callback attempts by result', ['result']),
    callbackDuration: histogram('callback_duration_seconds', 'Duration of callback requests, from start to response headers or failure, in seconds',
      requestTimes),
    relayed: counter('webhooks_relayed_total', 'Webhook changes queued for relay as callbacks, by type', ['sender', 'type']),
    drainRuns: gauge('shifts_running', 'Senders with a drain run on this node'),
    buildInfo: gauge('build_info', 'Version, role and Redis name of this node; always 1', ['version', 'role', 'node']),
    sandbox: gauge('sandbox', '1 if the sandbox replaces WhatsApp, else 0'),
    redisUp: gauge('redis_up', '1 if every Redis server responded to the last reading of this node, else 0'),
    scrapeDuration: gauge('scrape_duration_seconds', 'Duration of the last reading of system gauges from Redis, in seconds'),
    scrapeFailed: gauge('scrape_failed', '1 if the last reading failed and the system gauges are missing, else 0'),
  }
}
