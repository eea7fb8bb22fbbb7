import { errors } from 'undici'

/**
 * Sluice's code for a transport error. Whether the request had started decides first: before a connection takes it, no byte
 * is written; after that the outcome is unknown, whatever the error is.
 */
export function transportCode (error: unknown, hasStarted: boolean): string {
  const code = errorCode(error)
  if (!hasStarted && isProxyRefusal(error)) return 'PROXY_REFUSED'
  return hasStarted ? afterStart(code) : beforeStart(code)
}

function beforeStart (code: string): string {
  switch (code) {
    case 'UND_ERR_ABORTED':
      return 'NOT_STARTED'
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_DESTROYED':
      return 'SHUTTING_DOWN'
    case 'ECONNREFUSED':
      return 'CONNECT_REFUSED'
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return 'CONNECT_TIMEOUT'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
    case 'EADDRNOTAVAIL':
      return 'UNREACHABLE'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
      return 'DNS_FAILED'
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
      return 'REQUEST_INVALID'
    default:
      return isTlsCode(code) ? 'TLS_FAILED' : 'CONNECT_FAILED'
  }
}

function afterStart (code: string): string {
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
      return 'HEADERS_TIMEOUT'
    case 'UND_ERR_BODY_TIMEOUT':
      return 'BODY_TIMEOUT'
    case 'UND_ERR_RES_EXCEEDED_MAX_SIZE':
      return 'RESPONSE_TOO_LARGE'
    case 'UND_ERR_HEADERS_OVERFLOW':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
    case 'HPE':
      return 'INVALID_RESPONSE'
    default:
      return 'RESET'
  }
}

/** undici gives the error of a CONNECT that the proxy responds with another status than 200 the code of an abort. */
function isProxyRefusal (error: unknown): boolean {
  return error instanceof errors.RequestAbortedError && error.message.startsWith('Proxy response')
}

/** A failed TLS handshake has some forty error codes in OpenSSL and Node, so they are matched by prefix. */
function isTlsCode (code: string): boolean {
  return /^(EPROTO$|UND_ERR_PRX_TLS$|ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERROR_IN_|HOSTNAME_|INVALID_)/.test(code)
}

function errorCode (error: unknown): string {
  // undici 7.30 leaves its code undefined: it looks up the parser's number in a table that is keyed by name.
  if (error instanceof errors.HTTPParserError) return 'HPE'
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
