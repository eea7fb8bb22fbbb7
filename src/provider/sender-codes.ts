/**
 * Codes of Meta about the sender or a temporary condition: retry, slow down, or stop.
 * Source: Meta, "Error codes" of the WhatsApp Cloud API; the waits from "Throughput" and "About the platform".
 * Some come with a misleading HTTP status (3, 131045 and 133000 as a 5xx, 4 and 130429 as a 400).
 */
import { rows } from './code-row.js'

const waiting = 'Wait: the retry schedule sends it again. If many messages fail with this code, check Meta\'s status page.'
const token = 'Create a new access token, configure it in the gateway, and resume the sender.'
const permission = 'Grant the app and its token the permission whatsapp_business_messaging for this account, then resume the sender.'
const quota = 'Wait: the sender continues by itself. If it repeats, find what else calls Meta with this app.'
const register = 'Complete the registration of the number in WhatsApp Manager, then resume the sender.'

/** Meta: "Invalid request or possible server error". Two retries distinguish them; more would only delay the failure. */
export const ambiguousCodes = rows({ outcome: 'retryable', mostAttempts: 3, outage: true }, [
  ['1', 'API Unknown', 'The request is invalid, or Meta had an internal error; the code does not distinguish them.', waiting]
])

/** Rejected before acceptance, since WhatsApp does not work. */
export const outageCodes = rows({ outcome: 'retryable', outage: true }, [
  ['2', 'API Service', 'Meta\'s service was down or overloaded.', waiting],
  ['131000', 'Something went wrong', 'Meta had an error that it does not explain.', waiting],
  ['131016', 'Service unavailable', 'An internal WhatsApp service was temporarily unavailable.', waiting]
])

/** Rejected before acceptance, for a temporary reason that concerns one message, template or number. */
export const transientCodes = rows({ outcome: 'retryable' }, [
  ['132069', 'Flow is throttled', 'Meta throttles the WhatsApp Flow to ten messages an hour, because its endpoint fails too often.',
    'Repair the endpoint of the Flow; the retry schedule sends the message again.'],
  ['133004', 'Server temporarily unavailable', 'The server of the number was temporarily unavailable.', waiting],
  ['133015', 'Wait before registering', 'The number was deleted recently and cannot be registered yet.',
    'Wait five minutes and register the number again.'],
  ['134101', 'Template is syncing', 'The marketing template is new; Meta needs up to ten minutes to synchronize it.', waiting]
])

/**
 * Too many messages to one recipient. The first cool-down is the interval of Meta's pair rate, one message in 6 s; Meta asks for
 * a backoff of 4^n. The fourth step is the last: 384 s exceed the 270 s that the largest burst (45 messages, 6 s each) takes to refill.
 */
export const pairCodes = rows({ outcome: 'limited-pair', coolDownMs: 6_000, growth: 4, mostMs: 384_000 }, [
  ['131056', 'Pair rate limit hit', 'This sender has sent too many messages to this recipient; other recipients are not affected.',
    'Wait: the pair has a cool-down, longer each time. If it repeats often, use Meta\'s own pair rule (docs/rates.md).']
])

/** The throughput limit of the number. Meta counts per second, so the cool-down is one second. The rate of the sender is reduced. */
export const throughputCodes = rows({ outcome: 'limited-flow', coolDownMs: 1_000, slows: true }, [
  ['130429', 'Rate limit hit', 'The sender has exceeded Meta\'s limit of messages per second.',
    'Wait: the sender continues after a second. If it repeats, lower the sender\'s rate, or find what else sends from this number.']
])

/** Call quotas of the app or the account, and the minute in which Meta raises the throughput of a number. */
export const quotaCodes = rows({ outcome: 'limited-flow', coolDownMs: 60_000 }, [
  ['4', 'API Too Many Calls', 'The app has used up its call quota.', quota],
  ['17', 'User request limit reached', 'The user of the token has used up the call quota.', quota],
  ['32', 'Page request limit reached', 'The page of the token has used up its call quota.', quota],
  ['341', 'Application limit reached', 'The app has temporarily used up its quota.', quota],
  ['613', 'Calls to this API exceeded the limit', 'This API was called more often than Meta allows.', quota],
  ['80007', 'Rate limit issues', 'The WhatsApp Business account has used up its call quota.', quota],
  ['80008', 'Too many calls to this account', 'The WhatsApp Business account has used up its call quota.', quota],
  ['131057', 'Account in maintenance mode', 'Meta is raising the throughput of this number and sends nothing for about a minute.',
    'Wait: the sender continues by itself.'],
  ['131208', 'Group operations limit', 'Too many changes were made to WhatsApp groups.', quota]
])

