/** The console in a real browser, used by keyboard. */
import { chromium, type Browser, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { keys, type Node } from '../support/gateway.js'
import { onPath, provide } from '../support/provide.js'
import { until } from '../support/until.js'

const names = ['chromium', 'chromium-headless-shell', 'google-chrome']

await provide('browser')

function find (): string | null {
  return names.map(onPath).find(path => path !== null) ?? null
}

/** Why a test that needs a browser cannot run; false if it can. On CI it has to exist, so no test is skipped unnoticed. */
export function missing (): string | false {
  if (find() !== null || process.env['CI'] === 'true') return false
  return 'Chromium not found: apt did not provide chromium-headless-shell; install it and run the test again'
}

export async function startBrowser (t: Pick<Test, 'teardown'>): Promise<Browser> {
  // Chromium's own sandbox needs rights that root in a container does not have.
  const browser = await chromium.launch({
    executablePath: find() ?? 'chromium',
    chromiumSandbox: false,
    args: ['--disable-gpu', '--disable-dev-shm-usage']
  })
  t.teardown(async () => await browser.close())
  return browser
}

export interface Console {
  page: Page
  /** Every requested address. */
  asked: string[]
  /** Presses Tab until this has the focus, which shows that a keyboard can reach it. */
  tabTo: (selector: string) => Promise<void>
  press: (...keys: string[]) => Promise<void>
  type: (text: string) => Promise<void>
  /** Waits until the text of an element matches. */
  reads: (selector: string, pattern: RegExp, withinMs?: number) => Promise<string>
  /** Waits until an element is gone or its text does not match. */
  gone: (selector: string) => Promise<void>
}

/** Errors of all pages of a test file, which its last test checks. */
export const wrong: string[] = []

export interface ConsoleOptions { key?: string | null, hash?: string, colorScheme?: 'dark' | 'light' }

/** Opens the console of a node and signs in by typing the key. `key: null` skips the sign-in. */
export async function openConsole (
  t: Test,
  browser: Browser,
  { origin }: Pick<Node, 'origin'>,
  { key = keys.operator, hash = '', colorScheme = 'light' }: ConsoleOptions = {}
): Promise<Console> {
  const context = await browser.newContext({
    colorScheme,
    viewport: { width: 1000, height: 700 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce'
  })
  t.teardown(async () => await context.close())
  // The loader of the tests adds calls of this function to functions, also to those that run in the page.
  await context.addInitScript('globalThis.__name = value => value')
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const asked: string[] = []
  page.on('request', request => {
    asked.push(`${request.method()} ${request.url()}`)
    if (!request.url().startsWith(`${origin}/`)) wrong.push(`${t.name}: it asked ${request.url()}`)
  })
  page.on('pageerror', error => wrong.push(`${t.name}: ${error.message}`))
  page.on('console', message => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) wrong.push(`${t.name}: ${message.text()}`)
  })
  await page.goto(`${origin}/console${hash}`)
  const read = async (selector: string): Promise<string> => (await page.locator(selector).allInnerTexts()).join('\n')
  const it: Console = {
    page,
    asked,
    async tabTo (selector) {
      for (let i = 0; i < 80; i++) {
        await page.keyboard.press('Tab')
        if (await page.locator(`${selector}:focus`).count() > 0) return
      }
      throw new Error(`no way by Tab to ${selector}`)
    },
    async press (...pressed) { for (const one of pressed) await page.keyboard.press(one) },
    type: async text => await page.keyboard.insertText(text),
    async reads (selector, pattern, withinMs) {
      try {
        return await until(`${selector} reads ${pattern}`, async () => {
          const text = await read(selector)
          return pattern.test(text) && text
        }, withinMs)
      } catch (error) {
        throw new Error(`${String(error)}; it reads: ${await read(selector)} | ${await read('body')}`)
      }
    },
    gone: async selector => await page.locator(selector).waitFor({ state: 'detached' })
  }
  if (key !== null) {
    await page.waitForSelector('#key:focus')
    await it.type(key)
    await it.press('Enter')
    await it.gone('#sign-in')
  }
  return it
}
