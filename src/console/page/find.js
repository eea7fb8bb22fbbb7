import { post } from './api.js'
import { h, show, theirs } from './dom.js'
import { badge, brief, choice, messageLink, table } from './parts.js'
import { distance, span, when } from './time.js'
import { waitReason } from './words.js'

const ID = /^[\w-]{1,64}\.[\w-]{22}\.[0-9a-f]{8,14}$/
const NUMBER = /^\+?[\d\s().-]+$/
const USER_OR_GROUP = /^([A-Z]{2}\.[A-Za-z0-9.]+|group:.+)$/
const STORAGE_KEY = 'sluice-order-names'
const LIMIT = 50

const kinds = [
  ['auto', 'detect'],
  ['recipient', 'phone number'],
  ['order', 'order number'],
  ['id', 'message id'],
  ['idempotencyKey', 'idempotency key'],
  ['providerMessageId', "WhatsApp's id"]
]

/** The last search, for the way back. It is not part of the URL: URLs may be logged. */
const last = { text: '', kind: 'auto', sender: '', shown: [] }

/** Finds a message by what a support agent has at hand. */
export async function findView (app, root) {
  const input = h('input', {
    id: 'what',
    type: 'search',
    value: last.text,
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: '600',
    required: true,
    'aria-describedby': 'what-hint'
  })
  const names = h('input', { id: 'names', value: orderNames().join(', '), autocomplete: 'off', spellcheck: 'false' })
  const of = h('input', { id: 'of', value: last.sender, autocomplete: 'off', maxlength: '64' })
  const results = h('section', { id: 'results', 'aria-live': 'polite' }, last.shown)
  const kind = choice('It is a', 'kind', kinds, last.kind, () => {})
  const form = h('form', {
    id: 'find',
    onsubmit: async event => {
      event.preventDefault()
      keepNames(names.value)
      Object.assign(last, { text: input.value.trim(), kind: kind.querySelector('select').value, sender: of.value.trim() })
      if (last.text === '') return
      show(results, h('p', {}, 'Searching…'))
      const found = await app.attempt(async () => await look(app, results))
      if (!found) show(results)
    }
  },
  h('label', { for: 'what' }, 'Phone number, order number or message id'),
  h('div', { class: 'row' }, input, h('button', { type: 'submit', class: 'act' }, 'Find')),
  h('p', { id: 'what-hint', class: 'hint' }, 'A phone number with country code, or the order number.'),
  h('details', {}, h('summary', {}, 'More'), h('p', {}, kind),
    h('p', {}, h('label', { for: 'of' }, 'Sender (empty: all) '), of),
    h('p', {}, h('label', { for: 'names' }, 'Metadata fields that hold an order number'), names)))
  show(root, h('h2', {}, 'Find a message'), form, results)
  input.focus()
  input.select()
}

async function look (app, results) {
  const queries = queriesOf(last.text, last.kind)
  const direct = queries.find(({ id }) => id !== undefined)
  if (direct !== undefined) return app.go(`#message/${encodeURIComponent(direct.id)}`)
  const rejected = []
  const answers = await Promise.all(queries.map(async ({ body }) => {
    try {
      return await search({ ...body, ...(last.sender === '' ? {} : { sender: last.sender }) })
    } catch (error) {
      // With several interpretations some may be invalid.
      if (error.status !== 400) throw error
      rejected.push({ body, error })
      return []
    }
  }))
  const byId = new Map(answers.flat().map(message => [message.id, message]))
  const found = [...byId.values()].sort((a, b) => a.createdAt < b.createdAt ? 1 : -1)
  // A gateway without an index says so. An invalid number is an error only where no other interpretation exists.
  const failure = rejected.find(({ error }) => error.code === 'INVALID_REQUEST') ?? (rejected.length === queries.length ? rejected[0] : undefined)
  if (found.length === 0 && failure !== undefined) throw failure.error
  const person = queries.find(({ body }) => body.recipient !== undefined && !rejected.some(one => one.body === body))?.body.recipient
  const limits = person === undefined ? [] : await limitsOf(app, person, found)
  last.shown = [
    h('p', { class: 'hint' }, `Searched as ${[...new Set(queries.map(({ as }) => as))].join(', ')}.`),
    limits,
    found.length === 0 ? nothing() : list(found, person)
  ]
  show(results, last.shown)
  results.querySelector('a')?.focus()
}

