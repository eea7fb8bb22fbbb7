import { explain, get, post } from './api.js'
import { confirm } from './confirm.js'
import { h, show } from './dom.js'
import { button, choice, facts } from './parts.js'
import { span, whenAndAgo } from './time.js'

const AGAIN_MS = 5000
/** More of them would be no list to read; the others are found by their id. */
const SHOWN = 50
const lengths = [['', 'until somebody resumes it'], ['900000', 'for 15 minutes'], ['3600000', 'for an hour'], ['86400000', 'for a day']]

/** The sending numbers: what waits, what binds, and closing and opening them. */
export async function sendersView (app, root) {
  let drawn = ''
  let wanted = ''
  const list = h('div', { id: 'senders' })
  const look = async () => {
    const [senders, worker] = await Promise.all([app.senders(true), get('/workers/retry')])
    const fitting = senders.filter(({ id }) => id.includes(wanted)).sort((a, b) => (a.state === 'active') - (b.state === 'active'))
    const codes = new Map(await Promise.all(fitting.filter(({ state, reason }) => state === 'stopped' && reason !== null).slice(0, SHOWN).map(async ({ reason }) => [reason, await explain(reason)])))
    const state = JSON.stringify([fitting, worker.isRunning])
    if (state === drawn) return
    drawn = state
    show(list, worker.isRunning ? null : h('p', { class: 'card bad' }, `The retry worker is stopped${worker.stoppedBy === null ? '' : ` by ${worker.stoppedBy}`}: failures are not tried again by themselves.`),
      fitting.slice(0, SHOWN).map(sender => card(app, sender, codes.get(sender.reason), look)),
      fitting.length > SHOWN ? h('p', {}, `${fitting.length - SHOWN} more: write a part of the id above.`) : null)
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
  // All are asked each time, so many are asked by hand.
  if ((await app.senders()).length <= SHOWN) app.every(AGAIN_MS, look)
  else root.append(button('Look again', () => app.attempt(look), { id: 'look' }))
}

function card (app, sender, stop, look) {
  const { id, state, rules, queued, due, inFlight, scheduled, unknown, failures, sentLast24h, oldestDueSeconds } = sender
  const actions = [
    state === 'active'
      ? button('Pause', async () => await pause(app, id) && await look(), { id: `pause-${id}`, 'aria-label': `Pause sender ${id}` })
      : button('Resume', async () => await resume(app, sender) && await look(), { id: `resume-${id}`, class: 'act', 'aria-label': `Resume sender ${id}` })
  ]
  return h('section', { class: `card ${state === 'active' ? 'good' : 'bad'}`, 'data-sender': id },
    h('h3', {}, id, ' ', h('span', { class: `badge ${state === 'active' ? 'good' : 'bad'}` }, state)),
    h('p', {}, sentence(sender, stop)),
    stop === undefined ? null : h('p', {}, h('strong', {}, 'What to do: '), stop.remedy),
    app.mayAct() ? h('p', { class: 'acts' }, actions) : null,
    facts([
      ['Wait in line', queued], ['Of these due now', due], ['Being sent', inFlight], ['Scheduled', scheduled], ['To be tried again', failures.pending], ['Outcome not known', unknown], ['Given up', failures.failed], ['Sent in 24 h', sentLast24h],
      ['Longest overdue', span(oldestDueSeconds * 1000)],
      ['Its rules', `one message per person in ${span(rules.pairIntervalMs)}${rules.pairBurst > 1 ? `, ${rules.pairBurst} ahead of time` : ''}; ${rules.perSecond} a second; ${rules.maxInFlight} at once`]
    ]))
}

function sentence ({ state, reason, resumesAt, queued }, stop) {
  if (state === 'active') return queued === 0 ? 'It sends; nothing waits.' : `It sends; ${waiting(queued, 'waits for its turn', 'wait for their turn')}.`
  const end = resumesAt === null ? ' until somebody resumes it.' : [state === 'paused' ? ' until ' : '; it is tried again at ', whenAndAgo(resumesAt), '.']
  if (state === 'paused') return [`Paused${reason === null ? '' : ` by ${reason}`}`, end, ` ${waiting(queued, 'waits and keeps its place', 'wait and keep their places')}.`]
  return [`WhatsApp refuses all it sends: ${reason ?? ''} ${stop?.title ?? ''}. ${stop?.explanation ?? ''} Its messages wait`, end]
}

const waiting = (count, one, more) => `${count} ${count === 1 ? one : more}`

async function pause (app, id) {
  const sure = await confirm({
    title: `Pause sender ${id}?`,
    text: ['Nothing of it goes. New messages still join their lines, and nothing loses its place.'],
    action: 'Pause',
    fields: [choice('How long', 'how-long', lengths, '', () => {})].map(label => {
      label.querySelector('select').name = 'forMs'
      return label
    })
  })
  if (sure === null) return false
  return await app.attempt(async () => {
    await post(`/senders/${encodeURIComponent(id)}/pause`, sure.forMs === '' ? {} : { forMs: Number(sure.forMs) })
    app.tell(`Sender ${id} is paused.`, 'good')
  })
}

async function resume (app, { id, state, queued }) {
  const text = state === 'stopped'
    ? ['WhatsApp refused it. If the cause is not mended it stops again at once.']
    : [`${waiting(queued, 'waits and goes', 'wait and go')} at the usual pace.`]
  const sure = await confirm({ title: `Resume sender ${id}?`, text, action: 'Resume' })
  if (sure === null) return false
  return await app.attempt(async () => {
    await post(`/senders/${encodeURIComponent(id)}/resume`)
    app.tell(`Sender ${id} is open.`, 'good')
  })
}
