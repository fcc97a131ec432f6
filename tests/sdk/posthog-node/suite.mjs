// PostHog's SDK for Node (posthog-node): every call arrives, finds its person, and survives failures.

import { PostHog } from 'posthog-node'

import { FAULTS, startProxy } from '../proxy.mjs'
import { Checks, Rapport, SERVER_KEY, copiesOf, gained, onceEach, total } from '../rapport.mjs'

const EVENTS_PER_FAULT = 30
const REQUESTS_THAT_FAIL = 2
/** One event more than a batch may have. */
const TOO_MANY = 2_501

const checks = new Checks()

/** A client of the SDK that remembers the message ids it made and the errors it met. */
function sdk(host, settings = {}) {
  const client = new PostHog(SERVER_KEY, { host, flushInterval: 60_000, fetchRetryDelay: 50, ...settings })
  const errors = []
  const ids = []
  client.on('error', (error) => errors.push(error.status ?? String(error)))
  const capture = (message) => {
    const uuid = crypto.randomUUID()
    ids.push(uuid)
    client.capture({ ...message, uuid })
  }
  return { client, capture, ids, errors, done: () => client.shutdown(30_000) }
}

async function everyCallOfAVisitorWhoBecomesKnown(rapport) {
  console.log('every kind of call')
  const [distinctId, company] = ['user-posthog', 'company-posthog']
  const visitor = crypto.randomUUID()
  const { client, capture, errors, done } = sdk(rapport.url)
  const timestamp = new Date('2024-05-01T12:30:00.250Z')
  const unknown = { $process_person_profile: false }
  capture({ distinctId: visitor, event: 'Product Viewed', properties: { price: 1.25, ...unknown }, timestamp })
  client.identify({ distinctId, properties: { firstName: 'Ada', $anon_distinct_id: visitor, email: `${distinctId}@example.com` } })
  client.alias({ distinctId, alias: visitor })
  client.groupIdentify({ groupType: 'company', groupKey: company, properties: { name: 'Dairy' }, distinctId })
  client.groupIdentify({ groupType: 'company', groupKey: `${company}-2`, properties: { name: 'Nobody in it' } })
  capture({ distinctId, event: '$screen', properties: { $screen_name: 'Basket' } })
  capture({ distinctId, event: 'Order Completed', properties: { revenue: 9.99 }, groups: { company } })
  await done()
  checks.equal('the SDK met no error', errors, [])
  await rapport.folded(7)

  const timeline = await rapport.timeline('user_id', distinctId)
  const kinds = ['alias', 'group', 'identify', 'screen', 'track', 'track']
  checks.equal('each call is there once, as its kind', timeline.map((entry) => entry.type).sort(), kinds)
  checks.equal('no message id is there twice', copiesOf(timeline).filter(([, copies]) => copies > 1), [])
  const viewed = timeline.find((entry) => entry.event === 'Product Viewed') ?? {}
  checks.equal('a capture kept its properties', viewed.properties?.price, 1.25)
  const isNear = Math.abs(Date.parse(viewed.timestamp) - timestamp.getTime()) < 5_000
  checks.that('a capture kept its time', isNear, String(viewed.timestamp))
  const known = await rapport.profile('user_id', distinctId)
  const anonymous = await rapport.profile('anonymous_id', visitor)
  checks.equal('the visitor is the known person', anonymous?.id, known?.id)
  checks.equal('the e-mail is an identifier', known.identifiers.email, [`${distinctId}@example.com`])
  checks.equal('a property set is an attribute', known.attributes.firstName, 'Ada')
  const companies = [company, `${company}-2`].map((id) => rapport.ask(`/companies/${id}`))
  const names = (await Promise.all(companies)).map((found) => found?.attributes.name)
  checks.equal('companies are described, with and without somebody', names, ['Dairy', 'Nobody in it'])
}

async function flags(rapport) {
  console.log('feature flags')
  const { client, done } = sdk(rapport.url)
  checks.equal('there are none', await client.getAllFlags('user-posthog'), {})
  await done()
}

async function failures(rapport) {
  const proxy = await startProxy(rapport.url)
  for (const fault of FAULTS) {
    console.log(`the first ${REQUESTS_THAT_FAIL} requests: ${fault}`)
    const before = await rapport.outcomes()
    proxy.fail(fault, REQUESTS_THAT_FAIL)
    const { capture, ids, errors, done } = sdk(proxy.url, { flushAt: 100, maxBatchSize: 10 })
    for (let number = 0; number < EVENTS_PER_FAULT; number += 1) {
      capture({ distinctId: fault, event: 'Tried', properties: { number } })
    }
    await done()
    const seen = proxy.seen()
    const sent = Object.values(seen.copies).reduce((sum, copies) => sum + copies, 0)
    const after = await rapport.folded(total(before) + sent)

    checks.equal('the SDK gave nothing up', errors, [])
    checks.equal('the requests did fail', seen.failed, REQUESTS_THAT_FAIL)
    checks.equal('events came twice if an answer was lost', sent > EVENTS_PER_FAULT, fault.endsWith('after'))
    checks.equal('each event is stored once', copiesOf(await rapport.timeline('user_id', fault)), onceEach(ids))
    checks.equal('the outcomes say so', gained(before, after), [EVENTS_PER_FAULT, sent - EVENTS_PER_FAULT])
  }
  proxy.stop()
}

async function tooLarge(rapport) {
  console.log('a batch of more events than one may have')
  const before = await rapport.outcomes()
  const proxy = await startProxy(rapport.url)
  const { capture, ids, errors, done } = sdk(proxy.url, { flushAt: 10_000, maxBatchSize: 10_000, maxQueueSize: 10_000 })
  for (let number = 0; number < TOO_MANY; number += 1) capture({ distinctId: 'large', event: 'Tried', properties: { number } })
  await done()
  const after = await rapport.folded(total(before) + TOO_MANY)
  checks.equal('the SDK halves it and gives nothing up', errors, [])
  checks.that('it needed more than one request', proxy.seen().requests > 2, String(proxy.seen().requests))
  checks.equal('each event is stored once', gained(before, after), [ids.length, 0])
  proxy.stop()
}

const rapport = await Rapport.start()
await everyCallOfAVisitorWhoBecomesKnown(rapport)
await flags(rapport)
await failures(rapport)
await tooLarge(rapport)
checks.equal('the server stops when asked', await rapport.stop(), 0)
rapport.kill()
checks.finish()
