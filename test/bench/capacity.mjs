/** The tables of docs/capacity.md, calculated from measured values only. */

/** The assumed load of each sender, and the planned use of a core, which leaves capacity for peaks and the loss of a node. */
const PER_DAY = 10_000
const BUSIEST_HOUR = 0.1
const USED = 0.5
/** The default rate of a sender, messages a second. */
const MAX_PER_SECOND = 80
/** WhatsApp's response time, s: it determines how many connections are in use. */
const RESPONSE_S = 0.5

const whole = value => Math.round(value).toLocaleString('en')
const up = value => Math.max(1, Math.ceil(value)).toLocaleString('en')

/** The unit costs, by the labels of their goals. Throws if one was not measured. */
export function unitCosts (entries) {
  const of = goal => {
    const found = entries.find(entry => entry.goal === goal)
    if (found === undefined) throw new Error(`"${goal}" was not measured: docs/capacity.md needs a whole run`)
    return found.value
  }
  return {
    acceptNodeUs: of('1 accept, CPU of node'),
    acceptRedisUs: of('1 accept, CPU of Redis'),
    wholeNodeUs: of('2 a whole message, CPU of node'),
    wholeRedisUs: of('2 a whole message, CPU of Redis'),
    waitingBytes: of('3 a waiting message with the look-up index'),
    settledBytes: of('3 a settled message with the look-up index (FIND_WITHIN_MS, on by default)'),
    plainBytes: of('3 a settled message'),
    senderBytes: of('3 a sender without messages'),
    connections: of('3 connections of a node to Redis')
  }
}

export function unitTable (costs) {
  return [
    '| item | cost | capacity |',
    '|---|---|---|',
    row('accepting a message',
      `${whole(costs.acceptNodeUs)} µs of node, ${whole(costs.acceptRedisUs)} µs of Redis`,
      `${whole(1e6 / costs.acceptNodeUs)} a second per core of API nodes`),
    row('a whole message, accepted, sent and settled',
      `${whole(costs.wholeNodeUs)} µs of node, ${whole(costs.wholeRedisUs)} µs of Redis`,
      `${whole(1e6 / costs.wholeNodeUs)} a second per core of nodes; ${whole(1e6 / costs.wholeRedisUs)} a second per Redis`),
    `| a message while it waits | ${whole(costs.waitingBytes)} bytes | ${gigabytes(costs.waitingBytes * 1e6)} GB per million |`,
    row('a message sent in the last 24 h',
      `${whole(costs.settledBytes)} bytes, ${whole(costs.plainBytes)} of them without look-ups (\`FIND_WITHIN_MS=0\`)`,
      `${gigabytes(costs.settledBytes * 1e6)} GB per million`),
    `| a sender | ${whole(costs.senderBytes)} bytes, and ${megabytes(costs.settledBytes * PER_DAY)} MB for a day of ${whole(PER_DAY)} messages | |`,
    `| a node | ${whole(costs.connections)} connections to Redis, whatever the number of senders; one to WhatsApp per request in flight | |`
  ].join('\n')
}

export function capacityTable (costs) {
  const rows = [1, 100, 10_000].map(senders => {
    const [peak, flat] = [senders * PER_DAY * BUSIEST_HOUR / 3600, senders * MAX_PER_SECOND]
    const cores = rate => up(rate * costs.wholeNodeUs / 1e6 / USED)
    const servers = rate => up(rate * costs.wholeRedisUs / 1e6 / USED)
    const memory = senders * (costs.senderBytes + PER_DAY * costs.settledBytes)
    const needsOf = rate => [`${cores(rate)}, ${servers(rate)}`, up(rate * RESPONSE_S)]
    const [atPeak, connectionsAtPeak] = needsOf(peak)
    const perSecond = peak < 1 ? peak.toFixed(1) : whole(peak)
    return row(whole(senders), perSecond, atPeak, gigabytes(memory), connectionsAtPeak, whole(flat), ...needsOf(flat))
  })
  return [
    row('senders', 'messages a second in the busiest hour', 'cores of nodes, Redis servers', 'Redis, GB', 'connections to WhatsApp in use',
      'all at 80 a second', 'cores of nodes, Redis servers', 'connections to WhatsApp'),
    '|---|---|---|---|---|---|---|---|',
    ...rows
  ].join('\n')
}

const row = (...cells) => `| ${cells.join(' | ')} |`
const gigabytes = bytes => (bytes / 1e9).toPrecision(2)
const megabytes = bytes => (bytes / 1e6).toPrecision(2)
