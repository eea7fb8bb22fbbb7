/**
 * Meta's codes that speak of one message, its recipient or its template: another try of the same would end the same.
 * Source: Meta, "Error codes" of the WhatsApp Cloud API. Those that may work much later say from when on.
 */
import { rows } from './code-row.js'

const request = 'Correct the message in the calling service and send it again.'
const template = 'Make the message and its template fit each other, and send it again.'
const group = 'Check the group in the calling service.'
const H = 3_600_000

/** This message never goes out as it is. */
export const requestCodes = rows({ outcome: 'rejected' }, [
  ['100', 'Invalid parameter', 'A field of the message is unknown, malformed or too long.', request],
  ['506', 'Duplicate Post', 'Meta took it for a repetition of an earlier post.', 'Look whether the earlier message has arrived.'],
  ['131008', 'Required parameter is missing', 'The message lacks a field that it needs.', request],
  ['131009', 'Parameter value is not valid', 'A field of the message has a value that is not allowed.', request],
  ['131021', 'Recipient cannot be sender', 'The message was addressed to the number that sends it.', request],
  ['131043', 'Message expired', 'WhatsApp could not deliver the message during its life.', 'Send it again if it still matters.'],
  ['131047', 'Re-engagement message', 'The person has not written in the last 24 hours, so only a template may be sent.', 'Send an approved template instead.'],
  ['131051', 'Unsupported message type', 'WhatsApp does not know this type of message.', request],
  ['131052', 'Media download error', 'A file that the person sent could not be fetched.', 'Ask the person to send the file in another way.'],
  ['131053', 'Media upload error', 'WhatsApp could not fetch the file of this message, or does not take its type or size.', 'Check link, type and size of the file; upload it and send its id.'],
  ['131055', 'Method not allowed', 'This kind of message may not take the way for marketing messages.', 'Send it as an ordinary message.'],
  ['134011', 'WhatsApp Payments terms pending', 'The terms of WhatsApp Payments have not been accepted.', 'Accept them in WhatsApp Manager and send it again.'],
  ['134100', 'Only marketing messages supported', 'This way is for marketing templates only.', 'Send it as an ordinary message.'],
  ['134102', 'Template unavailable for marketing', 'The template can not be used on the way for marketing messages, whatever the HTTP status 500 suggests.', 'Choose another template, or send it as an ordinary message.'],
  ['135000', 'Generic user error', 'Something in the message is not valid; Meta does not say what.', request],
  ['137000', 'Identity key mismatch', 'The person has a new phone or was registered anew since their identity was noted.', 'Confirm who it is, note the new identity and send it again.'],
  ['139200', 'Direct Send access blocked', 'Meta has blocked Direct Send for this account; other messages are not affected.', 'Send an approved template instead.']
])

/** This person can not or will not get it. */
export const recipientCodes = rows({ outcome: 'rejected' }, [
  ['130403', 'User blocked by business', 'The business has blocked this person.', 'Unblock the person and send it again.'],
  ['130472', 'User is part of an experiment', 'Meta holds marketing back from this person for an experiment.', 'Reach the person in another way; another try ends the same.'],
  ['130497', 'Restricted in this country', 'The business may not write to people in this country.', 'Do not write to this country, or have the restriction lifted.'],
  ['131026', 'Message undeliverable', 'The number is not on WhatsApp, its app is too old, or the person has not accepted the new terms.', 'Check the number, and ask the person by other means to update WhatsApp.'],
  ['131030', 'Recipient not in allowed list', 'A test number may write to listed people only, and this one is not listed.', 'Add the person to the list in the app\'s settings, in this very spelling.'],
  ['131062', 'Business-scoped user ids not supported', 'This message needs a phone number, and the recipient was given as a user id.', 'Send it to the phone number.']
])

/** The person has said so in WhatsApp: marketing is refused here too until it is taken back. */
export const optOutCodes = rows({ outcome: 'rejected', optsOut: true }, [
  ['131050', 'User stopped marketing messages', 'The person does not want marketing from this business.', 'Send no more marketing until the person allows it again.']
])

/** The template or the Flow is the reason. */
export const templateCodes = rows({ outcome: 'rejected' }, [
  ['131063', 'Marketing templates disabled', 'The account sends marketing templates by the marketing way only.', 'Send it by marketing_messages, or change the account\'s setting.'],
  ['132000', 'Template parameter count mismatch', 'The message has more or fewer values than its template.', template],
  ['132001', 'Template does not exist', 'There is no approved template of this name and language.', 'Check name, language and approval of the template.'],
  ['132005', 'Template text too long', 'With its values the template is too long.', template],
  ['132007', 'Template character policy violated', 'A value of the template holds something that Meta\'s policy forbids.', template],
  ['132008', 'Template parameter value invalid', 'A value of the template is not valid.', template],
  ['132012', 'Template parameter format mismatch', 'A value of the template has the wrong format.', template],
  ['132016', 'Template is disabled', 'Meta has switched the template off for good, for its low quality.', 'Make a new template with other content.'],
  ['132018', 'Template validation error', 'The template message is not valid.', template],
  ['132068', 'Flow is blocked', 'Meta has blocked the WhatsApp Flow in this message.', 'Repair the Flow and have it unblocked.']
])

/** Groups. They do not come with an ordinary message. */
export const groupCodes = rows({ outcome: 'rejected' }, [
  ['131020', 'Group has a single member', 'Nobody else is in the group.', group],
  ['131041', 'Unknown group', 'There is no such group.', group],
  ['131059', 'Group management error', 'The group could not be changed.', group],
  ['131201-131215', 'Group management error', 'The group could not be changed.', group]
])

/** Meta's "Per-user marketing template message limits": not before 24 h; earlier tries are punished. */
export const perUserCodes = rows({ outcome: 'rejected', retryNotBeforeMs: 24 * H }, [
  ['131049', 'Not delivered to maintain healthy ecosystem engagement', 'The person has got as much marketing, from all businesses, as Meta thinks good.', 'Do not send it again before 24 hours have passed; earlier tries are punished.']
])

/** Meta's "Template pausing": 3 h the first time, 6 h the second, then disabled. */
export const pausedCodes = rows({ outcome: 'rejected', retryNotBeforeMs: 3 * H }, [
  ['132015', 'Template is paused', 'Too many people disliked the template, so Meta has paused it, for three hours the first time and six the second.', 'Improve the template or use another; do not try before the pause has ended.']
])
