/** POLICY_FILE: what can be put over the code table, and what would be nonsense. */
import t, { type Test } from 'tap'
import { classify, classifyStatus } from '../../src/provider/classify.js'
import { createPolicy, type Policy } from '../../src/provider/policy.js'
import { readPolicyFile } from '../../src/provider/policy-file.js'

const words = { title: 'New', explanation: 'It is new.', remedy: 'Wait.' }

function policyOf (t: Test, content: unknown): Policy {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return createPolicy(readPolicyFile(`${t.testdir({ 'policy.json': text })}/policy.json`))
}

/** The verdict on Meta's error with this code. */
const judge = (policy: Policy, code: number, more: { subcode?: number, statusCode?: number, pairHits?: number } = {}) => classify({
  statusCode: more.statusCode ?? 400, headers: {}, body: JSON.stringify({ error: { message: 'm', code, error_subcode: more.subcode } })
}, policy, more.pairHits)

t.test('a rest, a growth and a cap are changed one by one', async t => {
  const policy = policyOf(t, [{ code: '131056', coolDownMs: 10_000 }, { code: '130429', coolDownMs: 5000 }])
  t.match(judge(policy, 131056), { status: 'limited', bucket: 'pair', coolDownMs: 10_000 })
  t.match(judge(policy, 131056, { pairHits: 1 }), { coolDownMs: 40_000 }, 'what is left out stays')
  t.match(judge(policy, 130429), { bucket: 'sender-rate', coolDownMs: 5000 })
  t.match(judge(policy, 131057), { bucket: 'sender-rate', coolDownMs: 60_000 }, 'no other code changes')
  const flat = policyOf(t, [{ code: '131056', growth: 1 }])
  t.match(judge(flat, 131056, { pairHits: 5 }), { coolDownMs: 6000 })
})

t.test('what is final, what is tried again, and what stops the sender can be told otherwise', async t => {
  const policy = policyOf(t, [
    { code: '131000', outcome: 'rejected', retryNotBeforeMs: 3_600_000 }, { code: '131026', outcome: 'retryable' }, { code: '131016', mostAttempts: 2 }, { code: '131037', outcome: 'rejected' },
    { code: '130497', outcome: 'sender-stopped' }, { code: '131031', probeMs: 5000 }, { code: '80007', outcome: 'sender-stopped', probeMs: 120_000 }
  ])
  t.match(judge(policy, 131000), { status: 'rejected', retryNotBeforeMs: 3_600_000 })
  t.match(judge(policy, 131026), { status: 'retryable', mostAttempts: undefined })
  t.match(judge(policy, 131016), { status: 'retryable', mostAttempts: 2 })
  t.match(judge(policy, 131037), { status: 'rejected' })
  t.match(judge(policy, 130497), { status: 'sender-stopped', probeMs: 60_000 })
  t.match(judge(policy, 131031), { status: 'sender-stopped', probeMs: 5000 })
  t.match(judge(policy, 80007), { status: 'sender-stopped', probeMs: 120_000 })
  t.match(classifyStatus('131000', 'x', policy), { status: 'rejected' }, 'also where a webhook tells it')
})

t.test('a code that the table does not have, a subcode, a member of a range and a status are added', async t => {
  const policy = policyOf(t, [
    { code: '139999', outcome: 'limited-flow', coolDownMs: 2000, ...words }, { code: '190/463', outcome: 'rejected' },
    { code: '250', outcome: 'rejected' }, { code: 'HTTP_404', outcome: 'rejected' }, { code: 'HTTP_418', outcome: 'retryable' }
  ])
  t.match(judge(policy, 139999), { status: 'limited', bucket: 'sender-rate', coolDownMs: 2000 })
  t.match(judge(policy, 190, { subcode: 463 }), { status: 'rejected', code: '190/463' })
  t.match(judge(policy, 190), { status: 'sender-stopped', code: '190' })
  t.match([judge(policy, 250), judge(policy, 251)], [{ status: 'rejected' }, { status: 'sender-stopped' }])
  t.match(classify({ statusCode: 404, headers: {}, body: '' }, policy), { status: 'rejected' })
  t.match(classify({ statusCode: 418, headers: {}, body: '' }, policy), { status: 'retryable' })
  t.strictSame(policy.explain('139999'), words)
  t.equal(policy.explain('190/463').title, 'Access token has expired', 'words not given are those of the code')
  t.equal(policy.nameOf('139999'), '139999', 'and it is counted by its name')
})