/** The newest messages that match, at most LIMIT. A page may have fewer before the end of the list. */
async function search (body) {
  const found = []
  let cursor = ''
  do {
    const page = await post('/messages/find', { ...body, limit: LIMIT - found.length, ...(cursor === '' ? {} : { cursor }) })
    found.push(...page.messages)
    cursor = page.nextCursor
  } while (cursor !== null && found.length < LIMIT)
  return found
}

/** The queries that a text may mean: several with `detect`. */
function queriesOf (text, kind) {
  const orders = (text.includes(':') ? [text] : orderNames().map(name => `${name}:${text}`)).map(tag => ({ as: 'order number', body: { tag } }))
  const one = {
    recipient: [{ as: 'phone number', body: { recipient: text } }],
    order: orders,
    id: [{ as: 'message id', id: text }],
    idempotencyKey: [{ as: 'idempotency key', body: { idempotencyKey: text } }],
    providerMessageId: [{ as: "WhatsApp's id", body: { providerMessageId: text } }]
  }
  if (kind !== 'auto') return one[kind]
  if (ID.test(text)) return one.id
  if (text.startsWith('wamid.')) return one.providerMessageId
  const digits = text.replace(/\D/g, '').length
  const isNumber = (NUMBER.test(text) && digits >= 7 && digits <= 15) || USER_OR_GROUP.test(text)
  if (isNumber && text.startsWith('+')) return one.recipient
  return [...(isNumber ? one.recipient : []), ...(text.length <= 512 ? orders : []), ...(/^[\x20-\x7e]{1,256}$/.test(text) ? one.idempotencyKey : [])]
}

function list (found, person) {
  const now = Date.now()
  return [
    h('h3', {}, found.length === 1 ? 'One message' : `${found.length}${found.length === LIMIT ? ' or more' : ''} messages, newest first`),
    table(['State', 'To', 'About', 'Accepted', 'Sender'], found.map(message => h('tr', { 'data-row': true },
      h('td', {}, messageLink(message.id, badge(message.status))),
      h('td', { class: 'to' }, theirs(message.to ?? person ?? '–')),
      h('td', {}, brief(message.metadata)),
      h('td', {}, when(message.createdAt, now), ' ', h('small', {}, distance(new Date(message.createdAt) - now))),
      h('td', {}, message.sender))), { 'aria-label': 'Messages found' })
  ]
}

const nothing = () =>
  h(
    'div',
    { class: 'card wait' },
    h('h3', {}, 'No message found'),
    h('p', {}, 'Search covers some days after a message was accepted (FIND_WITHIN_MS). The list of failures covers 30 days.'),
    h(
      'p',
      {},
      h('strong', {}, 'What to do: '),
      'check the number and its country code. Ask the calling service whether it posted the message, and which response it got.'
    )
  )

/** The wait of a new message to this person, for each sender that has written to them. */
async function limitsOf (app, recipient, found) {
  const senders = [...new Set(found.map(({ sender }) => sender))].slice(0, 5)
  const rows = await app.senders()
  return await Promise.all(
    (senders.length === 0 ? rows.slice(0, 1).map(({ id }) => id) : senders).map(async sender => {
      const limit = await post('/rate-limits/find', { recipient, sender })
      const waiting = limit.waiting.urgent + limit.waiting.normal + limit.waiting.bulk
      const text =
        waiting === 0
          ? 'No message waits for this person'
          : waiting === 1
            ? 'One message waits for this person'
            : `${waiting} messages wait for this person`
      const rules = { ...rows.find(({ id }) => id === sender)?.rules, pairIntervalMs: limit.rule.intervalMs, pairBurst: limit.rule.burst }
      const wait =
        limit.delayMs === 0
          ? 'a new message would be sent immediately'
          : `a new message would wait ${limit.delayMs === null ? 'with no known end' : span(limit.delayMs)}: ${waitReason(limit.waitingFor, rules)}`
      return h('p', { class: 'card plain' }, `${text} with sender ${sender}${limit.sending ? ', one is being sent' : ''}; ${wait}.`)
    })
  )
}

function orderNames () {
  return (localStorage.getItem(STORAGE_KEY) ?? 'orderId, order, orderNumber, order_id')
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '' && !name.includes(':'))
}

function keepNames (text) {
  localStorage.setItem(STORAGE_KEY, text)
}

/** Clears the search before another user signs in. */
export function forgetSearch () {
  Object.assign(last, { text: '', kind: 'auto', sender: '', shown: [] })
}
