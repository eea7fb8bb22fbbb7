/** The console's texts: every state, wait reason and outcome of the API has one, in each language. */
import t from 'tap'
import { waitingForMeanings, states } from '../../src/http/schemas/message.js'
import { read } from '../contract/tree.js'
import type { Document } from '../http/document.js'

/** JavaScript modules of the page, which the compiler does not check. */
const page = async (name: string): Promise<any> => await import(String(new URL(`../../src/console/page/${name}.js`, import.meta.url)))
const { explainStatus, replyFor } = await page('explain-status')
const { historyOf } = await page('history')
const { explainError } = await page('errors')
const { inWords } = await page('audit-words')
const { waitReason, states: icons } = await page('states')
const { phone, span, age, percent, aboutOf, briefOf, pausedBy } = await page('format')
const { meaningsOf } = await page('search')
const { axisTop, figuresOf } = await page('rates')
const { dailyNote, dailyRule, dailyText, isDailyReached } = await page('daily')
const { t: text, setLanguage } = await page('i18n')
const dictionaries: Record<string, Record<string, string>> = {
  en: (await page('text-en')).en, es: (await page('text-es')).es, pt: (await page('text-pt')).pt
}
setLanguage('en')

const at = (second: number): string => `2026-01-31T09:30:${String(second).padStart(2, '0')}.000Z`
const error = { code: '131000', message: 'Something went wrong', explanation: 'Meta had an error.', remedy: 'Nothing.' }
const message = {
  id: 'x',
  status: 'queued',
  sender: '111',
  caller: 'shop',
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
  queued: 30,
  circuit: { state: 'closed', since: null, nextProbeAt: null, code: null },
  rate: { perSecond: 80, reason: 'rule', rejectedAt: null, nextRiseAt: null, ceiling: null },
  rules: { pairIntervalMs: 2000, pairBurst: 1, perSecond: 80, maxInFlight: 500 }
}
const attempt = (number: number, outcome: string, second: number): object => ({
  attempt: number, at: at(second), durationMs: 20, outcome, code: '131000', error: 'Oh'
})
const explained = (more: object, of: object = sender, codes = {}): string => {
  const { say, lines } = explainStatus({ ...message, ...more }, of, codes)
  return [say, ...lines].join(' ')
}

await t.test('each state has a word, an icon, and says what happened', async t => {
  for (const status of Object.keys(states)) {
    t.notMatch(text(`state.${status}`), /\./, status)
    t.match(explainStatus({ ...message, status, settledAt: at(2), error, deliveredAt: at(3), readAt: at(4) }, sender).say, /^[A-Z].+\.$/, status)
  }
  t.strictSame(Object.keys(icons).sort(), Object.keys(states).sort(), 'and there are no others')
})

await t.test('each wait reason has its own text, and one that the page does not know is named', async t => {
  const texts = Object.keys(waitingForMeanings).map(waitingFor => explained({ waitingFor, expectedAt: null }))
  t.equal(new Set(texts).size, texts.length)
  for (const reason of Object.keys(waitingForMeanings)) t.type(dictionaries['en']?.[`wait.${reason}`], 'string', reason)
  t.match(explained({}), 'one message per person in 2')
  t.equal(waitReason('quiet-hours', sender), 'quiet hours')
  const paused = { ...sender, state: 'paused', reason: 'maria: new list', resumesAt: at(30) }
  t.match(explained({ waitingFor: 'pause' }, paused), 'paused by maria (new list)')
  const stop = { explanation: 'The token has expired.', remedy: 'Create another.' }
  const stopped = { ...sender, state: 'stopped', reason: '190' }
  t.match(explained({ waitingFor: 'sender-stopped' }, stopped, { stop }), /The token has expired\. Create another\./)
})

