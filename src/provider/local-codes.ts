/** Codes of our own, for answers of Meta that did not come or could not be read, and for those of somebody in between. */
import { rows } from './code-row.js'

const free = 'Nothing: it kept its place and goes out as soon as it can.'
const path = 'Check the way out: network, firewall, proxy, DNS, and WHATSAPP_API_URL. The message kept its place.'
const held = 'Wait for WhatsApp\'s status of the message, or ask the person; then it is retried or given up by the rule for unknown outcomes.'
const address = 'Check WHATSAPP_API_URL and what stands between the gateway and Meta, then resume the sender.'

/** Not a byte of the message went out. */
export const unsentCodes = rows({ outcome: 'unsent' }, [
  ['NOT_STARTED', 'No connection in time', 'No connection to Meta was free within the time that the grant allowed.', 'Nothing, if it is rare. Else raise the number of connections, or see why Meta or the network is slow.'],
  ['GIVEN_BACK', 'Lost on the way to the gateway', 'Redis granted the message, and its answer did not reach the node that asked.', free],
  ['SHUTTING_DOWN', 'Gateway closing', 'This node was shutting down.', free],
  ['CONNECT_REFUSED', 'Connection refused', 'The other side does not take connections.', path],
  ['CONNECT_TIMEOUT', 'Connection timed out', 'The other side did not answer the call for a connection.', path],
  ['CONNECT_FAILED', 'Connection failed', 'The connection broke before it could be used.', path],
  ['UNREACHABLE', 'Host unreachable', 'There is no way to the other side from here.', path],
  ['DNS_FAILED', 'Name not resolved', 'The host name could not be turned into an address.', path],
  ['TLS_FAILED', 'Encryption failed', 'The other side\'s certificate is not trusted, or no encryption could be agreed on.', 'Check the clock, the certificates of the machine, and any proxy that opens TLS. The message kept its place.']
])

/** It went out, or part of it, and no verdict came back. A second try may reach the person twice. */
export const unknownCodes = rows({ outcome: 'unknown' }, [
  ['LEASE_EXPIRED', 'Node gone', 'The node that was sending it ended, or lost Redis, before it could tell what became of it.', held],
  ['HEADERS_TIMEOUT', 'No answer in time', 'Meta took the request and did not begin to answer within the time.', held],
  ['BODY_TIMEOUT', 'Answer not finished in time', 'Meta began to answer and did not finish within the time.', held],
  ['RESET', 'Connection lost', 'The connection broke after the request had begun and before the answer was there.', held],
  ['BAD_ANSWER', 'Answer without a verdict', 'The answer was no valid HTTP, or said neither a message id nor an error.', held],
  ['ANSWER_TOO_LARGE', 'Answer too large', 'The answer was larger than any that Meta gives.', held],
  ['HTTP_408', 'Request timed out on the way', 'Somebody in between gave up waiting and does not say whether Meta got the message.', held],
  ['HTTP_499', 'Closed on the way', 'Somebody in between closed the request and does not say whether Meta got the message.', held],
  ['HTTP_5XX', 'Server error without a verdict', 'Meta\'s edge or somebody in between failed and does not say whether the message was taken.', held]
])

/** HTTP refusals without a code of Meta that would hit the next message just as well: settings, not the message. */
export const httpStopCodes = rows({ outcome: 'sender-stopped', probeMs: 60_000 }, [
  ['HTTP_3XX', 'Redirected', 'The address sends us elsewhere, which Meta\'s never does.', address],
  ['HTTP_401', 'Not authenticated', 'The access token was refused.', 'Check the access token and any proxy, then resume the sender.'],
  ['HTTP_403', 'Forbidden on the way', 'Somebody in between, or Meta\'s edge, does not let the message pass.', address],
  ['HTTP_404', 'Wrong address', 'There is no such page where Meta\'s API should be.', address],
  ['HTTP_405', 'Wrong address', 'What answers there does not take messages.', address],
  ['HTTP_407', 'Proxy wants a login', 'A proxy on the way wants to be logged in to.', address]
])

/** HTTP refusals without a code of Meta that concern this message. */
export const httpRejectedCodes = rows({ outcome: 'rejected' }, [
  ['HTTP_413', 'Too large', 'The message is larger than Meta or somebody in between allows.', 'Shorten the message; send files by id or link.'],
  ['HTTP_4XX', 'Refused', 'The request was refused without a code of Meta.', 'Look at the status and at what stands between the gateway and Meta; then send it again.'],
  ['REQUEST_INVALID', 'Request could not be made', 'The message could not be turned into a request.', 'Correct the message in the calling service and send it again.']
])

/** A 425 says, by RFC 8470, that the request was not worked on. `TRANSIENT` is Graph's own mark on an error. */
export const httpRetryCodes = rows({ outcome: 'retryable' }, [
  ['HTTP_425', 'Too early', 'The other side wants the request once more on a settled connection.', 'Nothing: it is sent again by the retry schedule.'],
  ['TRANSIENT', 'Passing error', 'Meta refused the message for a reason that it says will pass.', 'Nothing: it is sent again by the retry schedule.']
])

/** Nobody says how long; ten seconds are long for Meta's rates and short for a person, and `Retry-After` may double them. */
export const httpLimitCodes = rows({ outcome: 'limited-flow', coolDownMs: 10_000 }, [
  ['HTTP_429', 'Too many requests', 'Meta\'s edge or somebody in between wants fewer requests.', 'Nothing: the sender goes on by itself. If it repeats, lower the sender\'s rate.']
])
