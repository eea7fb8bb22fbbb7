/**
 * Codes of Meta about one message, its recipient or its template: a retry ends the same way.
 * Source: Meta, "Error codes" of the WhatsApp Cloud API. `retryNotBeforeMs` marks codes that may succeed much later.
 */
import { rows } from './code-row.js'

const request = 'Correct the message in the calling service and send it again.'
const template = 'Make the message match its template and send it again.'
const group = 'Check the group in the calling service.'
const H = 3_600_000

/** Invalid request: this message can never be sent unchanged. */
export const requestCodes = rows({ outcome: 'rejected' }, [
  ['100', 'Invalid parameter', 'A field of the message is unknown, malformed or too long.', request],
  ['506', 'Duplicate Post', 'Meta regards the message as a duplicate of an earlier post.', 'Check whether the earlier message has arrived.'],
  ['131008', 'Required parameter is missing', 'The message lacks a required field.', request],
  ['131009', 'Parameter value is not valid', 'A field of the message has an invalid value.', request],
  ['131021', 'Recipient cannot be sender', 'The recipient is the sending number itself.', request],
  ['131043', 'Message expired', 'WhatsApp could not deliver the message before it expired.', 'Send it again if it is still relevant.'],
  ['131051', 'Unsupported message type', 'WhatsApp does not support this message type.', request],
  ['131052', 'Media download error', 'WhatsApp could not download a file that the recipient sent.',
    'Ask the recipient to send the file in another way.'],
  ['131053', 'Media upload error', 'WhatsApp could not fetch the file, or does not accept its type or size.',
    'Check the link, type and size of the file; or upload it and send its id.'],
  ['131055', 'Method not allowed', 'Meta does not accept this message type on the marketing messages endpoint.', 'Send it as an ordinary message.'],
  ['134011', 'WhatsApp Payments terms pending', 'The terms of WhatsApp Payments are not accepted.',
    'Accept them in WhatsApp Manager and send the message again.'],
  ['134100', 'Only marketing messages supported', 'The marketing messages endpoint accepts only marketing templates.',
    'Send it as an ordinary message.'],
  ['134102', 'Template unavailable for marketing', 'The marketing messages endpoint does not accept this template, despite the HTTP status 500.',
    'Choose another template, or send it as an ordinary message.'],
  ['137000', 'Identity key mismatch', 'The recipient has changed phones or registered again since the identity key was stored.',
    'Verify the recipient\'s identity, store the new key and send the message again.'],
  ['139200', 'Direct Send access blocked', 'Meta has blocked Direct Send for this account; other messages are not affected.',
    'Send an approved template instead.']
])

/** In a response it is about the message. By webhook Meta drops the messages that it held, and sends no template of the portfolio until a review. */
export const pacingCodes = rows({ outcome: 'rejected', stopsTemplatesMs: 24 * H }, [
  ['135000', 'Generic user error',
    'Part of the message is invalid, and Meta does not specify which. If Meta had held it for assessment, it has dropped it and sends no template.',
    'Correct the message and send it again. Of a held template: read the reason in Business Support Home.']
])

/** The recipient's customer service window is closed. */
export const windowCodes = rows({ outcome: 'rejected', window: true }, [
  ['131047', 'Re-engagement message', 'The recipient has not written in the last 24 hours, so Meta accepts only templates.',
    'Send an approved template instead.']
])

/** The recipient cannot or does not accept the message. */
export const recipientCodes = rows({ outcome: 'rejected' }, [
  ['130403', 'User blocked by business', 'The business has blocked the recipient.', 'Unblock the recipient and send the message again.'],
  ['130472', 'User is part of an experiment', 'Meta withholds marketing from the recipient for an experiment.',
    'Use another channel; a retry fails in the same way.'],
  ['130497', 'Restricted in this country', 'The business may not message recipients in this country.',
    'Do not message this country, or have the restriction lifted.'],
  ['131026', 'Message undeliverable', 'The number is not on WhatsApp, the app is too old, or the recipient has not accepted the new terms.',
    'Check the number, and ask the recipient over another channel to update WhatsApp.'],
  ['131030', 'Recipient not in allowed list', 'A test number may message only listed recipients, and this one is not listed.',
    'Add the recipient to the list in the app\'s settings, spelled exactly the same.'],
  ['131062', 'Business-scoped user ids not supported', 'This message needs a phone number, and the recipient is a user id.',
    'Send it to the phone number.']
])

/** Opt-out in WhatsApp: the gateway rejects marketing too, until the recipient opts in again. */
export const optOutCodes = rows({ outcome: 'rejected', optsOut: true }, [
  ['131050', 'User stopped marketing messages', 'The recipient has opted out of marketing from this business.',
    'Send no marketing until the recipient opts in again.']
])

/** The template or the Flow is the cause. */
export const templateCodes = rows({ outcome: 'rejected' }, [
  ['131063', 'Marketing templates disabled', 'The account sends marketing templates only through the marketing messages endpoint.',
    'Send it through marketing_messages, or change the account\'s setting.'],
  ['132000', 'Template parameter count mismatch', 'The message has more or fewer values than its template.', template],
  ['132005', 'Template text too long', 'The template is too long with these values.', template],
  ['132008', 'Template parameter value invalid', 'A value of the template is invalid.', template],
  ['132012', 'Template parameter format mismatch', 'A value of the template has the wrong format.', template],
  ['132018', 'Template validation error', 'The template message is invalid.', template],
  ['132068', 'Flow is blocked', 'Meta has blocked the WhatsApp Flow in this message.', 'Repair the Flow and have it unblocked.']
])

/** Nothing of this template can be sent as long as its status stays. */
export const missingCodes = rows({ outcome: 'rejected', template: 'missing' }, [
  ['132001', 'Template does not exist', 'No approved template has this name and language.', 'Check the name, language and approval of the template.']
])
export const doubtfulCodes = rows({ outcome: 'rejected', template: 'doubtful' }, [
  ['132007', 'Template character policy violated', 'A value of the template contains content that Meta\'s policy forbids.', template]
])
export const disabledCodes = rows({ outcome: 'rejected', template: 'disabled' }, [
  ['132016', 'Template is disabled', 'Meta has permanently disabled the template for low quality.', 'Create a new template with other content.']
])

/** Groups. Ordinary messages do not return these codes. */
export const groupCodes = rows({ outcome: 'rejected' }, [
  ['131020', 'Group has a single member', 'The group has no other member.', group],
  ['131041', 'Unknown group', 'The group does not exist.', group],
  ['131059', 'Group management error', 'The group could not be changed.', group],
  ['131201-131215', 'Group management error', 'The group could not be changed.', group]
])

/** Meta's "Per-user marketing template message limits": Meta penalizes retries within 24 h. */
export const perUserCodes = rows({ outcome: 'rejected', retryNotBeforeMs: 24 * H }, [
  ['131049', 'Not delivered to maintain healthy ecosystem engagement',
    'The recipient has reached Meta\'s limit of marketing messages from all businesses.',
    'Wait at least 24 hours before you send it again; Meta penalizes earlier retries.']
])

/** Meta's "Template pausing": 3 h the first time, 6 h the second, then disabled. */
export const pausedCodes = rows({ outcome: 'rejected', retryNotBeforeMs: 3 * H, template: 'paused' }, [
  ['132015', 'Template is paused', 'Meta has paused the template for low quality: three hours the first time, six the second.',
    'Improve the template or use another; do not retry before the pause ends.']
])
