import { acknowledgeAll, acknowledgeOne, retryAll, retryOne } from './acts.js'
import { get } from './api.js'
import { h, show, theirs } from './dom.js'
import { brief, button, choice, messageLink, table } from './parts.js'
import { distance, when } from './time.js'

const PAGE = 50
const statuses = [['FAILED', 'given up'], ['PENDING', 'will be tried again'], ['RESOLVED', 'sent by a retry'], ['', 'all']]
const words = { FAILED: 'given up', PENDING: 'will be tried again', RESOLVED: 'sent by a retry' }
const counts = { FAILED: ['failed'], PENDING: ['pending'], RESOLVED: ['resolved'], '': ['failed', 'pending', 'resolved'] }

/** What the list shows; kept for a way back. */
const filter = { status: 'FAILED', sender: '', code: '', seen: 'no' }

/** What WhatsApp did not take: filtered, acknowledged and retried, one or all that are listed. */
export async function failuresView (app, root) {
  let loaded = []
  let left = []
  const senders = await app.senders(true)
  const region = h('div', { id: 'failures' })
  const look = async () => {
    loaded = []
    left = senders.filter(({ id, failures }) => (filter.sender === '' || filter.sender === id) && counts[filter.status].some(name => failures[name] > 0)).map(({ id }) => ({ sender: id, cursor: null }))
    await more()
  }
  const more = async () => {
    const goal = loaded.length + PAGE
    while (left.length > 0 && loaded.length < goal) {
      const [{ sender, cursor }] = left
      const query = new URLSearchParams({ sender, limit: PAGE, ...(filter.status === '' ? {} : { status: filter.status }), ...(cursor === null ? {} : { cursor }) })
      const page = await get(`/failures?${query}`)
      loaded.push(...page.failures)
      if (page.nextCursor === null) left.shift()
      else left[0].cursor = page.nextCursor
    }
    draw()
  }
  const change = name => async event => {
    filter[name] = event.target.value
    if (name === 'status' || name === 'sender') {
      filter.code = ''
      await app.attempt(look)
    } else draw()
  }
  const action = work => async () => {
    if (await work()) {
      // The counts tell which senders have failures at all.
      for (const row of await app.senders(true)) Object.assign(senders.find(({ id }) => id === row.id) ?? {}, row)
      await app.attempt(look)
    }
  }
  function draw () {
    const listed = loaded.filter(failure => (filter.code === '' || failure.errorCode === filter.code) && (filter.seen === '' || (failure.acknowledgedAt !== null) === (filter.seen === 'yes')))
    const codes = [...new Set(loaded.map(({ errorCode }) => errorCode).filter(Boolean))].sort((one, other) => one.localeCompare(other))
    if (filter.code !== '' && !codes.includes(filter.code)) codes.push(filter.code)
    const open = listed.filter(({ status }) => status !== 'RESOLVED').map(({ id }) => id)
    const unseen = listed.filter(({ status, acknowledgedAt }) => status !== 'RESOLVED' && acknowledgedAt === null).map(({ id }) => id)
    show(region,
      h('form', { class: 'row', onsubmit: event => event.preventDefault() },
        choice('Show', 'status', statuses, filter.status, change('status')),
        choice('Code', 'code', [['', 'any'], ...codes.map(code => [code, `${code} (${loaded.filter(({ errorCode }) => errorCode === code).length})`])], filter.code, change('code')),
        choice('Acknowledged', 'seen', [['no', 'not yet'], ['yes', 'yes'], ['', 'either']], filter.seen, change('seen')),
        choice('Sender', 'sender', [['', 'all'], ...senders.map(({ id }) => [id, id])], filter.sender, change('sender'))),
      h('p', { id: 'count' }, `${listed.length} listed${left.length > 0 ? ', and there are more' : ''}.`),
      app.mayAct()
        ? h('p', { class: 'acts' },
          button(`Retry all ${open.length} listed`, audit(async () => await retryAll(app, open)), { id: 'retry-all', disabled: open.length === 0 }),
          button(`Acknowledge all ${unseen.length} listed`, audit(async () => await acknowledgeAll(app, unseen)), { id: 'acknowledge-all', disabled: unseen.length === 0 }))
        : app.why(),
      listed.length === 0 ? h('p', { class: 'card good' }, 'No failure fits.') : table(['State', 'To', 'About', 'Why', 'When', app.mayAct() ? 'Actions' : 'Seen'], listed.map(failure => row(app, failure, action)), { 'aria-label': 'Failures' }),
      left.length > 0 ? button('Show more', () => app.attempt(more), { id: 'more' }) : null)
  }
  show(root, h('h2', {}, 'Failures'), region)
  await look()
}

function row (app, failure, action) {
  const { id, status, phoneNumber, metadata, errorCode, explanation, remedy, attemptCount, nextRetryAt, updatedAt, acknowledgedBy } = failure
  const now = Date.now()
  const seen = acknowledgedBy === null ? null : h('small', {}, `seen by ${acknowledgedBy}`)
  return h('tr', { 'data-row': true, 'data-id': id },
    h('td', {}, messageLink(id, h('span', { class: `badge ${status === 'RESOLVED' ? 'good' : status === 'PENDING' ? 'wait' : 'bad'}` }, words[status]))),
    h('td', { class: 'to' }, theirs(phoneNumber)),
    h('td', {}, brief(metadata)),
    h('td', { class: 'why' }, h('span', { class: 'code' }, errorCode ?? '–'), ` ${explanation ?? ''}`, remedy === null ? null : h('div', {}, h('strong', {}, 'What to do: '), remedy)),
    h('td', {}, when(updatedAt, now), h('small', {}, ` attempt ${attemptCount}`), nextRetryAt === null ? null : h('div', {}, h('small', {}, `next ${distance(new Date(nextRetryAt) - now)}`))),
    h('td', {}, app.mayAct() && status !== 'RESOLVED'
      ? h('span', { class: 'acts' },
        button('Retry', audit(async () => await retryOne(app, id)), { id: `retry-${id}`, 'aria-label': `Retry the message to ${phoneNumber}` }),
        acknowledgedBy === null ? button('Acknowledge', audit(async () => await acknowledgeOne(app, id)), { id: `seen-${id}`, 'aria-label': `Acknowledge the failure to ${phoneNumber}` }) : seen)
      : seen))
}