await t.test('a rate below the rule is explained with both and the moment of the rejection', async t => {
  const slower = { ...sender, rate: { perSecond: 19.4, reason: 'rejected', rejectedAt: at(2), nextRiseAt: at(32), ceiling: null } }
  const wait = { waitingFor: 'sender-rate' }
  t.match(explained(wait, slower), /at its limit of 19 messages per second.* 19 of 80 per s: WhatsApp rejected faster sending at [^.]*09:30\. /)
  t.notMatch(explained({}, slower), 'rejected')
  t.match(explained(wait), 'at its limit of 80')
  const bound = (level: string, perSecond: number): object => ({ perSecond, reason: 'ceiling', ceiling: { perSecond, level, since: at(1) } })
  t.match(explained(wait, { ...sender, rate: bound('COEXISTENCE', 20) }), '20 of 80 per s: the number is also used in the WhatsApp Business app.')
  t.match(explained(wait, { ...sender, rate: bound('STANDARD', 60) }), '60 of 80 per s: WhatsApp allows this number 60 per second.')
  t.notMatch(explained(wait), 'rejected')
  for (const language of Object.values(dictionaries)) t.match(language['rate.rejected'], /\{now\}.*\{rule\}.*\{time\}/)
})

await t.test('a cancellation is explained by its cause', async t => {
  const end = { status: 'cancelled', settledAt: at(2) }
  t.match(explained({ ...end, cancelledFor: 'campaign', campaign: 'sale' }), /with its campaign\..*cancelled the campaign sale\./)
  t.match(explained({ ...end, cancelledFor: 'opted-out' }), 'opted out of marketing')
  t.match(explained(end), 'before it was sent')
})

await t.test('an outage is explained with the next probe, and its end as an ordinary wait', async t => {
  const wait = { waitingFor: 'outage', expectedAt: null }
  t.match(explained(wait, { ...sender, circuit: { state: 'open', nextProbeAt: at(1) } }), /WhatsApp is down\..* The next probe goes at /)
  t.match(explained(wait, { ...sender, circuit: { state: 'half-open' } }), 'in stages')
})

await t.test('each action of the audit trail has words', async t => {
  const { components } = JSON.parse(read('docs/openapi.json')) as Document
  const { action } = (components.schemas['AuditEntry'] as { properties: Record<string, { enum: string[] }> }).properties
  t.ok((action?.enum.length ?? 0) > 20)
  for (const name of action?.enum ?? []) t.match(dictionaries['en']?.[`act.${name}`], /^[a-z]+ .+/, name)
})

await t.test('what the audit trail notes as pairs is shown in words, and a note as it was written', async t => {
  t.equal(inWords('sender=111 state=queued campaign=spring-sale tag=order'), 'sender: 111, state: queued, campaign: spring-sale, tag: order')
  t.match(inWords('priority=bulk scheduledFor=2026-01-31T09:30:00.000Z'), /^lane: bulk, not before: .*\d\d:30$/)
  t.equal(inWords('priority=urgent scheduledFor=now'), 'lane: urgent, as soon as the limits allow')
  t.equal(inWords('errorCode=131026 acknowledged=false'), 'code: 131026, acknowledged: no')
  t.equal(inWords('customers called, see note=7'), 'customers called, see note=7')
  t.equal(inWords('3600000 ms; new price list').replace('\u00a0', ' '), '1 h; new price list')
  // A filter or a move of the API whose names have no words would be shown as code.
  const { components } = JSON.parse(read('docs/openapi.json')) as Document
  interface Properties { properties: Record<string, Properties> }
  const { StartJob, MoveMessage, PutCampaign } = components.schemas as Record<string, Properties>
  const names = [StartJob?.properties['filter'], MoveMessage, PutCampaign].flatMap(one => Object.keys(one?.properties ?? {}))
  t.ok(names.length > 12)
  for (const name of names) t.type(dictionaries['en']?.[`pair.${name}`], 'string', name)
})

await t.test('each outcome of an attempt has words', async t => {
  const outcomes = ['sent', 'retryable', 'limited', 'rejected', 'sender-stopped', 'unsent', 'unknown']
  for (const outcome of outcomes) t.notMatch(historyOf({ ...message, attempts: [attempt(1, outcome, 1)] })[1].title, `: ${outcome}$`)
})

