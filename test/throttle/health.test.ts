/** What is read of `health_status`: the worst of its parts, and nothing of calls. Anything else changes nothing. */
import t from 'tap'
import { causeOf, readHealth } from '../../src/throttle/health.js'

const errorOf = (code: unknown): object => ({ error_code: code, error_description: `E${String(code)}`, possible_solution: 'Repair it.' })
const entity = (entityType: string, state: string, ...codes: unknown[]): object => ({
  entity_type: entityType,
  id: '106',
  can_send_message: state,
  ...codes.length === 0 ? {} : { errors: codes.map(errorOf) }
})
const read = (...entities: unknown[]): ReturnType<typeof readHealth> =>
  readHealth(JSON.stringify({ health_status: { can_send_message: 'BLOCKED', can_receive_call_sip: 'BLOCKED', entities }, id: '106' }))
const cause = (...entities: unknown[]): unknown => { const health = read(...entities); return health === null ? null : causeOf(health) }

await t.test('the state is that of the parts, whatever the whole says', t => {
  t.match(read(entity('PHONE_NUMBER', 'AVAILABLE'), entity('WABA', 'AVAILABLE')), { state: 'available', problems: [] })
  t.match(read(entity('PHONE_NUMBER', 'LIMITED', 141_002), entity('APP', 'AVAILABLE')), { state: 'limited', problems: [{ entity: 'PHONE_NUMBER' }] })
  t.strictSame(read(entity('WABA', 'BLOCKED', 141_014)), {
    state: 'blocked',
    problems: [{
      entity: 'WABA', state: 'blocked', id: '106', errors: [{ code: 141_014, description: 'E141014', solution: 'Repair it.' }], info: []
    }]
  })
  t.match(read(entity('WABA', 'BLOCKED', 138_024, '138025')), { state: 'available', problems: [] }, 'calls alone')
  t.match(read(entity('WABA', 'BLOCKED', 138_024, 141_014)), { state: 'blocked', problems: [{ errors: [{ code: 141_014 }] }] })
  t.end()
})

await t.test('only known codes of a blocked number, account or business stop anything', t => {
  for (const code of [141_014, 141_008, 131_031]) {
    for (const part of ['PHONE_NUMBER', 'WABA', 'BUSINESS']) {
      t.strictSame(cause(entity(part, 'BLOCKED', code)), { scope: 'sender', cause: `HEALTH_${code}` })
    }
    t.equal(cause(entity('WABA', 'LIMITED', code)), null)
    t.equal(cause(entity('APP', 'BLOCKED', code)), null)
  }
  t.strictSame(cause(entity('WABA', 'BLOCKED', '141006')), { scope: 'templates', cause: 'HEALTH_141006' })
  t.match(cause(entity('WABA', 'BLOCKED', 141_006), entity('BUSINESS', 'BLOCKED', 141_014)), { scope: 'sender' }, 'the wider one')
  for (const code of [141_010, 141_002, 999, null, 'x']) t.equal(cause(entity('WABA', 'BLOCKED', code)), null, `code ${String(code)}`)
  t.equal(cause(entity('WABA', 'BLOCKED')), null)
  t.end()
})

await t.test('another type, state or shape is ignored', t => {
  for (const text of ['', 'null', '[]', '{}', '{"health_status":null}', '{"health_status":{"can_send_message":"BLOCKED"}}',
    '{"health_status":{"entities":{}}}', '{"health_status":{"entities":[null,1,"x",[]]}}']) t.equal(readHealth(text), null, text)
  t.equal(read(entity('MESSAGE_TEMPLATE', 'BLOCKED', 141_014), entity('FLOW', 'BLOCKED', 141_014), entity('WABA', 'FROZEN', 141_014)), null)
  t.match(read(entity('FLOW', 'BLOCKED', 141_014), entity('WABA', 'AVAILABLE')), { state: 'available' })
  t.match(read({ entity_type: 'WABA', can_send_message: 'BLOCKED', errors: 'none', additional_info: [1, 'Why\nso', {}] }), {
    state: 'blocked', problems: [{ id: null, errors: [], info: ['Why so'] }]
  })
  t.match(read({ entity_type: 'WABA', can_send_message: 'BLOCKED', errors: [{ error_description: 'x'.repeat(10_000) }, null, 7] }), {
    problems: [{ errors: [{ code: null, description: 'x'.repeat(300), solution: null }] }]
  })
  const many = read(...Array.from({ length: 5000 }, () => entity('WABA', 'BLOCKED', ...Array.from({ length: 50 }, () => 1))))
  t.ok(JSON.stringify(many).length < 5000, 'what is kept of it has a bound')
  t.end()
})
