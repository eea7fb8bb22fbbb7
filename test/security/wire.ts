/** A client that writes arbitrary bytes, which HTTP clients refuse to do. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawResponse {
  status: number
  /** Names in lower case; of repeated names the last value. */
  headers: Record<string, string>
  /** The raw head. */
  head: string
  body: string
}

export interface Wire {
  /** Writes one request and reads one response; null if the connection ended without one. Calls must not overlap. */
  ask: (request: Buffer, isHead?: boolean) => Promise<RawResponse | null>
  close: () => void
}

/** Keeps one connection, and opens another if the server has closed it. */
export function createWire (origin: string): Wire {
  const { hostname, port } = new URL(origin)
  let socket: Socket | null = null
  let received = Buffer.alloc(0)
  let isOver = true
  let notify = (): void => {}

  async function open (): Promise<Socket> {
    const fresh = connect(Number(port), hostname)
    received = Buffer.alloc(0)
    isOver = false
    fresh.on('data', data => {
      received = Buffer.concat([received, data])
      notify()
    })
    fresh.on('error', () => {})
    fresh.on('close', () => {
      if (socket !== fresh) return
      isOver = true
      notify()
    })
    socket = fresh
    await once(fresh, 'connect')
    return fresh
  }

  return {
    async ask (request, isHead = false) {
      const used = socket === null || isOver ? await open() : socket
      received = Buffer.alloc(0)
      used.write(request)
      for (;;) {
        const response = read(received, isHead, isOver)
        if (response !== null) {
          if (/^close$/i.test(response.headers['connection'] ?? '')) {
            used.destroy()
            isOver = true
          }
          return response
        }
        if (isOver) return null
        await new Promise<void>(resolve => { notify = resolve })
      }
    },
    close () { socket?.destroy() }
  }
}

/** The complete response at the beginning of `bytes`, or null. */
function read (bytes: Buffer, isHead: boolean, isOver: boolean): RawResponse | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = bytes.subarray(0, end).toString('latin1')
  const [first = '', ...lines] = head.split('\r\n')
  const status = Number(first.split(' ')[1])
  if (status === 100) return read(bytes.subarray(end + 4), isHead, isOver)
  const headers = Object.fromEntries(lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  const body = bodyOf(bytes.subarray(end + 4), headers, isHead || status === 204 || status === 304, isOver)
  return body === null ? null : { status, headers, head, body }
}

function bodyOf (bytes: Buffer, headers: Record<string, string>, isNone: boolean, isOver: boolean): string | null {
  if (isNone) return ''
  if (headers['content-length'] !== undefined) return bytes.length >= Number(headers['content-length']) ? bytes.toString() : null
  if (headers['transfer-encoding'] === 'chunked') return bytes.includes('0\r\n\r\n') ? bytes.toString() : null
  return isOver ? bytes.toString() : null
}
