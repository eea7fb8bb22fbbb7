/** Codes of Sluice: for missing or unreadable responses of Meta, and for responses of a proxy or an edge server. */
import { rows } from './code-row.js'

const free = 'Wait: the message keeps its place and is sent as soon as possible.'
const path = 'Check the network path: firewall, proxy, DNS, and WHATSAPP_API_URL. The message keeps its place.'
const hold = 'Wait for WhatsApp\'s status of the message, or ask the recipient. The rule for unknown outcomes then retries or fails it.'
const health = 'Read Meta\'s own words with `npx sluice sender`, and repair the cause. It ends by itself; resume the sender to try at once.'
const address = 'Check WHATSAPP_API_URL and any proxy between the gateway and Meta, then resume the sender.'

/** No byte of the message was written. */
export const unsentCodes = rows({ outcome: 'unsent' }, [
  ['NOT_STARTED', 'No connection in time', 'No connection to Meta was free before the start deadline of the grant.',
    'None, if it is rare. Otherwise raise the number of connections, or find out why Meta or the network is slow.'],
  ['GIVEN_BACK', 'Grant reply lost', 'Redis granted the message, and the reply did not reach the node.', free],
  ['SHUTTING_DOWN', 'Gateway shutting down', 'The node was shutting down.', free]
])

/** No byte of the message was written, since no connection could be made. */
export const unreachableCodes = rows({ outcome: 'unsent', outage: true }, [
  ['CONNECT_REFUSED', 'Connection refused', 'The remote host refused the connection.', path],
  ['CONNECT_TIMEOUT', 'Connection timed out', 'The remote host did not respond to the connection request.', path],
  ['CONNECT_FAILED', 'Connection failed', 'The connection broke before the request was written.', path],
  ['UNREACHABLE', 'Host unreachable', 'The network has no route to the remote host.', path],
  ['PROXY_REFUSED', 'Refused by the proxy', 'The proxy does not connect to this host, or rejects its user.',
    'Check HTTPS_PROXY with its user and password, NO_PROXY, and what the proxy allows. The message keeps its place.'],
  ['DNS_FAILED', 'Name not resolved', 'DNS did not resolve the host name.', path],
  ['TLS_FAILED', 'Encryption failed', 'The certificate is not trusted, or the TLS handshake failed.',
    'Check the system clock, the trusted certificates, and any proxy that intercepts TLS. The message keeps its place.']
])

/** The sending node is gone: that says nothing of WhatsApp. A retry may deliver the message twice. */
export const lostCodes = rows({ outcome: 'unknown' }, [
  ['LEASE_EXPIRED', 'Node gone', 'The sending node exited or lost Redis before it recorded the outcome.', hold]
])

/** The request was written, at least partly, and no valid response came. A retry may deliver the message twice. */
export const unknownCodes = rows({ outcome: 'unknown', outage: true }, [
  ['HEADERS_TIMEOUT', 'No response in time', 'Meta received the request and sent no response headers in time.', hold],
  ['BODY_TIMEOUT', 'Incomplete response', 'Meta did not complete the response body in time.', hold],
  ['RESET', 'Connection lost', 'The connection broke after the request had started and before the response.', hold],
  ['INVALID_RESPONSE', 'Invalid response', 'The response is not valid HTTP, or has neither a message id nor an error.', hold],
  ['RESPONSE_TOO_LARGE', 'Response too large', 'The response is larger than any response of Meta.', hold],
  ['HTTP_408', 'Proxy timeout', 'A proxy timed out, and it is unknown whether Meta received the message.', hold],
  ['HTTP_499', 'Closed by a proxy', 'A proxy closed the request, and it is unknown whether Meta received the message.', hold],
  ['HTTP_5XX', 'Server error without a code', 'Meta\'s edge or a proxy failed, and it is unknown whether Meta accepted the message.', hold]
])

