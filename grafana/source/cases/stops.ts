import { one, page, type Case } from './case.js'

const sender = { job: 'sluice', sender: '111' }

/** Stops by scope. */
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
  }
]
