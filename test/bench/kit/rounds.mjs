/** The middle value; of an even number of them the upper one of the two. */
export function median (values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** The value that this share of the values does not exceed. */
export function quantile (values, share) {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

/** A cold process is slow, and a server is seldom cold: all callers load each contender for a while before anything is measured. */
export async function warmUp (contenders, { tell, quick }) {
  for (const [name, work] of Object.entries(contenders)) {
    tell(`warming up ${name}`)
    await work({ seconds: quick ? 0.8 : 6 })
  }
}

/**
 * Runs every contender once a round, each round beginning with another one, so that what else the machine does meets them
 * alike. Gives what each returned, in the order of rounds.
 */
export async function interleave (contenders, rounds, tell) {
  const names = Object.keys(contenders)
  const found = Object.fromEntries(names.map(name => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(round + i) % names.length]
      tell(`round ${round + 1} of ${rounds}: ${name}`)
      found[name].push(await contenders[name]())
    }
  }
  return found
}

/**
 * A clause of a goal, judged. `ours` and `theirs` hold a value for each round. With `theirs` what is judged is the ratio of each round, of which
 * the median counts; without, the value itself. `least` or `most` is what it has to reach or may not exceed; `stretch` is more than is asked.
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
    /** How much of the goal is reached; 1 is all of it. */
    reached: round(least === undefined ? most / Math.max(counts, most / 1000) : counts / least)
  }
}

function reaches (value, { least, most }) {
  return least === undefined ? value <= most : value >= least
}

/** A figure that no goal is set for; with `theirs` told as a ratio as well. */
export function figure (goal, { unit, against }, ours, theirs) {
  const told = theirs === undefined ? ours : ours.map((value, round) => value / theirs[round])
  return {
    ...entry(goal, unit, ours, told), target: null, ratio: theirs === undefined ? null : round(median(told)), pass: null, ...theirs === undefined ? {} : { against, other: round(median(theirs)) }
  }
}

function entry (goal, unit, ours, judged) {
  return { goal, target: null, value: round(median(ours)), unit, ratio: null, pass: null, rounds: ours.length, min: round(Math.min(...judged)), max: round(Math.max(...judged)) }
}

/** Four digits that count. */
function round (value) {
  return Number(value.toPrecision(4))
}
