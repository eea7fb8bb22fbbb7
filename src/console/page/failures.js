import { acknowledgeAll, acknowledgeOne, retryAll, retryOne } from './actions.js'
import { get } from './api.js'
import { h, show, theirs } from './dom.js'
import { brief, button, choice, messageLink, table } from './parts.js'
import { distance, when } from './time.js'

const PAGE = 50
const statuses = [['FAILED', 'no retry left'], ['PENDING', 'to be retried'], ['RESOLVED', 'sent by a retry'], ['', 'all']]
const words = { FAILED: 'no retry left', PENDING: 'retry scheduled', RESOLVED: 'sent by a retry' }
const stages = { queued: 'retry queued', sending: 'retry in flight', unknown: 'retry of unknown outcome' }

/** The filter of the list, kept for the way back. */
const filter = { status: 'FAILED', sender: '', code: '', seen: 'no' }

/** Delivery failures: filter, acknowledge and retry one or all that are listed. */
export async function failuresView (app, root) {
  let loaded = []
  /** Of the next page; null at the end. */
  let next = null
  const senders = await app.senders(true)
  const region = h('div', { id: 'failures' })
  const look = async () => {
    loaded = []
    await load('')
  }
  const more = async () => await load(next)
  const load = async from => {
    const goal = loaded.length + PAGE
    next = from
    while (next !== null && loaded.length < goal) {
      const query = new URLSearchParams({
        limit: PAGE,
        ...(filter.sender === '' ? {} : { sender: filter.sender }),
        ...(filter.status === '' ? {} : { status: filter.status }),
        ...(next === '' ? {} : { cursor: next })
      })
      const page = await get(`/failures?${query}`)
      loaded.push(...page.failures)
      next = page.nextCursor
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
      await app.attempt(look)
    }
  }
  function draw () {
    const listed = loaded.filter(
      failure =>
        (filter.code === '' || failure.errorCode === filter.code) &&
        (filter.seen === '' || (failure.acknowledgedAt !== null) === (filter.seen === 'yes'))
    )
    const codes = [...new Set(loaded.map(({ errorCode }) => errorCode).filter(Boolean))].sort((one, other) => one.localeCompare(other))
    if (filter.code !== '' && !codes.includes(filter.code)) codes.push(filter.code)
    const open = listed.filter(({ status }) => status !== 'RESOLVED').map(({ id }) => id)
    const unseen = listed.filter(({ status, acknowledgedAt }) => status !== 'RESOLVED' && acknowledgedAt === null).map(({ id }) => id)
    show(region,
      h('form', { class: 'row', onsubmit: event => event.preventDefault() },
        choice('Show', 'status', statuses, filter.status, change('status')),
        choice(
          'Code',
          'code',
          [['', 'any'], ...codes.map(code => [code, `${code} (${loaded.filter(({ errorCode }) => errorCode === code).length})`])],
          filter.code,
          change('code')
        ),
        choice(
          'Acknowledged',
          'seen',
          [
            ['no', 'no'],
            ['yes', 'yes'],
            ['', 'all']
          ],
          filter.seen,
          change('seen')
        ),
        choice('Sender', 'sender', [['', 'all'], ...senders.map(({ id }) => [id, id])], filter.sender, change('sender'))
      ),
      h('p', { id: 'count' }, `${listed.length} listed${next !== null ? ', more exist' : ''}.`),
      app.mayAct()
        ? h(
          'p',
          { class: 'acts' },
          button(
              `Retry all ${open.length} listed`,
              action(async () => await retryAll(app, open)),
              { id: 'retry-all', disabled: open.length === 0 }
          ),
          button(
              `Acknowledge all ${unseen.length} listed`,
              action(async () => await acknowledgeAll(app, unseen)),
              { id: 'acknowledge-all', disabled: unseen.length === 0 }
          )
        )
        : app.readOnlyHint(),
      listed.length === 0
        ? h('p', { class: 'card good' }, 'No failure matches this filter.')
        : table(
          ['State', 'To', 'About', 'Why', 'When', app.mayAct() ? 'Actions' : 'Seen'],
          listed.map(failure => row(app, failure, action)),
          { 'aria-label': 'Failures' }
        ),
      next !== null ? button('Show more', () => app.attempt(more), { id: 'more' }) : null
    )
  }
  show(root, h('h2', {}, 'Failures'), region)
  await look()
}

function row (app, failure, action) {
  const { id, status, phoneNumber, metadata, errorCode, explanation, remedy, attemptCount, nextRetryAt, updatedAt, acknowledgedBy } = failure
  const word = stages[failure.messageStatus] ?? words[status]
  const now = Date.now()
  const seen = acknowledgedBy === null ? null : h('small', {}, `seen by ${acknowledgedBy}`)
  return h(
    'tr',
    { 'data-row': true, 'data-id': id },
    h(
      'td',
      {},
      messageLink(id, h('span', { class: `badge ${status === 'RESOLVED' ? 'good' : status === 'PENDING' ? 'wait' : 'bad'}` }, word))
    ),
    h('td', { class: 'to' }, theirs(phoneNumber)),
    h('td', {}, brief(metadata)),
    h(
      'td',
      { class: 'why' },
      h('span', { class: 'code' }, errorCode ?? '–'),
      ` ${explanation ?? ''}`,
      remedy === null ? null : h('div', {}, h('strong', {}, 'What to do: '), remedy)
    ),
    h(
      'td',
      {},
      when(updatedAt, now),
      h('small', {}, ` attempt ${attemptCount}`),
      nextRetryAt === null ? null : h('div', {}, h('small', {}, `next ${distance(new Date(nextRetryAt) - now)}`))
    ),
    h(
      'td',
      {},
      app.mayAct() && status !== 'RESOLVED'
        ? h(
          'span',
          { class: 'acts' },
          button(
            'Retry',
            action(async () => await retryOne(app, id)),
            { id: `retry-${id}`, 'aria-label': `Retry the message to ${phoneNumber}` }
          ),
          acknowledgedBy === null
            ? button(
              'Acknowledge',
              action(async () => await acknowledgeOne(app, id)),
              { id: `seen-${id}`, 'aria-label': `Acknowledge the failure to ${phoneNumber}` }
            )
            : seen
        )
        : seen
    )
  )
}
