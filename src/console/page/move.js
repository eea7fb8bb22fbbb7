/** Moves messages that wait to another lane, time or end: one, or all that match the filters of Messages. */
import { call } from './api.js'
import { ask, job, say } from './app.js'
import { countJob, runJob } from './bulk.js'
import { Field } from './dialog.js'
import { attempt } from './feed.js'
import { criteriaOf } from './filters.js'
import { clock, number } from './format.js'
import { t, tn } from './i18n.js'
import { html, useState } from './ui.js'

const lanes = ['urgent', 'normal', 'bulk']
/** States that a move finds messages in; without one, all of them. */
export const waitingStates = ['queued', 'scheduled', 'retrying']

/** Moves a waiting message to another lane, and a scheduled one to now. */
export async function moveOne ({ id, status, priority }) {
  const fields = html`<${Choice} name="lane" label=${t('move.lane')} value=${priority} options=${lanes.map(lane => [lane, t(`lane.${lane}`)])} />
    ${status === 'scheduled' && html`<label><input type="checkbox" class="check" id="move-now" name="now" value="1" /> ${t('move.now')}</label>`}`
  const sure = await ask({ title: t('move.title'), text: [t('move.text')], action: t('move.go'), fields })
  if (sure === null || (sure.lane === priority && sure.now === undefined)) return false
  return await attempt(async () => {
    const now = sure.now === undefined ? {} : { scheduledFor: null }
    await call('PATCH', `/messages/${encodeURIComponent(id)}`, { priority: sure.lane, ...now })
    say(t('done.moved'))
    return true
  }) === true
}

/**
 * The filter of a bulk job for what Messages shows, and the state to begin with; null where a job cannot express it. A search for an order number
 * has several meanings, and only messages that wait can be moved.
 */
export function moveFilterOf ({ q, kinds, sender, filters, state }) {
  const searched = searchedOf(q, kinds)
  if (searched === null || !['', 'waiting', 'retrying'].includes(state)) return null
  const filter = { ...searched, ...criteriaOf(filters), ...(sender === '' ? {} : { sender }) }
  return Object.keys(filter).length === 0 ? null : { filter, state: state === 'retrying' ? state : '' }
}

function searchedOf (q, kinds) {
  if (q === '') return {}
  if (kinds.length !== 1) return null
  if (kinds[0] === 'recipient') return { recipient: q }
  return kinds[0] === 'order' && q.includes(':') ? { tag: q } : null
}

/** Asks where to, lets the server count the messages, asks again with their number, and starts the job. */
export async function moveAll ({ filter, state }, onDone) {
  if (job.get()?.isRunning === true) return
  const wanted = await ask({
    title: t('moveAll.title'),
    text: [t('moveAll.text')],
    fields: html`<${Target} state=${state} />`,
    action: t('moveAll.count'),
    check: values => Object.keys(targetOf(values)).length === 0 ? t('moveAll.nothing') : null
  })
  if (wanted === null) return
  const move = targetOf(wanted)
  const body = { action: 'move', filter: { ...filter, ...(wanted.state === '' ? {} : { state: wanted.state }) }, move }
  const count = await countJob(body)
  if (count === undefined) return
  if (count === 0) return say(t('moveAll.none'))
  const sure = await ask({
    title: tn('moveAll.titles', count),
    text: [`${t('moveAll.to', { to: textOf(move) })} ${t('moveAll.later')}`],
    note: move.priority === undefined ? undefined : t('moveAll.order'),
    action: t('moveAll.go', { n: number(count) })
  })
  if (sure !== null) await runJob(body, count, onDone)
}

function Choice ({ name, label, value, options, onChange }) {
  return html`<div class="field"><label for=${`move-${name}`}>${label}</label><select class="input" id=${`move-${name}`} name=${name}
    onChange=${event => onChange?.(event.target.value)}>${options.map(([option, text]) => html`<option value=${option}
      selected=${option === value}>${text}</option>`)}</select></div>`
}

/** Where all go. What is not chosen stays. */
function Target ({ state }) {
  const [when, setWhen] = useState('')
  return html`<div class="fields">
    <${Choice} name="state" label=${t('moveAll.which')} value=${state} options=${[['', t('moveAll.all')],
      ...waitingStates.map(one => [one, t(`state.${one}`)])]} />
    <${Choice} name="lane" label=${t('move.lane')} value="" options=${[['', t('moveAll.keepLane')],
      ...lanes.map(lane => [lane, t(`lane.${lane}`)])]} />
    <${Choice} name="when" label=${t('moveAll.when')} value="" onChange=${setWhen} options=${[
      ['', t('moveAll.keepTime')], ['now', t('moveAll.now')], ['at', t('moveAll.at')]
    ]} />
    ${when === 'at'
      ? html`<${Field} id="move-at" name="at" type="datetime-local" required label=${t('moveAll.notBefore')} />`
      : html`<span></span>`}
    <${Field} id="move-expires" name="expires" type="datetime-local" label=${t('moveAll.expires')} hint=${t('moveAll.expiresHint')} /></div>`
}

/** The fields of the dialog as the API has them. */
function targetOf ({ lane, when, at = '', expires }) {
  return {
    ...(lane === '' ? {} : { priority: lane }),
    ...(when === 'now' ? { scheduledFor: null } : when === 'at' && at !== '' ? { scheduledFor: new Date(at).toISOString() } : {}),
    ...(expires === '' ? {} : { expiresAt: new Date(expires).toISOString() })
  }
}

function textOf ({ priority, scheduledFor, expiresAt }) {
  return [
    priority && t('event.movedLane', { lane: t(`lane.${priority}`) }),
    scheduledFor === null && t('event.movedNow'),
    scheduledFor && t('event.movedTime', { time: clock(scheduledFor) }),
    expiresAt && t('event.movedEnd', { time: clock(expiresAt) })
  ].filter(Boolean).join(', ')
}
