/** What an admin key may do with a campaign: each asks first; a cancellation and a retry are jobs of the server. */
import { post } from './api.js'
import { ask, job, say } from './app.js'
import { follow } from './bulk.js'
import { attempt, refresh } from './feed.js'
import { t, tn } from './i18n.js'

/** Asks, acts, and reads the campaign again. */
export async function actOn (campaign, action, again) {
  const { name, waiting, inFlight, failed } = campaign
  const total = action === 'retry' ? failed : waiting + inFlight
  const isJob = action === 'cancel' || action === 'retry'
  const sure = await ask({
    title: t(`campaign.${action}Title`, { name }),
    text: [t(`campaign.${action}Text2`)],
    note: total > 0 ? tn(`campaign.${action}Note`, total) : undefined,
    action: t(`campaign.${action}Go`),
    keep: action === 'cancel' ? t('campaign.keep') : undefined,
    tone: action === 'cancel' ? 'danger' : undefined
  })
  if (sure === null || (isJob && job.get()?.isRunning === true)) return
  const act = async () => await post(`/campaigns/${encodeURIComponent(name)}/${action}`)
  if (isJob) {
    await follow(async () => {
      const { jobs } = await act()
      again()
      return jobs.find(one => one.action === action)
    }, total)
  } else {
    await attempt(async () => {
      await act()
      say(t(`campaign.${action}Done`, { name }))
    })
  }
  await Promise.all([again(), refresh('campaigns')])
}
