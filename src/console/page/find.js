import { post } from './api.js'
import { h, show, theirs } from './dom.js'
import { badge, brief, choice, messageLink, table } from './parts.js'
import { distance, span, when } from './time.js'
import { bound } from './words.js'

const ID = /^[\w-]{1,64}\.[\w-]{22}\.[0-9a-f]{8,14}$/
const NUMBER = /^\+?[\d\s().-]+$/
const USER_OR_GROUP = /^([A-Z]{2}\.[A-Za-z0-9.]+|group:.+)$/
const NAMES_KEPT_AS = 'sluice-order-names'
const LIMIT = 50

const kinds = [['auto', 'work it out'], ['recipient', 'phone number'], ['order', 'order number'], ['id', 'message id'], ['idempotencyKey', 'idempotency key'], ['providerMessageId', 'WhatsApp\'s id']]

/** What was looked for last, so that a way back finds it again. It stands in no address: an address may be logged. */
const last = { text: '', kind: 'auto', sender: '', shown: [] }

/** Finding a message by what a support desk has in hand. */
export async function findView (app, root) {
  const input = h('input', { id: 'what', type: 'search', value: last.text, autocomplete: 'off', spellcheck: 'false', maxlength: '600', required: true, 'aria-describedby': 'what-hint' })
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
      show(results, h('p', {}, 'Looking…'))
      const found = await app.attempt(async () => await look(app, results))
      if (!found) show(results)
    }
  },
  h('label', { for: 'what' }, 'Phone number, order number or message id'),
  h('div', { class: 'row' }, input, h('button', { type: 'submit', class: 'act' }, 'Find')),
  h('p', { id: 'what-hint', class: 'hint' }, 'A number with its country code, as the customer or the order has it.'),
  h('details', {}, h('summary', {}, 'More'), h('p', {}, kind),
    h('p', {}, h('label', { for: 'of' }, 'Sender; all of them if empty '), of),
    h('p', {}, h('label', { for: 'names' }, 'Metadata names that hold an order number'), names)))
  show(root, h('h2', {}, 'Find a message'), form, results)
  input.focus()
  input.select()
}

async function look (app, results) {
  const asked = readingsOf(last.text, last.kind)
  const direct = asked.find(({ id }) => id !== undefined)
  if (direct !== undefined) return app.go(`#message/${encodeURIComponent(direct.id)}`)
  const refused = []
  const answers = await Promise.all(asked.map(async ({ body }) => {
    try {
      return (await post('/messages/find', { ...body, limit: LIMIT, ...(last.sender === '' ? {} : { sender: last.sender }) })).messages
    } catch (trouble) {
      // Of several readings some may make no sense.
      if (trouble.status !== 400) throw trouble
      refused.push({ body, trouble })
      return []
    }
  }))
  const byId = new Map(answers.flat().map(message => [message.id, message]))
  const found = [...byId.values()].sort((a, b) => a.createdAt < b.createdAt ? 1 : -1)
  // A gateway without an index says so; that a text is no number matters only where it could be nothing else.
  const why = refused.find(({ trouble }) => trouble.code === 'INVALID_REQUEST') ?? (refused.length === asked.length ? refused[0] : undefined)
  if (found.length === 0 && why !== undefined) throw why.trouble
  const person = asked.find(({ body }) => body.recipient !== undefined && !refused.some(one => one.body === body))?.body.recipient
  const pace = person === undefined ? [] : await paceOf(app, person, found)
  last.shown = [h('p', { class: 'hint' }, `Looked for as ${[...new Set(asked.map(({ as }) => as))].join(', ')}.`), pace, found.length === 0 ? nothing() : list(found, person)]
  show(results, last.shown)
  results.querySelector('a')?.focus()
}

/** What a text may be: with `work it out` several at once. */
function readingsOf (text, kind) {
  const orders = (text.includes(':') ? [text] : orderNames().map(name => `${name}:${text}`)).map(tag => ({ as: 'order number', body: { tag } }))
  const one = { recipient: [{ as: 'phone number', body: { recipient: text } }], order: orders, id: [{ as: 'message id', id: text }], idempotencyKey: [{ as: 'idempotency key', body: { idempotencyKey: text } }], providerMessageId: [{ as: 'WhatsApp\'s id', body: { providerMessageId: text } }] }
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

const nothing = () => h('div', { class: 'card wait' }, h('h3', {}, 'Nothing was found'),
  h('p', {}, 'Messages are found for some days after they were accepted (FIND_WITHIN_MS), and failures for a month in the list of failures.'),
  h('p', {}, h('strong', {}, 'What to do: '), 'check the number and its country code; ask the calling service whether it posted the message at all, and what it was answered.'))

/** What would bind a message to this person now, for each sender that has written to them. */
async function paceOf (app, recipient, found) {
  const senders = [...new Set(found.map(({ sender }) => sender))].slice(0, 5)
  const rows = await app.senders()
  return await Promise.all((senders.length === 0 ? rows.slice(0, 1).map(({ id }) => id) : senders).map(async sender => {
    const pace = await post('/rate-limits/find', { recipient, sender })
    const waiting = pace.waiting.urgent + pace.waiting.normal + pace.waiting.bulk
    const line = waiting === 0 ? 'Nothing waits for this person' : waiting === 1 ? 'One message waits for this person' : `${waiting} messages wait for this person`
    const rules = { ...rows.find(({ id }) => id === sender)?.rules, pairIntervalMs: pace.rule.intervalMs, pairBurst: pace.rule.burst }
    const binds = pace.delayMs === 0 ? 'a new one would go at once' : `a new one would wait ${pace.delayMs === null ? 'without a known end' : span(pace.delayMs)}: ${bound(pace.waitingFor, rules)}`
    return h('p', { class: 'card plain' }, `${line} with sender ${sender}${pace.sending ? ', one is being sent' : ''}; ${binds}.`)
  }))
}

function orderNames () {
  return (localStorage.getItem(NAMES_KEPT_AS) ?? 'orderId, order, orderNumber, order_id').split(',').map(name => name.trim()).filter(name => name !== '' && !name.includes(':'))
}

function keepNames (text) {
  localStorage.setItem(NAMES_KEPT_AS, text)
}

/** Forgets what one reader looked for before the next one comes. */
export function forgetSearch () {
  Object.assign(last, { text: '', kind: 'auto', sender: '', shown: [] })
}
