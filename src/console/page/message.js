import { acknowledgeOne, cancelOne, retryOne } from './actions.js'
import { explain, get } from './api.js'
import { h, show, theirs } from './dom.js'
import { badge, button, facts, phrase } from './parts.js'
import { historyOf } from './history.js'
import { whenAndAgo } from './time.js'
import { explainStatus } from './explain-status.js'

/** Refresh interval while the state may still change. */
const REFRESH_MS = 2000
const ends = ['read', 'failed', 'cancelled', 'expired']

/** One message: whether the customer has it, what happened to it, and what to do. */
export async function messageView (app, root, id) {
  let drawn = ''
  const look = async () => {
    const message = await get(`/messages/${encodeURIComponent(id)}`)
    const sender = (await app.senders(['pause', 'sender-stopped'].includes(message.waitingFor))).find(({ id }) => id === message.sender)
    const history = historyOf(message)
    const codes = new Map(
      await Promise.all(
        [...new Set([...history.map(({ code }) => code), sender?.state === 'stopped' ? sender.reason : undefined])]
          .filter(Boolean)
          .map(async code => [code, await explain(code)])
      )
    )
    const state = JSON.stringify([message, sender?.state])
    if (state === drawn) return ends.includes(message.status)
    drawn = state
    show(root, draw(app, message, { sender, history, codes }, look))
    return ends.includes(message.status)
  }
  await look()
  app.every(REFRESH_MS, look)
}

function draw (app, message, { sender, history, codes }, look) {
  const status = explainStatus(message, sender, codes.get(sender?.reason))
  return [
    h('h2', {}, 'Message ', badge(message.status)),
    h('p', { class: 'hint', id: 'subject' }, subjectOf(message)),
    h('section', { class: `card ${status.tone}`, id: 'status' },
      h('h3', {}, phrase(status.title)),
      status.reason.length === 0 ? null : h('p', {}, phrase(status.reason)),
      status.advice.length === 0 ? null : h('p', {}, h('strong', {}, 'What to do: '), phrase(status.advice)),
      actionsOf(app, message, look)),
    h('section', { 'aria-labelledby': 'history' }, h('h3', { id: 'history' }, 'What happened'), h('ol', { class: 'history', id: 'time-line' },
      history.map((event, at) => entry(event, isLastOf(event.code, history, at) ? codes.get(event.code) : undefined)))),
    h('section', {}, h('h3', {}, 'The message'), factionsOf(message), contentOf(message.message))
  ]
}

/** Recipient and subject at the top, so that the reader sees at once whether it is the right message. */
function subjectOf ({ to, metadata, createdAt }) {
  const entries = Object.entries(metadata ?? {})
    .filter(([, value]) => typeof value !== 'object')
    .slice(0, 3)
  return [
    to === null ? null : ['To ', theirs(to), ' · '],
    entries.map(([name, value]) => [theirs(`${name}: ${value}`), ' · ']),
    'accepted ',
    whenAndAgo(createdAt)
  ]
}

/** A code is explained at its last occurrence only. */
function isLastOf (code, history, at) {
  return code !== undefined && history.findLastIndex(event => event.code === code) === at
}

function entry ({ at, tone, title, detail, code, original }, explained) {
  return h(
    'li',
    { class: tone },
    h(
      'p',
      { class: 'what' },
      at === null ? null : h('span', { class: 'at' }, whenAndAgo(at)),
      h('strong', {}, title),
      detail === undefined ? null : h('small', {}, ` ${detail}`)
    ),
    explained === undefined ? null : h('p', {}, h('span', { class: 'code' }, code), ` ${explained.title}. `, explained.explanation),
    explained === undefined ? null : h('p', {}, h('strong', {}, 'What to do: '), explained.remedy),
    original === undefined
      ? null
      : h(
        'p',
        { class: 'original' },
        explained === undefined && code !== undefined ? [h('span', { class: 'code' }, code), ' '] : null,
        'Original text: ',
        theirs(original)
      )
  )
}

function actionsOf (app, { id, status }, look) {
  const actions = [
    ['failed', 'retrying'].includes(status)
      ? button('Retry now', async () => (await retryOne(app, id)) && (await look()), { id: 'retry', class: 'act' })
      : null,
    ['failed', 'retrying'].includes(status)
      ? button('Acknowledge', async () => (await acknowledgeOne(app, id)) && (await look()), { id: 'acknowledge' })
      : null,
    ['queued', 'scheduled', 'retrying', 'unknown'].includes(status)
      ? button('Cancel', async () => (await cancelOne(app, id)) && (await look()), { id: 'cancel' })
      : null
  ].filter(Boolean)
  if (actions.length === 0) return null
  return app.mayAct() ? h('p', { class: 'acts' }, actions) : app.readOnlyHint()
}

function factionsOf (message) {
  return facts([
    ['Id', h('code', {}, message.id)],
    ['To', message.to === null ? h('em', {}, 'not kept after the message is settled') : theirs(message.to)],
    ['Sender', message.sender],
    ['Accepted', whenAndAgo(message.createdAt)],
    ['Attempts', message.attemptCount],
    ['Type', message.type],
    ['Category', message.category],
    ['Idempotency key', message.idempotencyKey === null ? null : theirs(message.idempotencyKey)],
    ['WhatsApp\'s id', message.providerMessageId === null ? null : h('code', {}, theirs(message.providerMessageId))],
    ['WhatsApp knows the person as', message.waId === undefined ? null : theirs(message.waId)],
    ...Object.entries(message.metadata ?? {}).map(([name, value]) => [
      theirs(name),
      theirs(typeof value === 'object' ? JSON.stringify(value) : String(value))
    ])
  ])
}

function contentOf (content) {
  if (content === null) return h('p', { class: 'hint' }, 'The text is not kept after the message is settled.')
  return h(
    'pre',
    { class: 'content', tabindex: '0', 'aria-label': 'Text of the message' },
    theirs(typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  )
}
