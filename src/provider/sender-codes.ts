/**
 * Meta's codes that speak of the moment or of the sender: try again, slow down, or stop.
 * Source: Meta, "Error codes" of the WhatsApp Cloud API; the waits from "Throughput" and "About the platform".
 * Several of them come with an HTTP status that says the opposite (3, 131045 and 133000 as a 5xx, 4 and 130429 as a 400).
 */
import { rows } from './code-row.js'

const waiting = 'Nothing: it is sent again by the retry schedule. If many messages show this, look at Meta\'s status page.'
const token = 'Create a new access token, give it to the gateway, and resume the sender.'
const permission = 'Give the app and its token the permission whatsapp_business_messaging for this account, then resume the sender.'
const quota = 'Nothing: the sender goes on by itself. If it repeats, find what else calls Meta with this app.'
const register = 'Finish the registration of the number in WhatsApp Manager, then resume the sender.'

/** Meta's page: "Invalid request or possible server error". Two retries find out which; more would only put off its end. */
export const ambiguousCodes = rows({ outcome: 'retryable', mostAttempts: 3 }, [
  ['1', 'API Unknown', 'Meta could not make sense of the request, or had an error of its own; it does not say which.', waiting]
])

/** Refused before it was accepted, for a reason that passes. */
export const transientCodes = rows({ outcome: 'retryable' }, [
  ['2', 'API Service', 'Meta\'s service was down or overloaded.', waiting],
  ['131000', 'Something went wrong', 'Meta had an error that it does not explain.', waiting],
  ['131016', 'Service unavailable', 'A service inside WhatsApp was away for a moment.', waiting],
  ['132069', 'Flow is throttled', 'The WhatsApp Flow in this message is slowed down by Meta to ten messages an hour, because its endpoint fails too often.',
    'Repair the endpoint of the Flow; the message is sent again by the retry schedule.'],
  ['133004', 'Server temporarily unavailable', 'The server that holds the number was away for a moment.', waiting],
  ['133015', 'Wait before registering', 'The number was deleted a moment ago and can not be registered yet.',
    'Wait five minutes and register the number again.'],
  ['134101', 'Template is syncing', 'The marketing template is new and Meta is still copying it, which takes up to ten minutes.', waiting]
])

/**
 * Too many to one person. The first rest is the interval of Meta's pair rate, one message in 6 s; Meta asks for rests that grow
 * by 4^n. The fourth is the last: longer than
 * it takes to pay back the largest burst that Meta lends, 45 times 6 s.
 */
export const pairCodes = rows({ outcome: 'limited-pair', coolDownMs: 6_000, growth: 4, mostMs: 384_000 }, [
  ['131056', 'Pair rate limit hit', 'Too many messages went from this sender to this one person; other people are not affected.',
    'Nothing: the next try comes after a rest, which grows as long as it repeats. If it repeats often, keep to Meta\'s own pair rule (docs/rates.md).']
])

/** More messages a second than the number may send. A second is the span in which Meta counts. */
export const throughputCodes = rows({ outcome: 'limited-flow', coolDownMs: 1_000 }, [
  ['130429', 'Rate limit hit', 'The sender has sent more messages in a second than Meta allows it.',
    'Nothing: the sender goes on in a second. If it repeats, lower the sender\'s rate, or see who else sends from this number.']
])

/** Call quotas of the app or the account, and the minute in which a number's throughput is being raised. */
export const quotaCodes = rows({ outcome: 'limited-flow', coolDownMs: 60_000 }, [
  ['4', 'API Too Many Calls', 'The app has used up its quota of calls.', quota],
  ['17', 'User request limit reached', 'The user behind the token has used up the quota of calls.', quota],
  ['32', 'Page request limit reached', 'The page behind the token has used up its quota of calls.', quota],
  ['341', 'Application limit reached', 'The app has used up its quota for the time being.', quota],
  ['613', 'Calls to this API exceeded the limit', 'This kind of call was made more often than Meta allows.', quota],
  ['80007', 'Rate limit issues', 'The WhatsApp Business account has used up its quota of calls.', quota],
  ['80008', 'Too many calls to this account', 'The WhatsApp Business account has used up its quota of calls.', quota],
  ['131057', 'Account in maintenance mode', 'Meta is raising the throughput of this number, during which it can not send; that takes about a minute.',
    'Nothing: the sender goes on by itself.'],
  ['131208', 'Group operations limit', 'Too many changes were made to WhatsApp groups.', quota]
])

