/** The median; of an even number of values the upper one of the two in the middle. */
export function median (values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** The value that this share of the values does not exceed. */
export function quantile (values, share) {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

/** A cold process is slow, and servers are rarely cold, so each contender gets load for some time before the measurement. */
export async function warmUp (contenders, { report, quick }) {
  for (const [name, work] of Object.entries(contenders)) {
    report(`warming up ${name}`)
    await work({ seconds: quick ? 0.8 : 6 })
  }
}

/**
 * Runs every contender once per round, each round starting with another one, so that other load on the machine affects them
 * equally. Returns the results of each contender, in the order of rounds.
 */
export async function interleave (contenders, rounds, report) {
  const names = Object.keys(contenders)
  const found = Object.fromEntries(names.map(name => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(round + i) % names.length]
      report(`round ${round + 1} of ${rounds}: ${name}`)
      found[name].push(await contenders[name]())
    }
  }
  return found
}

/**
 * Judges a goal. `ours` and `theirs` have a value per round. With `theirs`, the median of the ratios of the rounds
 * is judged; without, the value itself. `least` is the minimum, `most` the maximum; `stretch` is a more ambitious goal.
 */
export function judge (goal, { least, most, stretch, unit, against }, ours, theirs) {
  const judged = theirs === undefined ? ours : ours.map((value, round) => value / theirs[round])
  const counts = median(judged)
  return {
    ...entry(goal, unit, ours, judged),
    target: `${least === undefined ? '<=' : '>='} ${least ?? most}${theirs === undefined ? ` ${unit}` : 'x'}`,
    ratio: theirs === undefined ? null : round(counts),
    pass: reaches(counts, { least, most }),
    ...stretch === undefined ? {} : { stretch, stretched: reaches(counts, least === undefined ? { most: stretch } : { least: stretch }) },
    ...theirs === undefined ? {} : { against, other: round(median(theirs)) },
    /** The reached share of the goal; 1 is all of it. */
    reached: round(least === undefined ? most / Math.max(counts, most / 1000) : counts / least)
  }
}

function reaches (value, { least, most }) {
  return least === undefined ? value <= most : value >= least
}

/** A figure without a goal; with `theirs` also as a ratio. */
export function figure (goal, { unit, against }, ours, theirs) {
  const judged = theirs === undefined ? ours : ours.map((value, round) => value / theirs[round])
  return {
    ...entry(goal, unit, ours, judged),
    target: null,
    ratio: theirs === undefined ? null : round(median(judged)),
    pass: null,
    ...(theirs === undefined ? {} : { against, other: round(median(theirs)) })
  }
}

function entry (goal, unit, ours, judged) {
  return {
    goal,
    target: null,
    value: round(median(ours)),
    unit,
    ratio: null,
    pass: null,
    rounds: ours.length,
    min: round(Math.min(...judged)),
    max: round(Math.max(...judged))
  }
}

/** Rounds to four significant digits. */
function round (value) {
  return Number(value.toPrecision(4))
}
