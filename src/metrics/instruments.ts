import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What a node counts of its own doing; queries sum these over the nodes. docs/metrics.md is this list, word for word. */
export type Instruments = ReturnType<typeof createInstruments>

/** Upper bounds of buckets, seconds. */
const redisTimes = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25]
const requestTimes = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15]
const latenesses = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60]
const lags = [0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200]

/** A set of its own for each node, so that several can live in one process. */
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
    requests: counter('http_requests_total', 'HTTP requests answered', ['method', 'route', 'status']),
    requestDuration: histogram('http_request_duration_seconds', 'From the first line of an HTTP request to the end of its answer', requestTimes, ['route']),
    admitted: counter('messages_admitted_total', 'Messages asked for, and what became of each', ['sender', 'outcome', 'lane']),
    refusals: counter('refusals_total', 'Messages refused, and why', ['sender', 'code']),
    duplicates: counter('duplicates_total', 'Messages known already, by where their idempotency key came from', ['sender', 'source']),
    admissionDuration: histogram('admission_duration_seconds', 'The one script call that accepts a message', redisTimes),
    settled: counter('messages_settled_total', 'Messages that ended, and how', ['sender', 'outcome']),
    providerRequests: counter('provider_requests_total', 'Attempts to send, and what each came to', ['sender', 'outcome', 'code']),
    providerDuration: histogram('provider_request_duration_seconds', 'From the start of a request to WhatsApp to its outcome', requestTimes, ['outcome']),
    lateness: histogram('dispatch_lateness_seconds', 'From the moment a message might go to the start of its request', latenesses, ['lane']),
    violations: counter('pair_spacing_violations_total', 'Sends that started closer to one recipient than the rule allows', ['sender']),
    unknownOutcomes: counter('unknown_outcomes_total', 'Attempts that nobody knows the outcome of', ['sender']),
    doubleSends: counter('double_sends_total', 'Successes of an attempt after another had been settled or begun', ['sender']),
    senderStops: counter('sender_stops_total', 'How often WhatsApp refused a sender as such', ['sender', 'code']),
    retryRuns: counter('retry_runs_total', 'Finished runs of the retry worker'),
    retryResults: counter('retry_results_total', 'Failures that were tried again together, and what became of each', ['result']),
    recoveries: counter('recoveries_total', 'What recovery found and put right', ['sender', 'what']),
    operatorActs: counter('operator_acts_total', 'Operator actions', ['action']),
    faults: counter('faults_total', 'Surprises, by where they came up', ['where']),
    scriptDuration: histogram('redis_script_duration_seconds', 'Lua scripts as this node sees them, with the way there and back', redisTimes, ['script']),
    scriptErrors: counter('redis_script_errors_total', 'Lua scripts that were refused or not answered in time', ['script']),
    webhookStatuses: counter('webhook_statuses_total', 'Statuses of messages that WhatsApp told by webhook, and what became of each', ['sender', 'told', 'became']),
    webhooksRefused: counter('webhooks_refused_total', 'Webhooks turned away, and why', ['why']),
    webhookLag: histogram('webhook_lag_seconds', 'From the moment a status tells to its arrival here', lags),
    callbacks: counter('callbacks_total', 'Callbacks posted, and what became of each', ['result']),
    callbackDuration: histogram('callback_duration_seconds', 'From the start of a callback to the head of its answer, or its end', requestTimes),
    relayed: counter('webhooks_relayed_total', 'Changes that webhooks brought and that are relayed as callbacks', ['sender', 'type']),
    shifts: gauge('shifts_running', 'Senders that this node attends'),
    buildInfo: gauge('build_info', 'Always 1: version and role of this node, and its name in Redis', ['version', 'role', 'node']),
    sandbox: gauge('sandbox', '1 if the sandbox stands in for WhatsApp'),
    redisUp: gauge('redis_up', '1 if Redis answered this node\'s last reading'),
    scrapeDuration: gauge('scrape_duration_seconds', 'The last reading of Redis for the gauges of the whole system'),
    scrapeFailed: gauge('scrape_failed', '1 if that reading failed, and those gauges are left out'),
  }
}
