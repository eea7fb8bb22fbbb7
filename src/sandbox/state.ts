import { createDaily, type Daily } from './daily.js'
import { createFaults, type Faults } from './faults.js'
import { createLimits, type Limits } from './limits.js'
import { createRecords, type Records } from './records.js'
import type { Settings } from './settings.js'
import { createTemplates, type Templates } from './templates.js'
import { createWebhooks, type Webhooks } from './webhooks.js'
import { createWindows, type Windows } from './windows.js'

/** The state of one sandbox. */
export interface State {
  settings: Settings
  limits: Limits
  faults: Faults
  records: Records
  templates: Templates
  webhooks: Webhooks
  windows: Windows
  daily: Daily
}

/** `maxRecords`: how many arrivals are kept. */
export function createState (settings: Settings, maxRecords: number): State {
  const windows = createWindows(settings)
  return {
    settings,
    limits: createLimits(settings),
    faults: createFaults(),
    records: createRecords(maxRecords),
    templates: createTemplates(),
    webhooks: createWebhooks(settings),
    windows,
    daily: createDaily(settings, windows)
  }
}
