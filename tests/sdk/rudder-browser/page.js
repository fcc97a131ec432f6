// A page that bundles @rudderstack/analytics-js with its plugins, so that it loads nothing from elsewhere.

import { RudderAnalytics } from '@rudderstack/analytics-js/bundled'

window.start = (writeKey, dataPlaneUrl, options) =>
  new Promise((ready) => {
    window.rudder = new RudderAnalytics()
    window.rudder.load(writeKey, dataPlaneUrl, { ...options, onLoaded: () => ready() })
  })
