/**
 * Windows under random traffic for days: people write, call and fall silent; webhooks come late, twice or never; WhatsApp rejects messages, at times
 * wrongly; Redis restarts and loses its last writes. An observer knows all acts and all interruptions. No message is rejected while its window is
 * open, unless the webhook that says so has not come yet. Once webhooks have come for a day, each message with a closed window is rejected.
 */
import { playRounds } from './frame.js'
import { regressions } from '../support/seed.js'
import { Model } from './window-model.js'

await playRounds({
  name: 'windows',
  rounds: Number(process.env['WINDOW_ROUNDS'] ?? 3),
  steps: 700,
  again: regressions.windows,
  create: ({ run, random, redis, keyOf }) => new Model(run, random, async members => {
    if (members.length > 0) await redis.zrem(keyOf('windows'), ...members)
  }),
  gone: ['suspended', 'backlog', 'queue:normal', 'ready:normal', 'grants'],
  judge: (t, model) => t.comment(JSON.stringify(model.counts))
})
