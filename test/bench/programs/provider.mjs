/** A fake provider: it accepts every message and responds after `delayMs`. It implements just enough HTTP, so that it uses little CPU. */
import { createServer } from 'node:net'
import { serve } from '../kit/child.mjs'

const WAMID = 'wamid.HBgLMTc3NzAwMDAwMDAVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3'
/** To what the gateway reads about its numbers. */
const NOTHING = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}'
const state = { delayMs: 0, records: false, received: 0, arrivals: [], served: [] }

const server = createServer(socket => {
  let text = ''
  socket.setNoDelay(true)
  socket.on('data', data => {
    text += data.latin1Slice()
    for (;;) {
      const head = text.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (text.length < head + 4 + length) return
      if (text.startsWith('GET')) socket.write(NOTHING)
      else handle(socket, text.slice(head + 4, head + 4 + length))
      text = text.slice(head + 4 + length)
    }
  })
  socket.on('error', () => undefined)
})

function handle (socket, body) {
  const arrived = performance.now()
  const to = /"to":"\+?(\d+)"/.exec(body)?.[1] ?? ''
  const number = String(++state.received).padStart(8, '0')
  if (state.records) state.arrivals.push([to, performance.timeOrigin + arrived])
  const text = `{"messaging_product":"whatsapp","contacts":[{"input":"+${to}","wa_id":"${to}"}],"messages":[{"id":"${WAMID}${number}"}]}`
  const respond = () => {
    if (!socket.writable) return
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`, 'latin1')
    if (state.records) state.served.push(performance.now() - arrived)
  }
  if (state.delayMs === 0) respond()
  else setTimeout(respond, state.delayMs)
}

serve({
  /** With `records` it stores recipient and time of each arrival, ms since the epoch, and the time to each response, ms. */
  configure: ({ delayMs, records = false }) => { Object.assign(state, { delayMs, records, arrivals: [], served: [] }) },
  url: () => `http://127.0.0.1:${server.address().port}/v25.0`,
  received: () => state.received,
  arrivals: () => state.arrivals,
  served: () => state.served
})
server.listen(0, '127.0.0.1')
