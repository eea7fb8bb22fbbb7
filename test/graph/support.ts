/** A caller of the Graph surface that uses Meta's API only. */
import { keys, SENDER, type Node } from '../support/gateway.js'
import { fetchWithRetry } from '../support/request.js'

export interface GraphReply {
  status: number
  headers: Headers
  body: Record<string, any>
}

export interface Ask { path?: string, key?: string, headers?: Record<string, string> }

export const text = (to: unknown, words = 'Hello', more: Record<string, unknown> = {}): Record<string, unknown> =>
  ({ messaging_product: 'whatsapp', recipient_type: 'individual', to, type: 'text', text: { body: words }, ...more })

export async function post (
  node: Pick<Node, 'origin'>,
  body: unknown,
  { path = `/v23.0/${SENDER}/messages`, key = keys.app, headers = {} }: Ask = {}
): Promise<GraphReply> {
  const response = await fetchWithRetry(node.origin + path, {
    method: 'POST',
    headers: { ...(key === '' ? {} : { authorization: `Bearer ${key}` }), 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body)
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, any> }
}

/** Every error has this shape: clients read `error.message` and `error.code` without checks. */
export const graphError = (code: number, details: RegExp): Record<string, unknown> => ({
  error: { message: /^\(#\d+\) \S/, type: 'OAuthException', code, error_data: { messaging_product: 'whatsapp', details }, fbtrace_id: /^[\w.:-]+$/ }
})
