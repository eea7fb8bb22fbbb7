import { one, page, sender, ticket, two, type Case } from './case.js'

export const settlement: Case[] = [
  {
    alert: 'SluiceSpacingViolated',
    kind: 'fires',
    about: 'one send came too soon, the first that this node counts; an hour later it is over',
    series: { [`sluice_pair_spacing_violations_total{${one},sender="111"}`]: '_x5 1x120' },
    at: { '4m': [], '10m': [page(sender, 'settlement', '111 sent to a recipient sooner than its rule allows')], '80m': [] }
  },
  {
    alert: 'SluiceSpacingViolated',
    kind: 'quiet',
    about: 'none; one that lies hours back, on a node that was restarted since; and one before a scrape was lost',
    series: {
      [`sluice_pair_spacing_violations_total{${one},sender="222"}`]: '1x80 stale 1x70',
      [`sluice_pair_spacing_violations_total{${one},sender="111"}`]: '0x150',
      [`sluice_pair_spacing_violations_total{${two},sender="111"}`]: '1x80 0x70'
    },
    at: { '80m': [], '100m': [], '141m': [], '150m': [] }
  },
  {
    alert: 'SluiceDoubleSends',
    kind: 'fires',
    about: 'one was taken twice',
    series: { [`sluice_double_sends_total{${one},sender="111"}`]: '0x5 1x120' },
    at: { '4m': [], '10m': [ticket(sender, 'settlement', 'WhatsApp accepted more than one attempt of a message of 111')], '90m': [] }
  },
  {
    alert: 'SluiceDoubleSends',
    kind: 'quiet',
    about: 'outcomes were unknown and none was sent twice',
    series: { [`sluice_double_sends_total{${one},sender="111"}`]: '0x60', [`sluice_unknown_outcomes_total{${one},sender="111"}`]: '0+5x60' },
    at: { '10m': [], '50m': [] }
  },
  {
    alert: 'SluiceUnknownOutcomes',
    kind: 'fires',
    about: 'two nodes get no answer a few times each',
    series: {
      [`sluice_unknown_outcomes_total{${one},sender="111"}`]: '0x20 4x60',
      [`sluice_unknown_outcomes_total{${two},sender="111"}`]: '_x21 6x60'
    },
    at: { '20m': [], '30m': [ticket(sender, 'settlement', '10 requests of 111 got no answer within 15 minutes: they may have been sent')], '50m': [] }
  },
  {
    alert: 'SluiceUnknownOutcomes',
    kind: 'quiet',
    about: 'one now and then',
    series: { [`sluice_unknown_outcomes_total{${one},sender="111"}`]: '0 0 0 0 1x10 2x10 3x10 4x10 5x10' },
    at: { '20m': [], '40m': [] }
  }
]
