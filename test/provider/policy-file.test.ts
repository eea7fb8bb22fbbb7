/** POLICY_FILE: valid overrides of the code table, and invalid ones. */
import t, { type Test } from 'tap'
import { classify, classifyStatus } from '../../src/provider/classify.js'
import { createPolicy, type Policy } from '../../src/provider/policy.js'
import { readPolicyFile } from '../../src/provider/policy-file.js'

const texts = { title: 'New', explanation: 'It is new.', remedy: 'Wait.' }

function policyOf (t: Test, content: unknown): Policy {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return createPolicy(readPolicyFile(`${t.testdir({ 'policy.json': text })}/policy.json`))
}

/** The outcome of an error of Meta with this code. */
const outcomeOf = (policy: Policy, code: number, more: { subcode?: number, pairHits?: number } = {}) => classify({
  statusCode: 400, headers: {}, body: JSON.stringify({ error: { message: 'm', code, error_subcode: more.subcode } })
}, policy, more.pairHits)

await t.test('cool-down, growth and cap change independently', async t => {
  const policy = policyOf(t, [{ code: '131056', coolDownMs: 10_000 }, { code: '130429', coolDownMs: 5000 }])
  t.match(outcomeOf(policy, 131056), { status: 'limited', bucket: 'pair', coolDownMs: 10_000 })
  t.match(outcomeOf(policy, 131056, { pairHits: 1 }), { coolDownMs: 40_000 }, 'omitted fields keep their values')
  t.match(outcomeOf(policy, 130429), { bucket: 'throughput', coolDownMs: 5000 })
  t.match(outcomeOf(policy, 131057), { bucket: 'sender-rate', coolDownMs: 60_000 }, 'no other code changes')
  const flat = policyOf(t, [{ code: '131056', growth: 1 }])
  t.match(outcomeOf(flat, 131056, { pairHits: 5 }), { coolDownMs: 6000 })
})

await t.test('an override changes what is final, what is retried, and what stops the sender', async t => {
  const policy = policyOf(t, [
    { code: '131000', outcome: 'rejected', retryNotBeforeMs: 3_600_000 },
    { code: '131026', outcome: 'retryable' },
    { code: '131016', mostAttempts: 2 },
    { code: '131037', outcome: 'rejected' },
    { code: '130497', outcome: 'sender-stopped' },
    { code: '131031', probeMs: 5000 },
    { code: '80007', outcome: 'sender-stopped', probeMs: 120_000 }
  ])
  t.match(outcomeOf(policy, 131000), { status: 'rejected', retryNotBeforeMs: 3_600_000 })
  t.match(outcomeOf(policy, 131026), { status: 'retryable', mostAttempts: undefined })
  t.match(outcomeOf(policy, 131016), { status: 'retryable', mostAttempts: 2 })
  t.match(outcomeOf(policy, 131037), { status: 'rejected' })
  t.match(outcomeOf(policy, 130497), { status: 'sender-stopped', probeMs: 60_000 })
  t.match(outcomeOf(policy, 131031), { status: 'sender-stopped', probeMs: 5000 })
  t.match(outcomeOf(policy, 80007), { status: 'sender-stopped', probeMs: 120_000 })
  t.match(classifyStatus('131000', 'x', policy), { status: 'rejected' }, 'also for a failure reported by webhook')
})

await t.test('a new code, a subcode, a member of a range and an HTTP status can be added', async t => {
  const policy = policyOf(t, [
    { code: '139999', outcome: 'limited-flow', coolDownMs: 2000, ...texts }, { code: '190/463', outcome: 'rejected' },
    { code: '250', outcome: 'rejected' }, { code: 'HTTP_404', outcome: 'rejected' }, { code: 'HTTP_418', outcome: 'retryable' }
  ])
  t.match(outcomeOf(policy, 139999), { status: 'limited', bucket: 'sender-rate', coolDownMs: 2000 })
  t.match(outcomeOf(policy, 190, { subcode: 463 }), { status: 'rejected', code: '190/463' })
  t.match(outcomeOf(policy, 190), { status: 'sender-stopped', code: '190' })
  t.match([outcomeOf(policy, 250), outcomeOf(policy, 251)], [{ status: 'rejected' }, { status: 'sender-stopped' }])
  t.match(classify({ statusCode: 404, headers: {}, body: '' }, policy), { status: 'rejected' })
  t.match(classify({ statusCode: 418, headers: {}, body: '' }, policy), { status: 'retryable' })
  t.strictSame(policy.explain('139999'), texts)
  t.equal(policy.explain('190/463').title, 'Access token has expired', 'omitted texts are those of the code')
  t.equal(policy.nameOf('139999'), '139999', 'it has its own metric label')
})