// A stopped sender sends nothing until an operator resumes it or a probe succeeds. The probe interval depends on the code.

/** The token or its permissions: fixed within minutes, and a rejected probe costs nothing. */
export const accessCodes = rows({ outcome: 'sender-stopped', probeMs: 60_000 }, [
  ['0', 'AuthException', 'Meta does not recognize the access token.', token],
  ['3', 'API Method', 'The app lacks the capability or permission for this call, despite the HTTP status 500.', permission],
  ['10', 'Permission Denied', 'A permission is missing, or the account may not use this API.', permission],
  ['33', 'Parameter value is not valid', 'The sender\'s phone number no longer exists.',
    'Check the phone number id of the sender; the number may be deleted.'],
  ['100/33', 'Object does not exist', 'The phone number id does not exist, or the token has no access to it.',
    'Check the phone number id of the sender, and that the token belongs to its account.'],
  ['104', 'Access token required', 'The request needs a valid access token.', token],
  ['190', 'Access token has expired', 'The access token has expired or was revoked.', token],
  ['200-299', 'API Permission', 'A permission is missing or was revoked.', permission],
  ['131005', 'Access denied', 'A permission is missing or was revoked.', permission]
])

/** Account, payment, registration: the fix is a manual process at Meta. */
export const accountCodes = rows({ outcome: 'sender-stopped', probeMs: 15 * 60_000 }, [
  ['368', 'Temporarily blocked for policies violations', 'Meta has restricted the account for violating its policies.',
    'Read the reason in Business Support Home, appeal there, then resume the sender.'],
  ['131031', 'Account has been locked', 'Meta has locked the account for a policy violation or failed verification.',
    'Read the reason in Business Support Home; resume the sender once the lock is lifted.'],
  ['131037', 'Display name not approved', 'The number has no approved display name.',
    'Have the display name approved in WhatsApp Manager, then resume the sender.'],
  ['131044', 'Business eligibility payment issue (calling)', 'The account has a payment problem.',
    'Repair the payment method in Meta\'s billing settings, then resume the sender.'],
  ['131045', 'Incorrect certificate', 'The number is not registered correctly, despite the HTTP status 500.', register],
  ['133000', 'Incomplete deregistration', 'The deregistration of the number is incomplete.',
    'Deregister the number again, register it, then resume the sender.'],
  ['133005', 'Two-step verification PIN mismatch', 'The registration used a wrong PIN.', register],
  ['133006', 'Phone number re-verification needed', 'The number must be verified before registration.', register],
  ['133008', 'Too many two-step verification PIN guesses', 'A wrong PIN was entered too often.', register],
  ['133009', 'Two-step verification PIN guessed too fast', 'The PIN was entered again too soon.', register],
  ['133010', 'Phone number not registered', 'The number is not registered with the Cloud API.', register]
])

/** Messages that the business pays for. Of a template it stops the templates of the account, and replies go on. */
export const paymentCodes = rows({ outcome: 'sender-stopped', probeMs: 15 * 60_000, scope: 'account-templates' }, [
  ['131042', 'Business eligibility payment issue', 'The account has a payment problem.',
    'Repair the payment method, credit line or currency in Meta\'s billing settings, then resume the sender.']
])

/** Restrictions that Meta lifts by itself hours later; frequent attempts may prolong them. They do not concern replies in an open window. */
export const spamCodes = rows({ outcome: 'sender-stopped', probeMs: 3_600_000, scope: 'templates' }, [
  ['131048', 'Spam rate limit hit',
    'Meta restricts the number, because too many recipients have blocked or reported it. Frequent attempts prolong the restriction.',
    'Check the quality rating in WhatsApp Manager and improve what you send. Resume the sender after some hours; a probe runs once an hour.']
])
export const categoryCodes = rows({ outcome: 'sender-stopped', probeMs: 3_600_000, scope: 'account-templates' }, [
  ['131064', 'Messaging limit reached', 'Meta restricts the account, because templates have the wrong category. The restriction ends by itself.',
    'Correct the categories of the templates; wait for the end of the restriction.']
])

/** Registration: Meta lifts it by itself. */
export const restrictionCodes = rows({ outcome: 'sender-stopped', probeMs: 3_600_000 }, [
  ['133016', 'Account register or deregister limit exceeded', 'The number was registered too often; Meta rejects further registrations for 72 hours.',
    'Wait until Meta allows registration again.']
])
