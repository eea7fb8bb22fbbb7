import { acknowledgeOne, cancelOne, retryOne } from './acts.js'
import { explain, get } from './api.js'
import { h, show, theirs } from './dom.js'
import { badge, button, facts, told } from './parts.js'
import { historyOf } from './story.js'
import { whenAndAgo } from './time.js'
import { judge } from './verdict.js'

/** Looks again as long as something may still happen. */
const AGAIN_MS = 2000
const ends = ['read', 'failed', 'cancelled', 'expired']

/** One message: why the customer has it or has not, what happened to it, and what can be done. */
export async function messageView (app, root, id) {
  let drawn = ''
  const look = async () => {
    const message = await get(`/messages/${encodeURIComponent(id)}`)
    const sender = (await app.senders(['pause', 'sender-stopped'].includes(message.waitingFor))).find(({ id }) => id === message.sender)
    const history = historyOf(message)
    const codes = new Map(await Promise.all([...new Set([...history.map(({ code }) => code), sender?.state === 'stopped' ? sender.reason : undefined])].filter(Boolean).map(async code => [code, await explain(code)])))
    const state = JSON.stringify([message, sender?.state])
    if (state === drawn) return ends.includes(message.status)
    drawn = state
    show(root, draw(app, message, { sender, history, codes }, look))
    return ends.includes(message.status)
  }
  await look()
  app.every(AGAIN_MS, look)
}

function draw (app, message, { sender, history, codes }, look) {
  const verdict = judge(message, sender, codes.get(sender?.reason))
  return [
    h('h2', {}, 'Message ', badge(message.status)),
    h('p', { class: 'hint', id: 'subject' }, subjectOf(message)),
    h('section', { class: `card ${verdict.tone}`, id: 'verdict' },
      h('h3', {}, told(verdict.title)),
      verdict.why.length === 0 ? null : h('p', {}, told(verdict.why)),
      verdict.advice.length === 0 ? null : h('p', {}, h('strong', {}, 'What to do: '), told(verdict.advice)),
      actsOf(app, message, look)),
    h('section', { 'aria-labelledby': 'story' }, h('h3', { id: 'story' }, 'What happened'), h('ol', { class: 'story', id: 'time-line' }, history.map((event, at) => draw1(event, isLastOf(event.code, history, at) ? codes.get(event.code) : undefined)))),
    h('section', {}, h('h3', {}, 'The message'), factsOf(message), contentOf(message.message))
  ]
}

/** For whom it is and what about, so that nobody has to scroll to see that it is the right one. */
function subjectOf ({ to, metadata, createdAt }) {
  const entries = Object.entries(metadata ?? {}).filter(([, value]) => typeof value !== 'object').slice(0, 3)
  return [to === null ? null : ['To ', theirs(to), ' · '], entries.map(([name, value]) => [theirs(`${name}: ${value}`), ' · ']), 'accepted ', whenAndAgo(createdAt)]
}

/** What a code means is told where it came last: a message that meets the same trouble five times does not tell it five times. */
function isLastOf (code, history, at) {
  return code !== undefined && history.findLastIndex(event => event.code === code) === at
}

function draw1 ({ at, tone, title, detail, code, said }, told) {
  return h('li', { class: tone },
    h('p', { class: 'what' }, at === null ? null : h('span', { class: 'at' }, whenAndAgo(at)), h('strong', {}, title), detail === undefined ? null : h('small', {}, ` ${detail}`)),
    told === undefined ? null : h('p', {}, h('span', { class: 'code' }, code), ` ${told.title}. `, told.explanation),
    told === undefined ? null : h('p', {}, h('strong', {}, 'What to do: '), told.remedy),
    said === undefined ? null : h('p', { class: 'said' }, told === undefined && code !== undefined ? [h('span', { class: 'code' }, code), ' '] : null, 'In its own words: ', theirs(said)))
}

function actsOf (app, { id, status }, look) {
  const actions = [
    ['failed', 'retrying'].includes(status) ? button('Retry now', async () => await retryOne(app, id) && await look(), { id: 'retry', class: 'act' }) : null,
    ['failed', 'retrying'].includes(status) ? button('Acknowledge', async () => await acknowledgeOne(app, id) && await look(), { id: 'acknowledge' }) : null,
    ['queued', 'scheduled', 'retrying', 'unknown'].includes(status) ? button('Cancel it', async () => await cancelOne(app, id) && await look(), { id: 'cancel' }) : null
  ].filter(Boolean)
  if (actions.length === 0) return null
  return app.mayAct() ? h('p', { class: 'acts' }, actions) : app.why()
}

function factsOf (message) {
  return facts([
    ['Id', h('code', {}, message.id)],
    ['To', message.to === null ? h('em', {}, 'not kept once it is settled') : theirs(message.to)],
    ['Sender', message.sender],
    ['Accepted', whenAndAgo(message.createdAt)],
    ['Attempts that count', message.attemptCount],
    ['Kind', message.type],
    ['Category', message.category],
    ['Idempotency key', message.idempotencyKey === null ? null : theirs(message.idempotencyKey)],
    ['WhatsApp\'s id', message.providerMessageId === null ? null : h('code', {}, theirs(message.providerMessageId))],
    ['WhatsApp knows the person as', message.waId === undefined ? null : theirs(message.waId)],
    ...Object.entries(message.metadata ?? {}).map(([name, value]) => [theirs(name), theirs(typeof value === 'object' ? JSON.stringify(value) : String(value))])
  ])
}

function contentOf (content) {
  if (content === null) return h('p', { class: 'hint' }, 'Its text is not kept once it is settled.')
  return h('pre', { class: 'content', tabindex: '0', 'aria-label': 'Text of the message' }, theirs(typeof content === 'string' ? content : JSON.stringify(content, null, 2)))
}
