import { EnvHttpProxyAgent, Pool, type Dispatcher } from 'undici'
import type { Proxies } from './config.js'

export interface OutboundOptions {
  /** Most open connections. */
  connections: number
  connectTimeoutMs: number
  /** How long an idle connection is kept; undici's default if it is left out. */
  keepAliveMs?: number
  proxies?: Proxies | undefined
  /** Called when a connection is open, and when one cannot be opened. */
  onConnect?: () => void
  onConnectError?: (error: Error) => void
}

/** These never use a proxy: for it they are another machine. */
const LOCAL = ['localhost', '127.0.0.1', '[::1]']

/**
 * Connections to one origin, through a proxy where the settings have one for it: with CONNECT, so that the proxy sees no request, and a request
 * starts when its bytes are written into the tunnel. There are no time limits for a response: callers have their own.
 */
export function createOutbound (origin: string, options: OutboundOptions): Dispatcher {
  const { connections, connectTimeoutMs, keepAliveMs, proxies, onConnect = () => {}, onConnectError = () => {} } = options
  const common = {
    connections,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(keepAliveMs === undefined ? {} : { keepAliveTimeout: keepAliveMs, keepAliveMaxTimeout: keepAliveMs })
  }
  const open = (to: string | URL, poolOptions: Pool.Options): Pool => {
    const pool = new Pool(to, poolOptions)
    pool.on('connect', onConnect)
    pool.on('connectionError', (_origin, _targets, error) => onConnectError(error))
    return pool
  }
  if (proxies === undefined || proxies.httpProxy + proxies.httpsProxy === '') return open(origin, common)
  return new EnvHttpProxyAgent({
    ...common,
    httpProxy: proxies.httpProxy,
    httpsProxy: proxies.httpsProxy,
    noProxy: proxies.noProxy.trim() === '*' ? '*' : [proxies.noProxy, ...LOCAL].join(','),
    factory: (to, poolOptions) => open(to, poolOptions as Pool.Options),
    proxyTls: { timeout: connectTimeoutMs },
    // To the proxy itself: it may accept a connection and never respond.
    clientFactory: (to, poolOptions) => new Pool(to, { ...poolOptions as Pool.Options, headersTimeout: connectTimeoutMs })
  })
}
