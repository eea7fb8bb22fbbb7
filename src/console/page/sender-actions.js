import { call, post } from './api.js'
import { ask, say } from './app.js'
import { isBulkHeld } from './bulk-hold.js'
import { Field } from './dialog.js'
import { attempt, refresh } from './feed.js'
import { age } from './format.js'
import { t, tn } from './i18n.js'
import { nameOf } from './parts.js'
import { html } from './ui.js'

const lengths = [900_000, 3_600_000, 14_400_000, 86_400_000]
const path = (sender, action) => `/senders/${encodeURIComponent(sender.id)}/${action}`

/** Runs a change of a sender after the reader has agreed, and reads the senders again. */
async function change (sure, work, done) {
  if (sure === null) return
  await attempt(async () => {
    await work(sure)
    say(done)
    await refresh('senders')
  })
}

export async function pause (sender) {
  const name = nameOf(sender)
  const sure = await ask({
    title: t('pause.title', { sender: name }),
    text: [t('pause.text')],
    tone: 'danger',
    action: t('pause.go'),
    keep: t('pause.keep'),
    fields: html`<fieldset class="field"><legend>${t('pause.for')}</legend><div class="segment">
        ${['', ...lengths].map((ms, i) => html`<label><input type="radio" name="forMs" value=${ms} checked=${i === 0} />
          ${ms === '' ? t('pause.until') : age(ms)}</label>`)}</div></fieldset>
      <${Field} id="note" name="note" label=${t('pause.reason')} hint=${t('pause.reasonHint')} maxlength="200" />`,
    note: sender.queued > 0 ? t('pause.now', { waits: tn('count.waits', sender.queued) }) : undefined
  })
  await change(sure, async ({ forMs, note }) => {
    await post(path(sender, 'pause'), { ...(forMs === '' ? {} : { forMs: Number(forMs) }), ...(note.trim() === '' ? {} : { note: note.trim() }) })
  }, t('pause.done', { sender: name }))
}

export async function resume (sender) {
  const name = nameOf(sender)
  const text = sender.state === 'stopped'
    ? t('resume.stopped')
    : sender.circuit.state !== 'closed'
      ? t('resume.circuit')
      : sender.state === 'active' && isBulkHeld(sender) ? t('resume.bulk') : t('resume.text', { waits: tn('count.waits', sender.queued) })
  const sure = await ask({ title: t('resume.title', { sender: name }), text: [text], action: t('resume.go') })
  await change(sure, async () => await post(path(sender, 'resume')), t('resume.done', { sender: name }))
}

const rules = { pairIntervalMs: 86_400_000, pairBurst: 1000, perSecond: 1000, maxInFlight: 100_000 }

export async function editRule (sender) {
  const sure = await ask({
    title: t('rule.editTitle', { sender: nameOf(sender) }),
    text: [t('rule.editText')],
    action: t('rule.go'),
    fields: Object.entries(rules).map(([name, most]) => html`<${Field} id=${`rule-${name}`} name=${name} label=${t(`rule.${name}`)} type="number"
      min="1" max=${most} required value=${sender.rules[name]} />`)
  })
  await change(sure, async values => {
    const changed = Object.keys(rules).filter(name => Number(values[name]) !== sender.rules[name]).map(name => [name, Number(values[name])])
    if (changed.length > 0) await call('PUT', path(sender, 'quota'), Object.fromEntries(changed))
  }, t('rule.done'))
}

export async function setWorker (isRunning) {
  const question = { title: t('worker.stopTitle'), text: [t('worker.stopText')], action: t('worker.stop').replace('…', ''), tone: 'danger' }
  const sure = isRunning ? {} : await ask(question)
  if (sure === null) return
  await attempt(async () => {
    await post(`/workers/retry/${isRunning ? 'start' : 'stop'}`)
    say(t(isRunning ? 'worker.started' : 'worker.stopped'))
    await refresh('worker')
  })
}
