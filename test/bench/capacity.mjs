/** The tables of docs/capacity.md, calculated from measured values only. */

/** Planned use of a core, which leaves capacity for peaks and the loss of a node; and the share of a day's messages in its busiest hour. */
const USED = 0.5
const BUSIEST_HOUR = 0.1
const DAY = 10_000
/** The least and the most that WhatsApp lets one number send, messages a second. */
const PER_NUMBER = [80, 1000]
/** WhatsApp's response time, s: it determines how many connections are in use. */
const RESPONSE_S = 0.5
/** How long nodes are away in the outage for which messages wait, s. */
const OUTAGE_S = 3600
const RATES = [100, 1000, 10_000, 100_000]

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
    plainBytes: of('3 a settled message without it'),
    senderBytes: of('3 a sender without messages'),
    connections: of('3 connections of a node to Redis'),
    clusterNodeUs: of('scale: 4 gateways and a cluster of 3 masters, CPU of nodes'),
    clusterRedisUs: of('scale: 4 gateways and a cluster of 3 masters, CPU of Redis')
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
    row('the same, sent within the request by four nodes, next to a cluster of three masters',
      `${whole(costs.clusterNodeUs)} µs of node, ${whole(costs.clusterRedisUs)} µs of Redis`,
      `${whole(1e6 / costs.clusterNodeUs)} a second per core of nodes; ${whole(1e6 / costs.clusterRedisUs)} a second per master`),
    `| a message while it waits | ${whole(costs.waitingBytes)} bytes | ${gigabytes(costs.waitingBytes * 1e6)} GB per million |`,
    row('a message sent in the last 24 h',
      `${whole(costs.settledBytes)} bytes, ${whole(costs.plainBytes)} of them without look-ups (\`FIND_WITHIN_MS=0\`)`,
      `${gigabytes(costs.settledBytes * 1e6)} GB per million`),
    `| a sender | ${whole(costs.senderBytes)} bytes, and ${megabytes(costs.settledBytes * DAY)} MB for a day of ${whole(DAY)} messages | |`,
    `| a node | ${whole(costs.connections)} connections to Redis, whatever the number of senders; one to WhatsApp per request in flight | |`
  ].join('\n')
}

export function capacityTable (costs) {
  const rows = RATES.map(rate => {
    const [node, redis] = rate > 1000 ? [costs.clusterNodeUs, costs.clusterRedisUs] : [costs.wholeNodeUs, costs.wholeRedisUs]
    const perDay = rate * 3600 / BUSIEST_HOUR
    // For reliability, never fewer than two nodes, and each master has a replica.
    const [cores, masters] = [Math.max(2, rate * node / 1e6 / USED), rate * redis / 1e6 / USED]
    const needs = {
      numbers: PER_NUMBER.map(most => up(rate / most)).join(' or '),
      settled: perDay * costs.settledBytes,
      waiting: rate * OUTAGE_S * costs.waitingBytes
    }
    return row(whole(rate), needs.numbers, up(cores), `${up(masters)}, and as many replicas`, gigabytes(needs.settled), gigabytes(needs.waiting),
      up(rate * RESPONSE_S))
  })
  return [
    row('messages a second', 'numbers at WhatsApp, at 80 or 1,000 a second each', 'cores of nodes', 'Redis masters', 'GB for a day\'s messages',
      'GB for an hour without WhatsApp', 'connections to WhatsApp in use'),
    '|---|---|---|---|---|---|---|',
    ...rows
  ].join('\n')
}

const row = (...cells) => `| ${cells.join(' | ')} |`
const gigabytes = bytes => bytes < 1e11 ? (bytes / 1e9).toPrecision(2) : whole(bytes / 1e9)
const megabytes = bytes => (bytes / 1e6).toPrecision(2)
