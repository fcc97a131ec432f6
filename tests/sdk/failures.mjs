// What every SDK is put through: first requests that go wrong in every way there is, and what became of its events.
//
// `open(url)` starts a client of an SDK: `send(user, number)` makes an event, `done()` ends when the SDK has nothing left
// to do, `ids` and `errors` are what it remembers. `failures.py` is the same for suites in Python.

import { FAULTS, REFUSALS, startProxy } from './proxy.mjs'
import { copiesOf, eventually, gained, onceEach, total } from './rapport.mjs'

const REFUSED_WITHIN_MS = 20_000

/** Whatever may heal: the SDK loses nothing, and each event is stored once. */
export async function failuresHeal({ rapport, checks, open, events = 30, requests = 2 }) {
  const proxy = await startProxy(rapport.url)
  for (const fault of FAULTS) {
    console.log(`the first ${requests} requests: ${fault}`)
    const before = await rapport.outcomes()
    proxy.fail(fault, requests)
    const { send, ids, errors, done } = open(proxy.url)
    for (let number = 0; number < events; number += 1) send(fault, number)
    await done()
    const { failed, sent } = proxy.seen()
    const after = await rapport.folded(total(before) + sent)

    checks.equal('the SDK gave nothing up', errors, [])
    checks.equal('the requests did fail', failed, requests)
    checks.equal('events came twice if an answer was lost', sent > events, fault.endsWith('after'))
    checks.equal('each event is stored once', copiesOf(await rapport.timeline('user_id', fault)), onceEach(ids))
    checks.equal('the outcomes say so', gained(before, after), [events, sent - events])
  }
  proxy.stop()
}

/**
 * Whatever is refused for good: the SDK gives up the events of that request and no other, and says so with the errors
 * of `told(status, events)`. Those of `again` it sends again by its design, and loses nothing; in smaller batches where it `splits` them.
 */
export async function refusalsAreTaken({ rapport, checks, open, told, again = [], splits = [], events = 10 }) {
  const proxy = await startProxy(rapport.url)
  for (const fault of REFUSALS) {
    console.log(`the first request: ${fault}`)
    const user = `refused-${fault}`
    const before = await rapport.outcomes()
    proxy.fail(fault, 1)
    const { send, ids, errors, done } = open(proxy.url)
    for (let number = 0; number < events; number += 1) send(user, number)
    await eventually('a request is refused', () => proxy.seen().failed === 1, REFUSED_WITHIN_MS, () => proxy.seen())
    for (let number = 0; number < events; number += 1) send(user, events + number)
    await done()
    const { copies, lost, sent, sizes } = proxy.seen()
    const after = await rapport.folded(total(before) + sent)

    const isSentAgain = again.includes(fault)
    const kept = ids.filter((id) => isSentAgain || !lost[id])
    checks.that('the refused request had events', Object.keys(lost).length > 0)
    checks.equal(`what was refused is ${isSentAgain ? '' : 'not '}sent again`, Object.keys(lost).every((id) => copies[id]), isSentAgain)
    checks.equal('the SDK says what it gave up', errors, isSentAgain ? [] : told(parseInt(fault), Object.keys(lost).length))
    checks.equal('all others reach the server once', Object.entries(copies).sort(), onceEach(kept))
    checks.equal('and are stored once', copiesOf(await rapport.timeline('user_id', user)), onceEach(kept))
    checks.equal('the outcomes say so', gained(before, after), [kept.length, 0])
    if (splits.includes(fault)) {
      const [first, half] = sizes
      checks.equal('batches are halved', [half, Math.max(...sizes.slice(1))], [Math.floor(first / 2), Math.floor(first / 2)])
    }
  }
  proxy.stop()
}

/** Of a browser's page: what was in a refused request never comes again, and everything else is stored once. */
export function checkGivenUp(checks, name, { copies, lost, failed }, timeline) {
  checks.equal(`${name}: the request was refused`, [failed, Object.keys(lost).length > 0], [1, true])
  checks.equal(`${name}: what was refused is not sent again`, Object.keys(lost).filter((id) => copies[id]), [])
  checks.equal(`${name}: each other event is stored once`, copiesOf(timeline), onceEach(Object.keys(copies)))
}
