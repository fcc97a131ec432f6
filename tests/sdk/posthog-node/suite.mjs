// PostHog's SDK for Node (posthog-node): every call arrives, finds its person, and survives failures.

import { PostHog } from 'posthog-node'

import { failuresHeal, refusalsAreTaken } from '../failures.mjs'
import { startProxy } from '../proxy.mjs'
import { Checks, Rapport, SERVER_KEY, copiesOf, gained, total } from '../rapport.mjs'
import { checkKnown } from '../story.mjs'

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
  const send = (distinctId, number) => capture({ distinctId, event: 'Tried', properties: { number } })
  return { client, capture, send, ids, errors, done: () => client.shutdown(30_000) }
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
  const known = await checkKnown(rapport, checks, { userId: distinctId, anonymousId: visitor })
  checks.equal('the e-mail is an identifier', known.identifiers.email, [`${distinctId}@example.com`])
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
const open = (url) => sdk(url, { flushAt: 10, maxBatchSize: 10 })
await failuresHeal({ rapport, checks, open })
const again = ['413-before']
await refusalsAreTaken({ rapport, checks, open, told: (status) => [status], again, splits: again })
await tooLarge(rapport)
checks.equal('the server stops when asked', await rapport.stop(), 0)
rapport.kill()
checks.finish()
