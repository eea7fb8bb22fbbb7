import { one, page, sender, ticket, two, type Case } from './case.js'

export const settlement: Case[] = [
  {
    alert: 'SluiceSpacingViolated',
    kind: 'fires',
    about: 'the first violation of a node; an hour later it is out of the window',
    series: { [`sluice_pair_spacing_violations_total{${one},sender="111"}`]: '_x5 1x120' },
    at: { '4m': [], '10m': [page(sender, 'settlement', '111 sent to a recipient sooner than its rule allows')], '80m': [] }
  },
  {
    alert: 'SluiceSpacingViolated',
    kind: 'quiet',
    about: 'none; one hours ago on a node restarted since; and one before a failed scrape',
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
    about: 'WhatsApp accepted one message twice',
    series: { [`sluice_double_sends_total{${one},sender="111"}`]: '0x5 1x120' },
    at: { '4m': [], '10m': [ticket(sender, 'settlement', 'WhatsApp accepted more than one attempt of a message of 111')], '90m': [] }
  },
  {
    alert: 'SluiceDoubleSends',
    kind: 'quiet',
    about: 'unknown outcomes without a double send',
    series: { [`sluice_double_sends_total{${one},sender="111"}`]: '0x60', [`sluice_unknown_outcomes_total{${one},sender="111"}`]: '0+5x60' },
    at: { '10m': [], '50m': [] }
  },
  {
    alert: 'SluiceUnknownOutcomes',
    kind: 'fires',
    about: 'two nodes get no valid response a few times each',
    series: {
      [`sluice_unknown_outcomes_total{${one},sender="111"}`]: '0x20 4x60',
      [`sluice_unknown_outcomes_total{${two},sender="111"}`]: '_x21 6x60'
    },
    at: {
      '20m': [],
      '30m': [ticket(sender, 'settlement', '10 requests of 111 had no valid response within 15 minutes and may have been sent')],
      '50m': []
    }
  },
  {
    alert: 'SluiceUnknownOutcomes',
    kind: 'quiet',
    about: 'occasional unknown outcomes',
    series: { [`sluice_unknown_outcomes_total{${one},sender="111"}`]: '0 0 0 0 1x10 2x10 3x10 4x10 5x10' },
    at: { '20m': [], '40m': [] }
  }
]