await t.test('the history is in order of time, with waits between, each fact once, followed by what comes next', async t => {
  const titles = (more: object): string[] => historyOf({ ...message, ...more })
    .map(({ title }: { title: string }) => title.replace(/:.*/, '').replace(/waited.*/, 'waited'))
  t.strictSame(titles({
    status: 'retrying',
    attempts: [attempt(1, 'retryable', 1), attempt(2, 'retryable', 10)],
    attemptCount: 2,
    acknowledgedAt: at(5),
    acknowledgedBy: 'maria'
  }), ['Accepted from shop', 'Attempt 1', 'Acknowledged by maria', 'waited', 'Attempt 2', 'Attempt 3 starts', 'Expires if still waiting'])
  t.strictSame(titles({
    status: 'read', settledAt: at(2), attemptCount: 2, attempts: [attempt(1, 'retryable', 1)], deliveredAt: at(1), readAt: at(3), expiresAt: null
  }), ['Accepted from shop', 'Attempt 1', 'waited', 'Attempt 2', 'Delivered to the phone', 'Read'], "WhatsApp's clock may lag")
  t.strictSame(titles({ status: 'sent', settledAt: at(9), attemptCount: 3, attempts: [attempt(3, 'sent', 9)], expiresAt: null }),
    ['Accepted from shop', 'waited', 'Attempt 3'], 'an acceptance that is in the history stands there once')
  const end = { settledAt: at(1), attemptCount: 1, acknowledgedAt: at(9), acknowledgedBy: 'maria', expiresAt: null }
  t.strictSame(titles({ ...end, status: 'failed', attempts: [attempt(1, 'rejected', 1)] }), [
    'Accepted from shop', 'Attempt 1', 'Acknowledged by maria'
  ])
  t.match(titles({ waitingFor: 'sender-stopped', expectedAt: null }), ['Accepted from shop', 'Waits until its sender is active'])
  t.match(titles({ waitingFor: 'campaign-paused', expectedAt: null }), ['Accepted from shop', 'Waits without a known end'])
})

await t.test('an error is explained with what to do, and with each problem of the request', async t => {
  for (const error of [
    { status: 0, code: '' }, { status: 503, code: 'SHUTTING_DOWN' }, { status: 503, code: 'UNAVAILABLE' }, { status: 401, code: 'UNAUTHENTICATED' },
    { status: 502, code: '', title: '', message: 'HTTP 502' }
  ]) t.match(explainError({ title: '', message: '', ...error })[0], /^[A-Z][^<]+\.$/)
  const errors = [{ field: 'perSecond', detail: 'must be at most 1000', value: 5000, allowed: ['1 to 1000'], hint: 'Choose a smaller one' }]
  t.same(explainError({ status: 400, code: 'INVALID_REQUEST', title: 'Invalid request', message: 'x', errors }), [
    'Invalid request.', 'perSecond: must be at most 1000. Sent: 5000. Allowed: 1 to 1000. Choose a smaller one.'
  ])
})

await t.test('the three languages have the same texts with the same values', async t => {
  const values = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([value]) => value).sort()
  const { en = {}, ...others } = dictionaries
  for (const [name, texts] of Object.entries(others)) {
    t.same(Object.keys(texts).filter(key => en[key] === undefined), [], `${name} has no text of its own`)
    t.same(Object.keys(en).filter(key => texts[key] === undefined), [], `${name} lacks no text`)
    for (const [key, text] of Object.entries(texts)) t.same(values(text), values(en[key] ?? ''), `${name} ${key}`)
  }
  t.match(replyFor('failed', '5521999990041'), /Não|não/, 'a customer is answered in the language of the number')
  t.match(replyFor('failed', '34911234567'), /No /)
  t.match(replyFor('failed', '15550000001'), /could not/)
})

