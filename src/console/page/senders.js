import { explain, get, post } from './api.js'
import { confirm } from './confirm.js'
import { h, show } from './dom.js'
import { button, choice, facts } from './parts.js'
import { span, whenAndAgo } from './time.js'

const REFRESH_MS = 5000
/** A longer list is unreadable; the others are found by id. */
const SHOWN = 50
const lengths = [['', 'until resumed'], ['900000', 'for 15 minutes'], ['3600000', 'for an hour'], ['86400000', 'for a day']]

/** The senders: backlog, rate limits, pause and resume. */
export async function sendersView (app, root) {
  let drawn = ''
  let wanted = ''
  const list = h('div', { id: 'senders' })
  const look = async () => {
    const [senders, worker] = await Promise.all([app.senders(true), get('/workers/retry')])
    const fitting = senders.filter(({ id }) => id.includes(wanted)).sort((a, b) => (a.state === 'active') - (b.state === 'active'))
    const codes = new Map(
      await Promise.all(
        fitting
          .filter(({ state, reason }) => state === 'stopped' && reason !== null)
          .slice(0, SHOWN)
          .map(async ({ reason }) => [reason, await explain(reason)])
      )
    )
    const state = JSON.stringify([fitting, worker.isRunning])
    if (state === drawn) return
    drawn = state
    show(
      list,
      worker.isRunning
        ? null
        : h(
          'p',
          { class: 'card bad' },
            `The retry worker is stopped${worker.stoppedBy === null ? '' : ` by ${worker.stoppedBy}`}: failures are not retried automatically.`
        ),
      fitting.slice(0, SHOWN).map(sender => card(app, sender, codes.get(sender.reason), look)),
      fitting.length > SHOWN ? h('p', {}, `${fitting.length - SHOWN} more: filter by id above.`) : null)
  }
  const search = h('input', {
    id: 'sender-id',
    type: 'search',
    autocomplete: 'off',
    oninput: event => {
      wanted = event.target.value.trim()
      app.attempt(look)
    }
  })
  show(root, h('h2', {}, 'Senders'), h('p', {}, h('label', { for: 'sender-id' }, 'Part of the id '), search), list)
  await look()
  // Each refresh reads all senders, so a long list is refreshed by hand.
  if ((await app.senders()).length <= SHOWN) app.every(REFRESH_MS, look)
  else root.append(button('Refresh', () => app.attempt(look), { id: 'look' }))
}

function card (app, sender, stop, look) {
  const { id, state, rules, queued, due, inFlight, scheduled, unknown, failures, sentLast24h, oldestDueSeconds } = sender
  const actions = [
    state === 'active'
      ? button('Pause', async () => (await pause(app, id)) && (await look()), { id: `pause-${id}`, 'aria-label': `Pause sender ${id}` })
      : button('Resume', async () => (await resume(app, sender)) && (await look()), {
        id: `resume-${id}`,
        class: 'act',
        'aria-label': `Resume sender ${id}`
      })
  ]
  return h('section', { class: `card ${state === 'active' ? 'good' : 'bad'}`, 'data-sender': id },
    h('h3', {}, id, ' ', h('span', { class: `badge ${state === 'active' ? 'good' : 'bad'}` }, state)),
    h('p', {}, sentence(sender, stop)),
    stop === undefined ? null : h('p', {}, h('strong', {}, 'What to do: '), stop.remedy),
    app.mayAct() ? h('p', { class: 'acts' }, actions) : null,
    facts([
      ['Queued', queued], ['Ready now', due], ['In flight', inFlight], ['Scheduled', scheduled], ['Retry scheduled', failures.pending],
      ['Outcome unknown', unknown], ['Failed', failures.failed], ['Sent in 24 h', sentLast24h],
      ['Longest overdue', span(oldestDueSeconds * 1000)],
      [
        'Rules',
        `one message per person in ${span(rules.pairIntervalMs)}${rules.pairBurst > 1 ? `, burst ${rules.pairBurst}` : ''}; ` +
          `${rules.perSecond}/s; ${rules.maxInFlight} in flight`
      ]
    ])
  )
}

function sentence ({ state, reason, resumesAt, queued }, stop) {
  if (state === 'active') return queued === 0 ? 'Sending; the queue is empty.' : `Sending; ${messages(queued)} queued.`
  const end = resumesAt === null ? ' until resumed.' : [state === 'paused' ? ' until ' : '. Next probe at ', whenAndAgo(resumesAt), '.']
  if (state === 'paused') return [`Paused${reason === null ? '' : ` by ${reason}`}`, end, ` ${messages(queued)} queued; the order is kept.`]
  return [`WhatsApp rejects all messages of this sender: ${reason ?? ''} ${stop?.title ?? ''}. ${stop?.explanation ?? ''} They stay queued`, end]
}

const messages = count => `${count} message${count === 1 ? '' : 's'}`

async function pause (app, id) {
  const sure = await confirm({
    title: `Pause sender ${id}?`,
    text: ['Its messages stop. New messages are still accepted and queued, and the order is kept.'],
    action: 'Pause',
    fields: [choice('Duration', 'how-long', lengths, '', () => {})].map(label => {
      label.querySelector('select').name = 'forMs'
      return label
    })
  })
  if (sure === null) return false
  return await app.attempt(async () => {
    await post(`/senders/${encodeURIComponent(id)}/pause`, sure.forMs === '' ? {} : { forMs: Number(sure.forMs) })
    app.notify(`Sender ${id} is paused.`, 'good')
  })
}

async function resume (app, { id, state, queued }) {
  const text = state === 'stopped'
    ? ['WhatsApp rejected it. It stops again at once unless the cause is fixed.']
    : [`${messages(queued)} queued, sent within the rate limits.`]
  const sure = await confirm({ title: `Resume sender ${id}?`, text, action: 'Resume' })
  if (sure === null) return false
  return await app.attempt(async () => {
    await post(`/senders/${encodeURIComponent(id)}/resume`)
    app.notify(`Sender ${id} is active.`, 'good')
  })
}