await t.test('texts alone can be changed, also for codes without a response', async t => {
  const policy = policyOf(t, [
    { code: '131026', remedy: 'Call the customer.' },
    { code: 'CONNECT_REFUSED', remedy: 'Call the network team.' },
    { code: 'HTTP_5XX', title: 'Edge broken' }
  ])
  t.match(policy.explain('131026'), { title: 'Message undeliverable', remedy: 'Call the customer.' })
  t.match(policy.rowOf('CONNECT_REFUSED'), { outcome: 'unsent', remedy: 'Call the network team.' })
  t.match(policy.rowOf('HTTP_502'), { outcome: 'unknown', title: 'Edge broken' })
})

const invalid: Array<[what: string, content: unknown, message: RegExp]> = [
  ['invalid JSON', '[{', /POLICY_FILE: the file is not valid JSON: line 1, column 3: /],
  ['an object in place of a list', { code: '190' }, /the file must be a list/],
  ['an entry without a code', [{ coolDownMs: 1000 }], /line 1, entry 1, code: missing/],
  ['an unknown field', [{ code: '190' }, { code: '4', cooldown: 5 }], /entry 2 \("4"\), cooldown: unknown field; did you mean coolDownMs\?/],
  ['a duplicate code', [{ code: '190' }, { code: '190' }], /entry 2 \("190"\), code: duplicate code/],
  ['an unknown name', [{ code: 'SLOW', outcome: 'rejected' }], /entry 1 \("SLOW"\), code: unknown code/],
  ['an unknown range', [{ code: '300-399', outcome: 'rejected' }], /code: unknown code/],
  ['a success as an error', [{ code: 'HTTP_200', outcome: 'retryable', ...texts }], /code: unknown code/],
  ['a new code without an outcome', [{ code: '139999', ...texts }], /entry 1 \("139999"\), outcome: required/],
  ['a new code without texts', [{ code: '139999', outcome: 'rejected', title: 'T' }], /explanation: required/],
  ['an outcome that a file cannot set', [{ code: '131000', outcome: 'unsent' }],
    /entry 1 \("131000"\), outcome: must be one of retryable, limited-pair/],
  ['the outcome sent', [{ code: '131000', outcome: 'sent' }], /outcome: must be one of retryable/],
  ['an outcome of a code without a response', [{ code: 'RESET', outcome: 'retryable' }],
    /entry 1 \("RESET"\), outcome: fixed as unknown/],
  ['the same for an HTTP status', [{ code: 'HTTP_503', outcome: 'retryable' }], /fixed as unknown/],
  ['a number of an unsent code', [{ code: 'DNS_FAILED', probeMs: 5000 }], /fixed as unsent/],
  ['a cool-down of 0', [{ code: '131056', coolDownMs: 0 }], /entry 1 \("131056"\), coolDownMs: must be from 100 to 86400000/],
  ['a limit without a cool-down', [{ code: '131000', outcome: 'limited-flow' }], /coolDownMs: required/],
  ['no attempts', [{ code: '131016', mostAttempts: 0 }], /entry 1 \("131016"\), mostAttempts: must be from 1 to 100/],
  ['a number of another outcome', [{ code: '131026', coolDownMs: 1000 }], /entry 1 \("131026"\), coolDownMs: not allowed for the outcome rejected/],
  ['a growth of a sender\'s cool-down', [{ code: '130429', growth: 4 }], /growth: not allowed for the outcome limited-flow/],
  ['a cap below the first cool-down', [{ code: '131056', coolDownMs: 6000, mostMs: 5000 }], /mostMs: must be at least coolDownMs \(6000\)/],
  ['a text with a line break', [{ code: '190', remedy: 'one\ntwo' }], /remedy: must match pattern/]
]
for (const [what, content, message] of invalid) {
  await t.test(`${what} is rejected with entry and field`, async t => {
    t.throws(() => policyOf(t, content), { code: 'CONFIG_INVALID', facts: { field: 'POLICY_FILE' }, message })
  })
}

await t.test('a missing file is rejected, and an empty path means no overrides', async t => {
  t.throws(() => readPolicyFile('/nowhere/policy.json'), { code: 'CONFIG_INVALID', message: /cannot read the file/ })
  t.strictSame(readPolicyFile(''), [])
})
