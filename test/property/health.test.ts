/**
 * `health_status` under random traffic for days: causes begin and end, reads find them, operators pause and resume, WhatsApp's responses and webhooks
 * stop the sender or its templates, too, and probes find that it works. An observer computes what each read has to stop and to end: a known cause
 * stops exactly what it concerns, once; its end lets exactly that go on. Replies go on while templates alone are stopped.
 */
import t from 'tap'
import { playBroken, playRounds, type Breakage, type Round } from './frame.js'
import { HealthModel } from './health-model.js'

const ROUNDS = Number(process.env['HEALTH_ROUNDS'] ?? 3)
const play = {
  name: 'health',
  rounds: ROUNDS,
  steps: 1200,
  create: ({ run, random, redis, keyOf }: Round) => new HealthModel(run, random, {
    sender: async (...fields) => await redis.hmget(keyOf('sender'), ...fields),
    stop: async () => await redis.hget(keyOf('templates'), '*')
  })
}
const all: Record<string, number> = {}

await playRounds({
  ...play,
  gone: ['suspended', 'templates', 'backlog', 'queue:normal', 'ready:normal', 'grants'],
  judge: (t, { counts }) => {
    for (const [name, count] of Object.entries(counts)) all[name] = (all[name] ?? 0) + count
    t.comment(JSON.stringify(counts))
  }
})
t.ok(Object.values(all).every(count => count >= 2 * ROUNDS), JSON.stringify(all))

const faults: Breakage[] = [
  {
    name: 'the end of a cause ends any stop of the sender',
    scripts: ['set-health'],
    right: "if status == 'stopped' and reason == former then",
    wrong: "if status == 'stopped' then",
    breaks: /the sender is/
  },
  {
    name: 'the end of a cause ends any stop of templates',
    scripts: ['set-health'],
    right: "if stop and stop.reason == former and stop.state ~= 'releasing' then",
    wrong: "if stop and stop.state ~= 'releasing' then",
    breaks: /the templates is/
  },
  {
    name: 'a cause stops again what an operator has resumed',
    scripts: ['set-health'],
    right: ' ~= former then',
    wrong: " ~= '' then",
    breaks: /, not |replied/
  },
  {
    name: 'a cause of templates stops replies, too',
    scripts: ['set-health'],
    right: 'not stop then\n    stop_templates(',
    wrong: 'not stop then\n    stop_until(',
    breaks: /the sender is/
  },
  {
    name: 'a cause that was found in a pause is forgotten after it',
    scripts: ['set-health'],
    right: "status == 'paused' then",
    wrong: 'false then',
    breaks: /the sender is/
  },
  {
    name: 'the end of a cause lets no message go on',
    scripts: ['set-health'],
    right: '    resume_sender(now)\n    status, ended',
    wrong: '    status, ended',
    breaks: /the sender is/
  }
]
await playBroken(play, faults)
