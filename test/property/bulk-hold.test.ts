/**
 * The hold of the lane bulk under random traffic: WhatsApp accepts everything, and for some time reports no status. Messages of all lanes are
 * posted, sent and retried, in bursts too, and operators resume the sender. An observer counts what was accepted and reported. The lane is held
 * exactly while more than half of that has no status, and no longer than it may be. Meanwhile only bulk waits, but for a probe in ten seconds.
 * Messages of a pair keep their order, and in the end all are sent.
 */
import t from 'tap'
import { BulkModel, STEPS } from './bulk-model.js'
import { playBroken, playRounds, type Breakage, type Round } from './frame.js'

const ROUNDS = Number(process.env['BULK_ROUNDS'] ?? 3)
const play = { name: 'bulk holds', rounds: ROUNDS, steps: STEPS, create: ({ run, random }: Round) => new BulkModel(run, random) }
const all = { begun: 0, ended: 0, probes: 0, waited: 0 }

await playRounds({
  ...play,
  gone: ['backlog', 'ready:urgent', 'ready:normal', 'ready:bulk', 'grants'],
  judge: async (t, { counts }, { redis, keyOf }) => {
    t.comment(JSON.stringify(counts))
    for (const name of Object.keys(all) as Array<keyof typeof all>) all[name] += counts[name]
    t.notMatch(await redis.hget(keyOf('sender'), 'limits') ?? '', 'bulk', 'scripts look at the hold no longer')
  }
})

t.ok(all.begun >= ROUNDS && all.ended > 0 && all.probes > 10 * all.begun && all.waited > 0, JSON.stringify(all))

const faults: Breakage[] = [
  {
    name: 'other lanes wait as well',
    scripts: ['claim'],
    right: 'probe and lane == LANES and probe.at > now',
    wrong: 'probe and probe.at > now',
    breaks: /of lane [12] waits|without an end/
  },
  {
    name: 'a new message of the lane does not wait',
    scripts: ['admit'],
    right: 'if bulk_waits and lane == LANES then return false end',
    wrong: '',
    breaks: /admit replied|granted at once/
  },
  {
    name: 'probes do not wait for each other',
    scripts: ['claim'],
    right: 'probe.at = now + BULK_PROBE_US',
    wrong: 'probe.at = now',
    breaks: /after the last one/
  },
  {
    name: 'there are no probes',
    scripts: ['claim'],
    right: 'probe.at = now + BULK_PROBE_US',
    wrong: 'probe.at = now + 100 * BULK_PROBE_US',
    breaks: /the next probe at|a probe is due/
  },
  {
    name: 'a hold does not end when statuses come',
    scripts: ['watch-statuses'],
    right: 'if since and (not is_missing or',
    wrong: 'if false and (not is_missing or',
    breaks: /by the observer ended/
  },
  {
    name: 'a hold has no longest time',
    scripts: ['watch-statuses'],
    right: 'elseif since and now_ms >= tonumber(until_ms) then',
    wrong: 'elseif false then',
    breaks: /by the observer ended/
  },
  {
    name: 'what was accepted is counted in whole spans of ten minutes',
    scripts: ['watch-statuses'],
    right: 'local accepted, last_span = last.count - first.count,',
    wrong: 'local accepted, last_span = last.count,',
    breaks: /messages were accepted/
  }
]
// A resume may hide a fault in one round.
await playBroken({ ...play, rounds: 2 * ROUNDS }, faults)
