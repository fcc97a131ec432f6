// Put up before a script is read: takes away what could differ from run to run or make code of
// text, freezes everything that one event could leave something in for the next, and returns what
// runs the script on an event.
(function () {
  const { parse, stringify } = JSON
  const { isArray } = Array
  const { freeze, getOwnPropertyDescriptor, getPrototypeOf, defineProperty } = Object
  const { ownKeys } = Reflect
  const RealDate = Date
  let now = 0

  const FixedDate = function Date(...parts) {
    if (!new.target) return new RealDate(now).toString()
    return parts.length === 0
      ? Reflect.construct(RealDate, [now], new.target)
      : Reflect.construct(RealDate, parts, new.target)
  }
  FixedDate.prototype = RealDate.prototype
  FixedDate.parse = RealDate.parse
  FixedDate.UTC = RealDate.UTC
  FixedDate.now = function () { return now }
  RealDate.prototype.constructor = FixedDate
  globalThis.Date = FixedDate
  Math.random = function () { throw new TypeError('there is no Math.random: the same event must give the same result') }

  // No code out of text.
  const functions = [function () {}, function* () {}, async function () {}, async function* () {}]
  for (const example of functions) {
    defineProperty(getPrototypeOf(example), 'constructor', { value: undefined })
  }
  delete globalThis.Function
  delete globalThis.eval

  // What goes on natively over a length that anybody can claim goes on here, where it can be stopped.
  const LENGTH_MAX = 1000000
  const guard = function (prototype, name) {
    const { value, enumerable } = getOwnPropertyDescriptor(prototype, name) || {}
    if (typeof value !== 'function' || name === 'constructor') return
    const apply = Reflect.apply
    const guarded = {
      [name] (...parts) {
        const length = this === null || this === undefined ? 0 : this.length
        if (!isArray(this) && typeof this === 'object') throw new TypeError(`${String(name)} works on arrays`)
        if (length > LENGTH_MAX) throw new RangeError('this array is too long')
        for (let at = 0; at < parts.length; at += 1) {
          if (isArray(parts[at]) && parts[at].length > LENGTH_MAX) throw new RangeError('this array is too long')
        }
        return apply(value, this, parts)
      }
    }[name]
    defineProperty(prototype, name, { value: guarded, writable: true, configurable: true, enumerable })
  }
  const concat = {
    concat (...parts) {
      const all = []
      for (const part of [this, ...parts]) {
        if (!isArray(part)) all.push(part)
        else for (let at = 0; at < part.length; at += 1) all.push(part[at])
      }
      return all
    }
  }.concat
  defineProperty(Array.prototype, 'concat', { value: concat, writable: true, configurable: true, enumerable: false })
  for (const name of ownKeys(Array.prototype)) guard(Array.prototype, name)

  const TEXT_MAX = 200000
  const guardText = function (name) {
    const { value } = getOwnPropertyDescriptor(String.prototype, name)
    if (typeof value !== 'function' || name === 'constructor') return
    const apply = Reflect.apply
    const guarded = {
      [name] (...parts) {
        if (typeof this !== 'string' && !(this instanceof String)) throw new TypeError(`${String(name)} works on texts`)
        if (this.length > TEXT_MAX) throw new RangeError('this text is too long')
        return apply(value, this, parts)
      }
    }[name]
    defineProperty(String.prototype, name, { value: guarded, writable: true, configurable: true, enumerable: false })
  }
  for (const name of ['indexOf', 'includes', 'lastIndexOf', 'split', 'replace', 'replaceAll', 'normalize', 'localeCompare']) guardText(name)

  // Everything there is to reach.
  const seen = new Set()
  const waiting = [globalThis, ...functions.map(getPrototypeOf)]
  for (const example of [[].values(), ''[Symbol.iterator](), new Map().values(), new Set().values(), (function* () {})(), (async function* () {})(), 'a'.matchAll(/a/g)]) {
    waiting.push(getPrototypeOf(example))
  }
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (next === null || (typeof next !== 'object' && typeof next !== 'function') || seen.has(next)) continue
    seen.add(next)
    waiting.push(getPrototypeOf(next))
    for (const key of ownKeys(next)) {
      const { value, get, set } = getOwnPropertyDescriptor(next, key)
      waiting.push(value, get, set)
    }
    freeze(next)
  }

  return function (factory, item, moment, lengthMax) {
    now = moment
    const transform = factory()
    const result = transform(parse(item))
    if (result === null) return null
    if (result === undefined) return 'the script returned nothing: return the event, or null to leave it out'
    if (typeof result !== 'object' || isArray(result)) return 'the script must return an event: an object'
    const text = stringify(result)
    if (text === undefined) return 'what the script returned has no JSON'
    if (text.length > lengthMax) return `what the script returned is too large: an event may have ${lengthMax} bytes`
    return '=' + text
  }
})()
