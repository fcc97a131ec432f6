// A page that bundles posthog-js without what it would load from elsewhere.

import posthog from 'posthog-js/dist/module.no-external'

window.start = (token, api_host, options) =>
  new Promise((loaded) => {
    posthog.init(token, { api_host, autocapture: false, capture_pageview: false, opt_out_useragent_filter: true, ...options, loaded: () => loaded() })
    window.posthog = posthog
  })