await t.test('numbers, times and spans are written for people', async t => {
  const plain = (text: string): string => text.replaceAll('\u00a0', ' ')
  t.equal(plain(phone('+5521999990041')), '+55 21 99999-0041')
  t.equal(plain(phone('15550104711')), '+1 555-010-4711')
  t.same(['4915112345678', '5215512345678', '34611222333', '4471234567', '9712345678901'].map(number => plain(phone(number))), [
    '+49 151 1234 5678', '+52 155 1234 5678', '+34 611 222 333', '+44 7123 4567', '+971 234 567 8901'
  ], 'no group of one or two digits')
  t.equal(plain(phone('group:abc')), 'group:abc')
  t.same([212, 900, 1500, 200_000, 86_400_000, 93_600_000].map(ms => plain(span(ms))), ['212 ms', '900 ms', '1.5 s', '3 min 20 s', '1 d', '1 d 2 h'])
  t.same([0, 59_000, 3_599_000, 7_300_000].map(ms => plain(age(ms))), ['0 s', '59 s', '59 min', '2 h'])
  t.same(['maria: new list.', 'maria', null].map(pausedBy), ['maria (new list)', 'maria', '–'])
  t.same([0, 0.004, 0.12, 1].map(share => plain(percent(share))), ['0 %', '0.4 %', '12 %', '100 %'])
  t.same([618 / 621, 0.9999, 1 / 100_000, 0.001].map(share => plain(percent(share))), ['99.5 %', '99.9 %', '< 0.1 %', '0.1 %'])
  t.equal(aboutOf({ shop: 'Lisbon', orderId: 'A-1' }), 'A-1')
  t.match(briefOf({ name: 'winter_sale', language: { code: 'pt_BR' } }, null), { icon: 'template', text: 'winter_sale' })
})

await t.test('a search recognises what it was given', async t => {
  const kinds = (text: string): string[] => [...new Set<string>(meaningsOf(text).map(({ as }: { as: string }) => as))]
  t.same(kinds('+1 (556) 213-1000'), ['recipient'])
  t.same(kinds('15562131000'), ['recipient', 'order', 'idempotencyKey'])
  t.same(kinds('A-4711'), ['order', 'idempotencyKey'])
  t.same(kinds('wamid.abc'), ['providerMessageId'])
  t.same(kinds('111.4irZRaAe6s0W5-inPSZlX8.1a228f882bb'), ['id'])
})

await t.test('the figures of a sender follow from its minutes', async t => {
  const minutes = (value: number): number[] => Array.from({ length: 60 }, () => value)
  const own = { minutes: { sent: minutes(60), attempts: minutes(60), failing: minutes(15) } }
  const figures = figuresOf(sender, own, 60_000 * 100 + 30_000)
  t.match(figures, { perMinute: 60, failing: 0.25, attempts: 600 })
  t.ok(figures.perSecond >= 1 && figures.emptyInMs <= 30_000 && figures.emptyInMs > 10_000)
  t.equal(figuresOf({ ...sender, state: 'paused' }, own).emptyInMs, null, 'no end is known')
  t.equal(figuresOf({ ...sender, queued: 0 }, own).emptyInMs, 0)
  t.same([[0, 4800], [61, 4800], [1300, 4800], [4800, 4800], [120_001, 60_000], [100, 6]].map(([most, allowed]) => axisTop(most, allowed)),
    [10, 100, 5000, 5000, 200_000, 100], 'the scale of the chart ends above what was sent, and above a rule that is near')
})

await t.test('a daily limit says what sets it, what waits, and what to do', async t => {
  const daily = { limit: 250, reason: 'whatsapp', used: 250, free: 0, people: 2, waiting: 3, freeAt: at(0), portfolio: null }
  const of = (more: object): object => ({ daily: { ...daily, ...more } })
  const reasons = ['own', 'whatsapp', 'portfolio', 'ramp']
  t.equal(new Set(reasons.map(reason => dailyText(of({ reason })).advice)).size, reasons.length)
  t.equal(new Set([...reasons, 'none'].map(reason => dailyRule(of({ reason, portfolio: 'acme' })))).size, reasons.length + 1)
  t.match(dailyRule(of({ reason: 'portfolio', portfolio: 'acme' })), 'portfolio acme')
  t.match(dailyText(of({})).waits, /^3 messages wait\. The first person counts no longer at /)
  t.equal(dailyText(of({ freeAt: null })).waits, '3 messages wait. Replies go on.')
  t.match(dailyNote(of({})), /of 250 people, until /)
  t.equal(dailyNote(of({ used: 10, free: 240 })), 'of 250 people in 24 h')
  t.same([of({}), of({ free: 1 }), of({ limit: null, free: null }), of({ limit: 0, used: 0, waiting: 0 }), { daily: null }].map(isDailyReached),
    [true, false, false, false, false])
})
