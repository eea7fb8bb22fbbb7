/** What the node of a phone number says of its messages per second. */
import t from 'tap'
import { bucketOf, digitsOf, readNode } from '../../src/throttle/levels.js'

const node = (more: object): string => JSON.stringify({
  display_phone_number: '+1 555-078-3881', platform_type: 'CLOUD_API', throughput: { level: 'STANDARD' }, is_on_biz_app: false, id: '1', ...more
})
const number = '15550783881'

await t.test('a level is read, and a number that is also used in the app has its own', t => {
  t.strictSame(readNode(node({})), { level: 'STANDARD', number, dailyLimit: null })
  t.strictSame(readNode(node({ throughput: { level: 'high' } })), { level: 'HIGH', number, dailyLimit: null })
  t.strictSame(readNode(node({ is_on_biz_app: true })), { level: 'COEXISTENCE', number, dailyLimit: null })
  t.strictSame(readNode(node({ is_on_biz_app: true, platform_type: 'ON_PREMISE' })), { level: 'STANDARD', number, dailyLimit: null })
  t.strictSame(readNode(node({ is_on_biz_app: true, throughput: undefined })), { level: 'COEXISTENCE', number, dailyLimit: null })
  t.end()
})

await t.test('an unknown level sets no limit, and what is no node says nothing', t => {
  for (const level of ['NOT_APPLICABLE', 'ULTRA']) t.strictSame(readNode(node({ throughput: { level } })), { level: null, number, dailyLimit: null })
  const others = ['', 'null', '[]', '{}', '<html>', node({ throughput: null }), node({ throughput: { level: 80 } })]
  for (const text of others) t.equal(readNode(text), null)
  t.strictSame(readNode(node({ display_phone_number: 5 })), { level: 'STANDARD', number: '', dailyLimit: null })
  t.equal(digitsOf('1'.repeat(21)), '')
  t.end()
})

await t.test('no second holds more than the level allows', t => {
  for (const level of ['STANDARD', 'HIGH', 'COEXISTENCE'] as const) {
    const { perSecond, intervalUs, burst } = bucketOf(level)
    t.ok(Number(burst) + Math.ceil(1e6 / Number(intervalUs)) - 1 <= Number(perSecond), level)
  }
  t.end()
})
