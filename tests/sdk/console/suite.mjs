// The demo and the console: the story is told twice and counts once; a member signs in, finds a person, reads the timeline,
// gets a rule's error at its place, and takes a merge back. Nothing is asked of any other host.

import { execFileSync } from 'node:child_process'

import { chromium } from 'playwright-core'

import { API_TOKEN, Checks, Rapport, SERVER_KEY, WRITE_KEY } from '../rapport.mjs'
import { FLAGS } from '../browser/site.mjs'

const PEOPLE = 60
const HOUSEHOLD = 'runa.falk@example.org'

const checks = new Checks()

function tell(rapport) {
  const keys = { RAPPORT_WRITE_KEY: WRITE_KEY, RAPPORT_SERVER_KEY: SERVER_KEY, RAPPORT_API_TOKEN: API_TOKEN }
  const told = ['demo', '--to', rapport.url, '--people', String(PEOPLE)]
  return execFileSync(rapport.binary, told, { env: { ...process.env, ...keys }, encoding: 'utf8' })
}

async function theStory(rapport) {
  console.log('the story')
  const words = tell(rapport)
  const first = await rapport.outcomes()
  checks.that('a story has thousands of events', first.accepted > 2_000, `${first.accepted}`)
  checks.equal('none of them is turned away', [first.invalid, first.filtered, first.refused], [0, 0, 0])
  const segments = await rapport.results('/segments')
  checks.equal('every segment is live', segments.map((segment) => segment.state), segments.map(() => 'live'))
  checks.that('most have members', segments.filter((segment) => segment.size > 0).length > 5, words)
  tell(rapport)
  const second = await rapport.outcomes()
  // What lay in the future when it was told first may have come to pass.
  checks.that('a second telling changes nothing', second.accepted - first.accepted < 5, `${second.accepted - first.accepted} more`)
  checks.that('it was noticed', second.duplicate >= first.accepted, `${second.duplicate}`)
}

async function signIn(page, rapport) {
  console.log('the door')
  const answer = await page.goto(`${rapport.url}/`)
  checks.that('nothing of elsewhere may load', answer.headers()['content-security-policy']?.startsWith("default-src 'none'"))
  await page.fill('#token', 'no such token')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.problem')
  checks.that('a wrong token opens nothing', (await page.$('nav')) === null)
  await page.fill('#token', API_TOKEN)
  await page.keyboard.press('Enter')
  await page.waitForSelector('.row')
  checks.that('the right one does', (await page.$('nav')) !== null)
}

async function aRule(page) {
  console.log('a rule')
  await page.locator('body').press('Escape')
  await page.keyboard.press('g')
  await page.keyboard.press('s')
  await page.click('.segment:has-text("Regulars")')
  await page.click('text=Edit the rule')
  await page.fill('textarea', 'did "Order Completed" within 2 dayz')
  await page.click('text=Save')
  const marked = await page.waitForSelector('.problem pre')
  const [line, mark] = (await marked.textContent()).split('\n')
  checks.equal('the mark stands under the wrong word', mark.indexOf('^'), line.indexOf('dayz'))
  await page.fill('textarea', 'did "Order Completed" within 90 days')
  await page.keyboard.press('Control+Enter')
  await page.waitForSelector('pre.rule:has-text("within 90 days")')
  checks.that('the right rule is saved', true)
}

async function aMerge(page, rapport) {
  console.log('a merge')
  await page.locator('body').press('/')
  await page.fill('#search', HOUSEHOLD)
  await page.keyboard.press('Enter')
  await page.waitForSelector('.entry')
  checks.equal('the timeline shows both of them', await page.locator('.entry').count(), 5)
  await page.click('.chip:has-text("Orders")')
  await page.waitForFunction(() => document.querySelectorAll('.entry').length === 1)
  checks.that('a filter leaves the order', true)
  await page.click('text=Undo…')
  await page.click('text=Undo the merge')
  await page.waitForSelector('text=was taken back')
  const runa = await rapport.profile('email', HOUSEHOLD)
  const levi = await rapport.profile('phone', '+447700901234')
  checks.that('they are two again', runa.id !== levi.id, runa.id)
  checks.equal('each with their own name', [runa.attributes.firstName, levi.attributes.firstName], ['Runa', 'Levi'])
}

const rapport = await Rapport.start()
await theStory(rapport)
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS })
const page = await browser.newPage()
const outside = []
const errors = []
page.on('request', (request) => request.url().startsWith(rapport.url) || request.url().startsWith('data:') || outside.push(request.url()))
page.on('pageerror', (error) => errors.push(error.message))
await signIn(page, rapport)
await aRule(page)
await aMerge(page, rapport)
checks.equal('nothing is asked of any other host', outside, [])
checks.equal('no script fails', errors, [])
await browser.close()
rapport.kill()
checks.finish()
