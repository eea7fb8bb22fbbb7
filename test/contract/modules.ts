/**
 * The modules of src/: what each does and may import. architecture.test.ts checks it, and `npm run docs` writes it into CONTRIBUTING.md.
 * An import is a whole module, or one file of it.
 */
export interface Module { does: string, imports: string[] }

/** Imported by every module; these import only each other. */
export const shared = [
  'callers',
  'config',
  'deadlines',
  'error-codes',
  'errors',
  'events',
  'message',
  'outbound',
  'parallel',
  'queues',
  'recipient',
  'redact',
  'redis',
  'sender-facts',
  'sender-registry',
  'senders',
  'settings',
  'signal',
  'template-name'
]

/** Functions without state, which the gateway and the separate programs alike may import. */
export const common = 'values'

/** What the three HTTP interfaces (http, graph, dashboard) may use: of the workers' modules only single operations. */
export const interfaces = [
  'webhooks', 'admission', 'drain/deliver', 'drain/close', 'drain/move', 'settlement/record', 'settlement/inspect', 'settlement/find',
  'settlement/references', 'failure', 'throttle', 'activity', 'templates', 'campaigns', 'bulk'
]

/** In layers: a module imports only modules below it. */
export const modules: Record<string, Module> = {
  graph: {
    does: 'WhatsApp\'s own API, the drop-in surface',
    imports: [
      ...interfaces, 'http/admission-result', 'http/api', 'http/field-errors', 'http/openapi', 'http/operation', 'http/request', 'http/samples',
      'http/schemas/common', 'http/schemas/message', 'http/validate', 'message-types'
    ]
  },
  dashboard: { does: 'shows the messages as a queue in bull-board', imports: [...interfaces, 'http/authenticate', 'http/paths', 'http/problem'] },
  http: { does: 'HTTP API: request to response', imports: [...interfaces, 'erasure', 'message-types'] },
  campaigns: {
    does: 'counts, pauses and resumes the messages of a campaign', imports: ['recovery/release-suspended', 'drain/close']
  },
  bulk: {
    does: 'cancels, retries, moves or acknowledges all messages that match a filter, as a job',
    imports: ['failure/acknowledge', 'failure/match', 'failure/retry', 'drain/close', 'drain/move', 'settlement/record']
  },
  webhooks: {
    does: 'converts Meta\'s webhooks to receipts of messages and stops, or relays them',
    imports: [
      'drain/close', 'settlement', 'templates', 'throttle/opt-outs', 'throttle/sender', 'throttle/ceilings', 'throttle/daily', 'throttle/levels'
    ]
  },
  callbacks: { does: 'posts state changes to your system', imports: ['settlement/record', 'failure/failure'] },
  console: { does: 'serves the console page, which calls the HTTP API', imports: [] },
  admission: { does: 'accepts a message: granted, queued, duplicate or rejected', imports: ['settlement/receipt', 'settlement/record'] },
  activity: { does: 'counts what happens at each sender, by minute, and remembers its newest messages', imports: ['settlement/inspect'] },
  erasure: { does: 'erases a recipient\'s data', imports: ['drain/close', 'drain/deliver', 'settlement'] },
  templates: {
    does: 'reads the statuses of templates, and suspends messages of those that are paused',
    imports: ['recovery/release-suspended', 'drain/close', 'drain/deliver', 'settlement/decide']
  },
  failure: { does: 'retries due failures, lists failures', imports: ['drain/deliver', 'drain/close', 'settlement'] },
  recovery: {
    does: 'takes over grants of dead nodes, housekeeping',
    imports: ['drain/wake', 'drain/close', 'drain/deliver', 'settlement', 'throttle/bulk-hold']
  },
  drain: { does: 'drains a sender: claim, deliver, settle, sleep', imports: ['settlement'] },
  throttle: { does: 'rules and state of senders and pairs', imports: ['settlement/record'] },
  settlement: { does: 'writes each outcome once', imports: [] },
  provider: { does: 'sends one request to WhatsApp and returns one outcome', imports: [] },
  metrics: { does: 'subscribes to events and reads system gauges from Redis; no module imports it', imports: [] },
  cli: { does: '`npx sluice`, one file per group of commands', imports: ['client/index', 'doctor/open'] },
  client: { does: 'the JavaScript client', imports: [] },
  doctor: { does: 'finds and repairs contradictions in what Redis stores', imports: [] },
  sandbox: { does: 'a server that replaces WhatsApp', imports: ['message-types'] },
  'message-types': { does: 'Meta\'s rules for the content of each message type, and its words for a violation', imports: [] },
  values: { does: 'reads times, numbers and JSON, computes delays: functions without state, which every module may import', imports: [] }
}

/** Separate programs: they reach the gateway over HTTP, import of it `values` alone, not even what is shared, and have their own errors. */
export const separate = ['sandbox', 'client', 'cli']

/** What a separate program imports of the gateway all the same. */
export const separateExceptions: Record<string, string> = {
  'cli -> doctor/open': '`npx sluice doctor` reads Redis itself, so that it can check a gateway that does not run',
  'sandbox -> message-types': 'both apply Meta\'s rules for content, and have to agree'
}