// Nothing of a stopped sender goes out until somebody acts or Meta lifts it. From time to time one message is tried, so that it
// opens by itself: how often depends on what stopped it.

/** The token or its permissions, which somebody mends within minutes; a refused try costs nothing. */
export const accessCodes = rows({ outcome: 'sender-stopped', probeMs: 60_000 }, [
  ['0', 'AuthException', 'Meta could not recognise the access token.', token],
  ['3', 'API Method', 'The app may not use this call, whatever the HTTP status 500 suggests.', permission],
  ['10', 'Permission Denied', 'A permission is missing, or the account may not use this API.', permission],
  ['33', 'Parameter value is not valid', 'The sender\'s business number does not exist any more.', 'Check the phone number id of the sender; the number may have been deleted.'],
  ['100/33', 'Object does not exist', 'Meta finds no such phone number id, or the token may not see it.', 'Check the phone number id of the sender, and that the token belongs to its account.'],
  ['104', 'Access token required', 'The request needs a valid access token.', token],
  ['190', 'Access token has expired', 'The access token has expired or was withdrawn.', token],
  ['200-299', 'API Permission', 'A permission was not given, or was taken away.', permission],
  ['131005', 'Access denied', 'A permission was not given, or was taken away.', permission]
])

/** Account, payment, registration: mended by people and forms. */
export const accountCodes = rows({ outcome: 'sender-stopped', probeMs: 15 * 60_000 }, [
  ['368', 'Temporarily blocked for policies violations', 'Meta has restricted the account for breaking its policies.', 'Read the reason in Business Support Home, appeal there, then resume the sender.'],
  ['131031', 'Account has been locked', 'Meta has locked the account, for its policies or because data could not be verified.', 'Read the reason in Business Support Home; resume the sender once the lock is lifted.'],
  ['131037', 'Display name not approved', 'The number has no approved display name yet.', 'Have the display name approved in WhatsApp Manager, then resume the sender.'],
  ['131042', 'Business eligibility payment issue', 'There is a problem with the way the account pays.', 'Repair the payment method, credit line or currency in Meta\'s billing settings, then resume the sender.'],
  ['131044', 'Business eligibility payment issue (calling)', 'There is a problem with the way the account pays.', 'Repair the payment method in Meta\'s billing settings, then resume the sender.'],
  ['131045', 'Incorrect certificate', 'The number is not properly registered, whatever the HTTP status 500 suggests.', register],
  ['133000', 'Incomplete deregistration', 'The number was deregistered halfway.', 'Deregister the number once more, register it, then resume the sender.'],
  ['133005', 'Two-step verification PIN mismatch', 'The number was to be registered with a wrong PIN.', register],
  ['133006', 'Phone number re-verification needed', 'The number has to be verified before it can be registered.', register],
  ['133008', 'Too many two-step verification PIN guesses', 'The PIN of the number was wrong too often.', register],
  ['133009', 'Two-step verification PIN guessed too fast', 'The PIN of the number was tried too fast.', register],
  ['133010', 'Phone number not registered', 'The number is not registered with the Cloud API.', register]
])

/** Restrictions that Meta lifts by itself, hours later, and that frequent tries may prolong. */
export const restrictionCodes = rows({ outcome: 'sender-stopped', probeMs: 3_600_000 }, [
  ['131048', 'Spam rate limit hit', 'Too many people have blocked or reported this number, so Meta restricts it. Fast tries make it worse.', 'See the quality rating in WhatsApp Manager, send less and more welcome messages. It is tried once an hour; resume it hours later at the earliest.'],
  ['131064', 'Messaging limit reached', 'Templates of the account were filed under a wrong category, so Meta holds it back. It lifts by itself.', 'Correct the categories of the templates; wait for the end of the restriction.'],
  ['133016', 'Account register or deregister limit exceeded', 'The number was registered too often; Meta refuses more for 72 hours.', 'Wait until Meta allows a registration again.']
])
