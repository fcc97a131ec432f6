// Jitsu's SDK (@jitsu/js) in a headless Chromium and in Node: every call arrives and finds its person. It never sends
// an event again, so what is lost on the way is lost by its design; what only its answer is lost of is stored once.

import { jitsuAnalytics } from '@jitsu/js'

import { FAULTS, REFUSALS, startProxy } from '../proxy.mjs'
import { Checks, Rapport, SERVER_KEY, WRITE_KEY, copiesOf, onceEach, total } from '../rapport.mjs'
import { openSite } from '../browser/site.mjs'
import { checkKnown } from '../story.mjs'

const REQUESTS_THAT_FAIL = 2

const checks = new Checks()

/** In the page: every kind of call of a visitor who becomes known; how many there were, and the visitor's id. */
async function story({ user, company }) {
  const { jitsu } = window
  const sent = [await jitsu.page({ name: 'Milk', shelf: 3 }), await jitsu.track('Product Viewed', { price: 1.25 })]
  const anonymous = jitsu.user().anonymousId
  sent.push(await jitsu.identify(user, { firstName: 'Ada', email: `${user}@example.com` }))
  sent.push(await jitsu.group(company, { name: 'Dairy' }))
  sent.push(await jitsu.track('Order Completed', { revenue: 9.99 }))
  return { anonymous, count: sent.length }
}

async function inABrowser(site, rapport) {
  console.log('every kind of call, in a browser')
  const [user, company] = ['user-browser', 'company-browser']
  const page = await site.visit()
  await page.evaluate(([key, host]) => window.start(key, host), [`${WRITE_KEY}:secret`, rapport.url])
  const { anonymous, count } = await page.evaluate(story, { user, company })
  const timeline = await rapport.arrived('all calls arrive', user, count)
  const kinds = ['group', 'identify', 'page', 'track', 'track']
  checks.equal('each call is there once, of its kind', timeline.map((entry) => entry.type).sort(), kinds)
  const viewed = timeline.find((entry) => entry.event === 'Product Viewed')
  checks.equal('a track kept its properties', viewed?.properties.price, 1.25)
  checks.equal('the address is the one of the socket', viewed?.context.ip, '127.0.0.1')
  await checkKnown(rapport, checks, { userId: user, anonymousId: anonymous })
  await page.context().close()
}

function sdk(host, s2s) {
  return jitsuAnalytics({ host, writeKey: `${s2s ? SERVER_KEY : WRITE_KEY}:secret`, s2s, fetch })
}

async function inNode(rapport, s2s) {
  console.log(`every kind of call, in Node, ${s2s ? 's2s' : 'as a browser'}`)
  const user = `user-${s2s}`
  const before = await rapport.outcomes()
  const analytics = sdk(rapport.url, s2s)
  await analytics.identify(user, { firstName: 'Ada' })
  await analytics.track('Order Completed', { revenue: 9.99 })
  await rapport.folded(total(before) + 2)
  const timeline = await rapport.timeline('user_id', user)
  checks.equal('each call is there once', timeline.map((entry) => entry.type).sort(), ['identify', 'track'])
  checks.equal('a trait is an attribute', (await rapport.profile('user_id', user)).attributes.firstName, 'Ada')
}

async function failures(rapport) {
  const proxy = await startProxy(rapport.url)
  for (const fault of [...FAULTS, ...REFUSALS]) {
    console.log(`the first ${REQUESTS_THAT_FAIL} requests: ${fault}`)
    proxy.fail(fault, REQUESTS_THAT_FAIL)
    const analytics = sdk(proxy.url, true)
    const user = `user-${fault}`
    for (let number = 0; number < REQUESTS_THAT_FAIL + 2; number += 1) {
      await analytics.track('Tried', { number }, { userId: user }).catch(() => {})
    }
    const { failed, requests, copies } = proxy.seen()
    const ids = Object.keys(copies)
    checks.equal('the requests did fail, and none was sent again', [failed, requests], [REQUESTS_THAT_FAIL, REQUESTS_THAT_FAIL + 2])
    const kept = fault.endsWith('after') ? REQUESTS_THAT_FAIL + 2 : 2
    checks.equal('what reached the server is what it could not lose', ids.length, kept)
    const timeline = await rapport.arrived('it is stored', user, kept)
    checks.equal('each event is stored once', copiesOf(timeline), onceEach(ids))
  }
  proxy.stop()
}

const rapport = await Rapport.start()
const site = await openSite(new URL('page.js', import.meta.url))
await inABrowser(site, rapport)
checks.equal('nothing went anywhere else', site.outside, [])
await site.close()
await inNode(rapport, true)
await inNode(rapport, false)
await failures(rapport)
rapport.kill()
checks.finish()
