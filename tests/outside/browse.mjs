// Opens pages in headless Chromium, in light and dark and as on a phone: nothing is asked of the network, nothing is
// logged, no dialog opens, nothing scrolls sideways, and axe finds nothing serious.
//
//   node browse.mjs FOLDER PAGE...
//
// Prints what it did as one line of JSON. Exit status 0: all pages are sound.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [folder, ...pages] = process.argv.slice(2)
const root = pathToFileURL(resolve(folder)).href
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const problems = []
let files = 0
let others = 0

const browser = await chromium.launch({
  executablePath: process.env.ANNEXA_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
try {
  const wide = { width: 1280, height: 900 }
  const forms = [
    ['light', { colorScheme: 'light', viewport: wide }],
    ['dark', { colorScheme: 'dark', viewport: wide }],
    ['phone', { colorScheme: 'light', viewport: { width: 360, height: 740 } }],
  ]
  for (const [form, options] of forms) {
    // a new context has empty storage and no cache
    const context = await browser.newContext({ ...options, serviceWorkers: 'block' })
    for (const page of pages) {
      await look(context, page, `${page} (${form})`)
    }
    await context.close()
  }
} finally {
  await browser.close()
}

async function look(context, path, where) {
  const page = await context.newPage()
  const note = problem => problems.push(`${where}: ${problem}`)
  page.on('request', request => {
    if (request.url().startsWith(root + '/')) {
      files += 1
    } else {
      others += 1
      note(`asks for ${request.url().slice(0, 200)}`)
    }
  })
  page.on('requestfailed', request => note(`${request.url().slice(0, 200)}: ${request.failure()?.errorText}`))
  page.on('websocket', socket => note(`opens ${socket.url()}`))
  page.on('console', message => note(`console: ${message.text().slice(0, 300)}`))
  page.on('pageerror', error => note(`error: ${error}`))
  page.on('dialog', async dialog => {
    note(`dialog: ${dialog.message()}`)
    await dialog.dismiss()
  })
  await page.goto(pathToFileURL(join(resolve(folder), path)).href, { waitUntil: 'load' })
  // what stands folded is read as well
  await page.evaluate(() => document.querySelectorAll('details').forEach(details => (details.open = true)))
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  if (wide > 0) note(`scrolls sideways by ${wide} pixels`)
  const active = await page.evaluate(() => {
    const handler = element => element.getAttributeNames().some(name => name.startsWith('on'))
    const risky = 'script, iframe, object, embed, form, base, meta[http-equiv=refresh], svg script, [href^="javascript:" i]'
    return [...document.querySelectorAll('*')]
      .filter(element => element.matches(risky) || handler(element))
      .map(element => element.outerHTML.slice(0, 120))
  })
  active.forEach(element => note(`holds ${element}`))
  // by the DevTools protocol, which a page's content security policy does not hinder
  // axe would fetch the style sheet once more, which the policy forbids; it needs it for no rule
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'], preload: false }))
  for (const { id, impact, help, nodes } of violations) {
    if (impact === 'serious' || impact === 'critical') {
      note(`axe: ${impact} ${id}, ${help}: ${nodes.length} times, first ${nodes[0].html.slice(0, 200)}`)
    }
  }
  await page.close()
}

problems.slice(0, 60).forEach(problem => console.error(problem))
console.log(JSON.stringify({ pages: pages.length, looks: pages.length * 3, files, others, problems: problems.length }))
process.exitCode = problems.length === 0 && files > 0 ? 0 : 1
