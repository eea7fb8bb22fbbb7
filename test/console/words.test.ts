/** The console's texts: every state, wait reason and outcome of the API has one. */
import t from 'tap'
import { waitingForMeanings, states } from '../../src/http/schemas/message.js'

/** JavaScript modules of the page, which the compiler does not check. */
const page = async (name: string): Promise<any> => await import(String(new URL(`../../src/console/page/${name}.js`, import.meta.url)))
const { explainStatus } = await page('explain-status')
const { historyOf } = await page('history')
const words = await page('words')

const at = (second: number): string => `2026-01-31T09:30:${String(second).padStart(2, '0')}.000Z`
const error = { code: '131000', message: 'Something went wrong', explanation: 'Meta had an error.', remedy: 'Nothing.' }
const message = {
  id: 'x',
  status: 'queued',
  sender: '111',
  createdAt: at(0),
  settledAt: null,
  expiresAt: at(59),
  attemptCount: 0,
  deliveredAt: null,
  readAt: null,
  attempts: [],
  expectedAt: at(5),
  nextRetryAt: at(40),
  position: 1,
  waitingFor: 'pair-rate'
}
const sender = {
  id: '111',
  state: 'active',
  reason: null,
  resumesAt: null,
  rules: { pairIntervalMs: 2000, pairBurst: 1, perSecond: 80, maxInFlight: 500 }
}
const text = (parts: Array<string | { at: string }>): string => parts.map(part => (typeof part === 'string' ? part : part.at)).join('')
const attempt = (number: number, outcome: string, second: number): object => ({
  attempt: number,
  at: at(second),
  durationMs: 20,
  outcome,
  code: '131000',
  error: 'Oh'
})

await t.test('each state has a word, a tone, a title and advice', async t => {
  for (const status of Object.keys(states)) {
    t.type(words.states[status], 'string', status)
    const { tone, title, advice } = explainStatus(
      { ...message, status, settledAt: at(2), error, deliveredAt: at(3), readAt: at(4) },
      sender,
      undefined
    )
    t.equal(tone, words.tones[status])
    t.match(text(title), /^[A-Z].+\.$/, status)
    t.match(text(advice), /\w/, status)
  }
  t.strictSame(Object.keys(words.states).sort(), Object.keys(states).sort(), 'and there are no others')
})

await t.test('each wait reason has its own text', async t => {
  const texts = Object.keys(waitingForMeanings).map(
    waitingFor =>
      text(explainStatus({ ...message, waitingFor }, sender, undefined).reason) +
      text(explainStatus({ ...message, waitingFor }, sender, undefined).title)
  )
  t.equal(new Set(texts).size, texts.length)
  t.match(texts[0], 'one message per person in 2 seconds')
  t.match(
    text(
      explainStatus(
        { ...message, waitingFor: 'pause', expectedAt: null },
        { ...sender, state: 'paused', reason: 'maria', resumesAt: at(30) },
        undefined
      ).reason
    ),
    'paused by maria'
  )
  t.match(
    explainStatus(
      { ...message, waitingFor: 'sender-stopped', expectedAt: null },
      { ...sender, state: 'stopped', reason: '190' },
      { explanation: 'The token has expired.', remedy: 'Create another.' }
    ),
    { reason: ['The token has expired.'], advice: ['Create another.'] }
  )
})

await t.test('each outcome of an attempt has words', async t => {
  const outcomes = ['sent', 'retryable', 'limited', 'rejected', 'sender-stopped', 'unsent', 'unknown']
  for (const outcome of outcomes) t.notMatch(historyOf({ ...message, attempts: [attempt(1, outcome, 1)] })[1].title, `: ${outcome}$`)
})

await t.test('the history is in order of time, followed by what comes next', async t => {
  const titles = (more: object): string[] => historyOf({ ...message, ...more }).map(({ title }: { title: string }) => title.replace(/:.*/, ''))
  t.strictSame(
    titles({
      status: 'retrying',
      attempts: [attempt(1, 'retryable', 1), attempt(2, 'retryable', 10)],
      acknowledgedAt: at(5),
      acknowledgedBy: 'maria'
    }),
    ['Accepted by the gateway', 'Attempt 1', 'Acknowledged by maria', 'Attempt 2', 'Attempt 1 starts', 'Expires if still waiting']
  )
  t.strictSame(
    titles({
      status: 'read',
      settledAt: at(2),
      attemptCount: 2,
      attempts: [attempt(1, 'retryable', 1)],
      deliveredAt: at(1),
      readAt: at(3),
      expiresAt: null
    }),
    ['Accepted by the gateway', 'Attempt 1', 'Attempt 2', 'Delivered to the phone', 'Read'],
    "WhatsApp's clock may lag"
  )
  t.strictSame(
    titles({
      status: 'failed',
      settledAt: at(1),
      attemptCount: 1,
      attempts: [attempt(1, 'rejected', 1)],
      acknowledgedAt: at(9),
      acknowledgedBy: 'maria',
      expiresAt: null
    }),
    ['Accepted by the gateway', 'Attempt 1', 'Failed', 'Acknowledged by maria']
  )
  t.match(titles({ waitingFor: 'sender-stopped', expectedAt: null }), ['Accepted by the gateway', 'Waits until its sender is active'])
})

await t.test('an error is explained with what to do', async t => {
  for (const error of [
    { status: 0, code: '' },
    { status: 503, code: 'SHUTTING_DOWN' },
    { status: 503, code: 'UNAVAILABLE' },
    { status: 401, code: 'UNAUTHENTICATED' },
    { status: 502, code: '', title: '', message: 'HTTP 502' }
  ]) {
    const [what] = words.explainError({ title: '', message: '', ...error })
    t.match(what, /^[A-Z][^<]+\.$/)
  }
})
