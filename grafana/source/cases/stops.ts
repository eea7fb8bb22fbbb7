import { one, page, ticket, two, type Case } from './case.js'

const sender = { job: 'sluice', sender: '111' }

/** Stops by scope, and the daily limit. */
export const stops: Case[] = [
  {
    alert: 'SluiceTemplatesStopped',
    kind: 'fires',
    about: 'the account has no payment method for an hour',
    series: { [`sluice_templates_stopped{${one},sender="111"}`]: '0x3 1x60 0x10' },
    at: {
      '4m': [],
      '15m': [page(sender, 'provider', 'WhatsApp sends no template of 111: payment, quality or policy')],
      '70m': []
    }
  },
  {
    alert: 'SluiceTemplatesStopped',
    kind: 'quiet',
    about: 'a stop that an operator ends within a minute; one template is paused',
    series: {
      [`sluice_templates_stopped{${one},sender="111"}`]: '0x5 1x1 0x30',
      [`sluice_queue_messages{${one},sender="111",state="suspended"}`]: '40x30'
    },
    at: { '7m': [], '20m': [] }
  },
  {
    alert: 'SluiceRateReduced',
    kind: 'fires',
    about: 'WhatsApp allows a quarter of the rule, until the rule is set to it',
    series: {
      [`sluice_sender_rate_current{${one},sender="111"}`]: '80x5 20x120',
      [`sluice_sender_rate_current{${two},sender="111"}`]: '80x5 20x120',
      [`sluice_sender_rate_limit{${one},sender="111"}`]: '80x95 20x30',
      [`sluice_sender_rate_limit{${two},sender="111"}`]: '80x95 20x30'
    },
    at: {
      '60m': [],
      '80m': [ticket(sender, 'provider', '111 has sent at 25% of its rule for an hour: WhatsApp allows less')],
      '110m': []
    }
  },
  {
    alert: 'SluiceRateReduced',
    kind: 'quiet',
    about: 'a rejection reduces the rate for minutes; and a search that rests just below the rule',
    series: {
      [`sluice_sender_rate_current{${one},sender="111"}`]: '80x5 40+1x39 80x80',
      [`sluice_sender_rate_limit{${one},sender="111"}`]: '80x130',
      [`sluice_sender_rate_current{${one},sender="222"}`]: '77x130',
      [`sluice_sender_rate_limit{${one},sender="222"}`]: '80x130'
    },
    at: { '40m': [], '120m': [] }
  },
  {
    alert: 'SluiceDailyLimitNear',
    kind: 'fires',
    about: 'a campaign uses the limit, and the people of the day before count no longer',
    series: {
      [`sluice_daily_used_ratio{${one},sender="111"}`]: '0.5x3 0.95x30 0.4x10',
      [`sluice_daily_used_ratio{${two},sender="111"}`]: '0.5x3 0.95x30 0.4x10'
    },
    at: {
      '8m': [],
      '20m': [ticket(sender, 'provider', '95% of the daily limit of 111 is used: messages to further people will wait')],
      '40m': []
    }
  },
  {
    alert: 'SluiceDailyLimitNear',
    kind: 'quiet',
    about: 'nine of ten are used; another sender has no limit, and much is used for a moment',
    series: {
      [`sluice_daily_used_ratio{${one},sender="111"}`]: '0.9x40',
      [`sluice_daily_used{${one},sender="222"}`]: '90000x40',
      [`sluice_daily_used_ratio{${one},sender="333"}`]: '0.2x5 1x3 0.2x30'
    },
    at: { '9m': [], '30m': [] }
  },
  {
    alert: 'SluiceDailyLimitReached',
    kind: 'fires',
    about: 'messages wait for half an hour, then the limit is raised',
    series: {
      [`sluice_queue_messages{${one},sender="111",state="daily-limit"}`]: '0x3 15x30 0x10',
      [`sluice_queue_messages{${two},sender="111",state="daily-limit"}`]: '0x3 15x30 0x10'
    },
    at: {
      '10m': [],
      '20m': [ticket(sender, 'provider', '15 messages of 111 wait for the daily limit of recipients')],
      '40m': []
    }
  },
  {
    alert: 'SluiceDailyLimitReached',
    kind: 'quiet',
    about: 'messages wait for two minutes; others wait for their template',
    series: {
      [`sluice_queue_messages{${one},sender="111",state="daily-limit"}`]: '0x5 15x2 0x30',
      [`sluice_queue_messages{${one},sender="111",state="suspended"}`]: '40x40'
    },
    at: { '8m': [], '20m': [] }
  }
]