t.test('words alone can be changed, also of what never got an answer', async t => {
  const policy = policyOf(t, [{ code: '131026', remedy: 'Call the customer.' }, { code: 'CONNECT_REFUSED', remedy: 'Call the network team.' }, { code: 'HTTP_5XX', title: 'Edge broken' }])
  t.match(policy.explain('131026'), { title: 'Message undeliverable', remedy: 'Call the customer.' })
  t.match(policy.rowOf('CONNECT_REFUSED'), { outcome: 'unsent', remedy: 'Call the network team.' })
  t.match(policy.rowOf('HTTP_502'), { outcome: 'unknown', title: 'Edge broken' })
})

const wrong: Array<[what: string, content: unknown, message: RegExp]> = [
  ['no JSON', '[{', /POLICY_FILE: the file is no valid JSON/],
  ['no list', { code: '190' }, /the file must be array/],
  ['an entry without a code', [{ coolDownMs: 1000 }], /entry 1, code: it is missing/],
  ['a field that is none', [{ code: '190' }, { code: '4', cooldown: 5 }], /entry 2 \("4"\), cooldown: there is no such field/],
  ['a code twice', [{ code: '190' }, { code: '190' }], /entry 2 \("190"\), code: it stands in the file twice/],
  ['a name that is no code', [{ code: 'SLOW', outcome: 'rejected' }], /entry 1 \("SLOW"\), code: neither a code of Meta's/],
  ['a range that is none', [{ code: '300-399', outcome: 'rejected' }], /code: neither a code/],
  ['a success as an error', [{ code: 'HTTP_200', outcome: 'retryable', ...words }], /code: neither a code/],
  ['a new code without an outcome', [{ code: '139999', ...words }], /entry 1 \("139999"\), outcome: it is missing/],
  ['a new code without words', [{ code: '139999', outcome: 'rejected', title: 'T' }], /explanation: it is missing/],
  ['an outcome that a file can not say', [{ code: '131000', outcome: 'unsent' }], /entry 1 \("131000"\), outcome: it is retryable, limited-pair/],
  ['another outcome that a file can not say', [{ code: '131000', outcome: 'sent' }], /outcome: it is retryable/],
  ['a refusal of what got no answer', [{ code: 'RESET', outcome: 'retryable' }], /entry 1 \("RESET"\), outcome: no answer came, which is unknown whatever a file says/],
  ['the same by its status', [{ code: 'HTTP_503', outcome: 'retryable' }], /no answer came, which is unknown/],
  ['a number for what never left', [{ code: 'DNS_FAILED', probeMs: 5000 }], /no answer came, which is unsent/],
  ['a rest of nothing', [{ code: '131056', coolDownMs: 0 }], /entry 1 \("131056"\), coolDownMs: must be >= 100/],
  ['a rest without a length', [{ code: '131000', outcome: 'limited-flow' }], /coolDownMs: it is missing/],
  ['no attempt at all', [{ code: '131016', mostAttempts: 0 }], /entry 1 \("131016"\), mostAttempts: must be >= 1/],
  ['a number of another outcome', [{ code: '131026', coolDownMs: 1000 }], /entry 1 \("131026"\), coolDownMs: it means nothing for the outcome rejected/],
  ['a growth of the sender\'s rest', [{ code: '130429', growth: 4 }], /growth: it means nothing for the outcome limited-flow/],
  ['a cap below the first rest', [{ code: '131056', coolDownMs: 6000, mostMs: 5000 }], /mostMs: it is less than coolDownMs \(6000\)/],
  ['a word that breaks a line', [{ code: '190', remedy: 'one\ntwo' }], /remedy: must match pattern/]
]
for (const [what, content, message] of wrong) {
  t.test(`${what} is refused by entry and field`, async t => { t.throws(() => policyOf(t, content), { code: 'CONFIG_INVALID', facts: { field: 'POLICY_FILE' }, message }) })
}

t.test('a file that is not there is refused, and no file is no policy', async t => {
  t.throws(() => readPolicyFile('/nowhere/policy.json'), { code: 'CONFIG_INVALID', message: /can't be read/ })
  t.strictSame(readPolicyFile(''), [])
})
