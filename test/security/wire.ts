/** A caller that writes whatever bytes it is given, which clients of good manners refuse to. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Wired {
  status: number
  /** Lower-case names; the last one where a name comes twice. */
  headers: Record<string, string>
  /** The head as it came. */
  head: string
  body: string
}

export interface Wire {
  /** Writes one request and reads one answer; null where the connection ended without one. Not to be called twice at once. */
  ask: (request: Buffer, isHead?: boolean) => Promise<Wired | null>
  close: () => void
}

/** Keeps one connection, and makes another where the other side has closed it. */
export function createWire (origin: string): Wire {
  const { hostname, port } = new URL(origin)
  let socket: Socket | null = null
  let received = Buffer.alloc(0)
  let isOver = true
  let tell = (): void => {}

  async function open (): Promise<Socket> {
    const fresh = connect(Number(port), hostname)
    received = Buffer.alloc(0)
    isOver = false
    fresh.on('data', data => {
      received = Buffer.concat([received, data])
      tell()
    })
    fresh.on('error', () => {})
    fresh.on('close', () => {
      if (socket !== fresh) return
      isOver = true
      tell()
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
        const answer = read(received, isHead, isOver)
        if (answer !== null) {
          if (/^close$/i.test(answer.headers['connection'] ?? '')) {
            used.destroy()
            isOver = true
          }
          return answer
        }
        if (isOver) return null
        await new Promise<void>(resolve => { tell = resolve })
      }
    },
    close () { socket?.destroy() }
  }
}

/** One whole answer at the beginning of `bytes`, or null. */
function read (bytes: Buffer, isHead: boolean, isOver: boolean): Wired | null {
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
