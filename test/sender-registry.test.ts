import t from 'tap'
import { createSenderRegistry } from '../src/sender-registry.js'
import type { SenderSettings } from '../src/senders.js'

const defaults = { name: null, accountId: null, accessToken: '', accessTokenFile: null, apiUrl: '', appSecrets: [], onUnknown: null, daily: null }
const settings = (id: string, maxInFlight = 10): SenderSettings =>
  ({ ...defaults, id, rules: { pairIntervalMs: 1, pairBurst: 1, perSecond: 1, maxInFlight } })

await t.test('the first sender is the default one, and unknown ids are not served', async t => {
  const registry = createSenderRegistry([settings('b'), settings('a', 50)])
  t.strictSame(registry.ids(), ['b', 'a'])
  t.ok(registry.has('a'))
  t.notOk(registry.has('c'))
  t.equal(registry.settingsOf('c'), undefined)
  t.equal(registry.maxInFlight(), 50)
})

await t.test('a removed sender drains: served, last in the list, until it is dropped', async t => {
  const registry = createSenderRegistry([settings('a'), settings('b')])
  t.strictSame(registry.replace([settings('b'), settings('c')]), { added: ['c'], removed: ['a'] })
  t.strictSame(registry.ids(), ['b', 'c', 'a'])
  t.ok(registry.has('a') && registry.isDraining('a') && registry.settingsOf('a') !== undefined)
  t.match(registry.draining(), [['a', Number]])
  t.ok(registry.drop('a'))
  t.notOk(registry.has('a') || registry.isDraining('a'))
  t.strictSame(registry.ids(), ['b', 'c'])
  t.notOk(registry.drop('a'), 'once')
})

await t.test('a draining sender that is back on the list is not dropped', async t => {
  const registry = createSenderRegistry([settings('a'), settings('b')])
  registry.replace([settings('b')])
  t.strictSame(registry.replace([settings('b'), settings('a', 7)]), { added: [], removed: [] }, 'it was served all the time')
  t.notOk(registry.drop('a'))
  t.equal(registry.settingsOf('a')?.rules.maxInFlight, 7, 'with its new settings')
})

await t.test('a list that was handed out does not change', async t => {
  const registry = createSenderRegistry([settings('a')])
  const before = registry.ids()
  registry.replace([settings('b')])
  t.strictSame(before, ['a'])
})