/** HTTP errors without a code of Meta that affect every message of the sender: a wrong setting, not a bad message. */
export const httpStopCodes = rows({ outcome: 'sender-stopped', probeMs: 60_000 }, [
  ['HTTP_3XX', 'Redirected', 'The address redirects the request, which Meta\'s API never does.', address],
  ['HTTP_401', 'Not authenticated', 'The access token was rejected.', 'Check the access token and any proxy, then resume the sender.'],
  ['HTTP_403', 'Forbidden by a proxy', 'A proxy or Meta\'s edge blocks the message.', address],
  ['HTTP_404', 'Wrong address', 'Meta\'s API is not at this address.', address],
  ['HTTP_405', 'Wrong address', 'The server at this address does not accept messages.', address],
  ['HTTP_407', 'Proxy authentication required', 'A proxy on the network path requires credentials.', address]
])

/** Restrictions that Meta announces by the webhook `account_update`: names, not codes of a response. */
export const accountUpdateCodes = rows({ outcome: 'sender-stopped', probeMs: 3_600_000 }, [
  ['RESTRICTED_BIZ_INITIATED_MESSAGING', 'Templates restricted', 'Meta has restricted the account: it sends no templates. Replies go on.',
    'Read the reason in Business Support Home and appeal there. It ends by itself; resume the sender only if Meta has lifted it before.'],
  ['RESTRICTED_CUSTOMER_INITIATED_MESSAGING', 'All messages restricted', 'Meta has restricted the account: it sends no messages, not even replies.',
    'Read the reason in Business Support Home and appeal there. It ends by itself; resume the sender only if Meta has lifted it before.'],
  ['ACCOUNT_DISABLED', 'Account disabled', 'Meta has disabled the account.',
    'Read the reason in Business Support Home and appeal there; resume the sender once the account is reinstated.']
])

/** Causes that `health_status` of a number names: its codes, which no response to a message has. Of another one nothing is stopped. */
export const healthCodes = rows({ outcome: 'sender-stopped', probeMs: 3_600_000 }, [
  ['HEALTH_131031', 'Account locked', 'The health of the number says that the account is locked: it sends no messages.', health],
  ['HEALTH_141006', 'Payment problem', 'The health of the number says that payment fails: it sends no templates. Replies go on.', health],
  ['HEALTH_141008', 'Account locked', 'The health of the number says that the account is locked: it sends no messages.', health],
  ['HEALTH_141014', 'Account banned', 'The health of the number says that the account is banned: it sends no messages.', health]
])

/** HTTP errors without a code of Meta that concern this message. */
export const httpRejectedCodes = rows({ outcome: 'rejected' }, [
  ['HTTP_413', 'Too large', 'The message exceeds the size limit of Meta or of a proxy.', 'Shorten the message; send files by id or link.'],
  ['HTTP_4XX', 'Rejected', 'The request was rejected without a code of Meta.',
    'Check the status and any proxy between the gateway and Meta; then send the message again.'],
  ['TEMPLATE_REJECTED', 'Template rejected', 'WhatsApp has rejected, disabled or deleted the template of this message, or does not have it.',
    'Read why in WhatsApp Manager; send the message with another template.'],
  ['REQUEST_INVALID', 'Invalid request', 'The message cannot be encoded as an HTTP request.',
    'Correct the message in the calling service and send it again.']
])

/** A 425 means that the request was not processed (RFC 8470). */
export const httpRetryCodes = rows({ outcome: 'retryable' }, [
  ['HTTP_425', 'Too early', 'The server wants the request again on an established connection.', 'Wait: the retry schedule sends it again.']
])

/** Graph's own flag on an error, and codes of a server error that the table does not have. */
export const httpOutageCodes = rows({ outcome: 'retryable', outage: true }, [
  ['TRANSIENT', 'Transient error', 'Meta rejected the message and marked the error as transient.', 'Wait: the retry schedule sends it again.']
])

/** No duration is given. Ten seconds are long for Meta's rates and short for a recipient, and `Retry-After` may double them. */
export const httpLimitCodes = rows({ outcome: 'limited-flow', coolDownMs: 10_000 }, [
  ['HTTP_429', 'Too many requests', 'Meta\'s edge or a proxy asks for fewer requests.',
    'Wait: the sender continues by itself. If it repeats, lower the sender\'s rate.']
])
