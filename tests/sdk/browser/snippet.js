// A page with the classic snippet: a queue that keeps early calls, and a script tag that loads the SDK file.

window.start = (writeKey, cdn, options) => {
  const methods = ['page', 'track', 'identify', 'group', 'alias', 'screen', 'ready', 'on', 'once', 'user', 'register']
  const analytics = (window.analytics = [])
  Object.assign(analytics, { invoked: true, _writeKey: writeKey, _cdn: cdn, _loadOptions: options })
  for (const method of methods) {
    analytics[method] = (...given) => {
      // Once the SDK is there it has taken this queue's place.
      if (window.analytics.initialized) return window.analytics[method](...given)
      analytics.push([method, ...given])
      return analytics
    }
  }
  const script = document.createElement('script')
  script.src = `${cdn}/analytics.js/v1/${encodeURIComponent(writeKey)}/analytics.min.js`
  script.async = true
  document.head.append(script)
  analytics.track('Called Early', { waited: true })
  return new Promise((ready, failed) => {
    script.onerror = () => failed(new Error(`${script.src} did not load`))
    analytics.ready(ready)
  })
}
