//! Golden payloads: input as it should be, which mutations then break.

/// Bodies of tracking calls.
pub(crate) const BODIES: &[&[u8]] = &[
    br#"{"batch":[{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m1","timestamp":"2026-11-22T10:00:00.123Z","properties":{"price":1.5,"tags":["a","b"],"deep":{"x":{"y":null}}}}],"sentAt":"2026-11-22T10:00:01Z"}"#,
    br#"{"type":"identify","anonymousId":"a1","traits":{"email":"ana@example.org","phone":"+46701234567","plan":"gold","age":42}}"#,
    br#"{"batch":[{"type":"alias","userId":"u2","previousId":"a1"},{"type":"group","userId":"u2","groupId":"dairy","traits":{"size":3}},{"type":"page","anonymousId":"a1","name":"Home"},{"type":"screen","userId":"u1"},7,null,{}],"context":{"ip":"1.2.3.4"}}"#,
    br#"{"event":"\ud83d\ude00 \u0000 \ud800","userId":12345678901234567890,"context":{"device":{"id":"D1"},"externalIds":[{"id":"7","type":"ios.idfa"}],"traits":{"email":null}},"timestamp":1700000000000,"integrations":{"All":true}}"#,
    br#"[{"type":"track"}]"#,
];

/// Bodies of RudderStack's SDKs.
pub(crate) const RUDDER: &[&[u8]] = &[
    br#"{"batch":[{"type":"identify","userId":"u","context":{"traits":{"email":"a@b.c"}},"channel":"server","originalTimestamp":"2026-11-22T10:00:00.123Z","sentAt":"2026-11-22T10:10:00Z"},{"type":"merge","mergeProperties":[{"type":"email","value":"a@b.c"},{"type":"userId","value":7}]}],"sentAt":"2026-11-22T10:10:00Z"}"#,
    br#"{"type":"merge","messageId":"m","mergeProperties":[{"type":"user_id","value":"old"},{"type":"userId","value":"new"}]}"#,
];

/// Bodies of Jitsu's SDK.
pub(crate) const JITSU: &[&[u8]] = &[
    br#"{"type":"page","userId":null,"anonymousId":"a","groupId":"g","writeKey":"k:***","context":{"ip":"1.2.3.4","userAgent":"x","traits":{"email":"a@b.c"},"page":{"url":"https://x"}},"timestamp":"2026-11-22T10:00:00Z","sentAt":"2026-11-22T10:00:00Z","messageId":"m"}"#,
];

/// Bodies of PostHog's SDKs.
pub(crate) const POSTHOG: &[&[u8]] = &[
    br#"{"api_key":"k","batch":[{"event":"$identify","distinct_id":"u","properties":{"$anon_distinct_id":"0190d3e1-5c2b-7f00-8a4e-9b1c2d3e4f50","$set":{"email":"a@b.c"},"$set_once":{"x":1}},"timestamp":"2026-11-22T10:00:00Z","uuid":"m"},{"event":"$create_alias","distinct_id":"u","properties":{"alias":"v"}},{"event":"$groupidentify","distinct_id":"$company_acme","properties":{"$group_type":"company","$group_key":"acme","$group_set":{"n":1}}}],"sent_at":"2026-11-22T10:00:01Z","historical_migration":false}"#,
    br#"[{"event":"$pageview","offset":1500,"properties":{"token":"k","distinct_id":"d","$device_id":"d","$is_identified":false,"$current_url":"https://x/y","title":"T","$session_id":"s"}},{"$distinct_id":"u","$set":{"a":null}},{"event":"E","distinct_id":5,"$set":{"b":2}}]"#,
];

/// Queries of images.
pub(crate) const QUERIES: &[&[u8]] = &[
    b"writeKey=k&userId=u%201&event=Mail+Opened&properties.campaign.id=7&properties.a=b&a=1&a.b=2",
    b"data=eyJ1c2VySWQiOiJ1IiwiZXZlbnQiOiJNYWlsIE9wZW5lZCJ9&x=%zz",
];

/// Who is put on lists.
pub(crate) const ITEMS: &[&[u8]] = &[
    br#"{"batch":[{"list":"gold","on":true,"kind":"email","value":"a@b.c","id":"i1"},{"list":"gold","on":false,"kind":"user_id","value":"u","id":"i2"},7]}"#,
];

/// Rules as people write them.
pub(crate) const RULES: &[&[u8]] = &[
    br#"did "Product Viewed" where category = "shoes" and price >= 1.50 at least 3 times within 7 days and not (attribute plan in ("gold", "free") or in segment "calm")"#,
    br#"did not page "Home" within 90 seconds or did identify exactly 2 times ever"#,
    br#"sequence "A" as a where x = 1 then within 1 day "B" where y = a.y without "C" then not "D" lasting at most 3 days within 7 days or for 3 days (did "E" with sum of z between 1 and 2 this month)"#,
    br#"did "A" at least 3 times since last "B" but not for 9 days and random "r" from 2.5 to 10 percent and consent c within next 3 days"#,
    br#"attribute address.city not exists and attribute name starts with "A\"b\\" and attribute x contains -1e3"#,
];

/// Rules as programs write them.
pub(crate) const TREES: &[&[u8]] = &[
    br#"{"all":[{"did":"Milk Bought","where":{"property":"price","is":">","value":1},"at_least":2,"within":"7 days"},{"not":{"attribute":"plan","is":"in","value":["gold"]}},{"any":[{"in_segment":"s1"},{"not_in_segment":"s2"}]}]}"#,
    br#"{"did_not":{"type":"page","name":"Home"},"within":{"seconds":90}}"#,
    br#"{"sequence":[{"did":"A","as":"a"},{"did":"B","where":{"property":"x","operator":"=","step":"a","of":"y"},"within":"1 day","without":[{"did":"C"}]},{"did_not":"D"}],"within":"7 days"}"#,
    br#"{"for":"3 days","rule":{"did":"A","with":{"function":"sum","property":"x","operator":"between","values":[1,2]},"calendar":{"unit":"month","back":1}}}"#,
];

/// JSON of every shape.
pub(crate) const JSON: &[&[u8]] = &[
    br#"{"a":{"b":[1,2.5e-3,-0,"x\n\u00e9",true,null]},"a\u0062":{},"c":"","d":[[[]]]}"#,
    br#"{"a":1,"a":2,"price":123456789012345678901234567890.5,"b":"\"}{"}"#,
    br#"[{"a":"b"},"text",false]"#,
];

/// Rows of the state: any bytes may stand there after damage.
pub(crate) const ROWS: &[&[u8]] = &[
    &[0; 24],
    &[
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    ],
    &[
        0xff, 0xff, 0xff, 0xff, 0x0f, 0x80, 0x01, 0x00, 0x05, b'a', b'n', b'a', 0x01, 0x02,
    ],
];

/// Instants and identifiers.
pub(crate) const WORDS: &[&[u8]] = &[
    b"2026-11-22T10:00:00.123+01:00",
    b"9999-12-31 23:59:60Z",
    b"ana+shop@Example.org",
    b"+46 (0)70-123 45 67",
    b"prf_42",
];

/// Steps of transformations.
pub(crate) const STEPS: &[&[u8]] = &[
    br#"{"rename":{"from":"properties.deep.*.y","to":"properties.deep.*.z"},"when":"event = \"Milk Bought\" and properties.price >= 1.5"}"#,
    br#"{"rename":{"from":"traits.email","to":"properties.mail"}}"#,
    br#"{"drop":["context.ip","traits.\"a b\"","properties.tags.0","userId"]}"#,
    br#"{"mask":{"paths":["traits.email","context.ip"],"by":"truncate","keep":3}}"#,
    br#"{"set":{"path":"properties.deep.x.q","value":{"a":[1,null,"\ud83d\ude00"]},"if_absent":true}}"#,
    br#"{"name":"no_milk","filter":{"drop":"not (properties.tags.0 exists) or traits.age in (42, \"x\")"}}"#,
    br#"{"referrer":{"internal":["a.example"]}}"#,
];

/// Mappings of columns.
pub(crate) const MAPPINGS: &[&[u8]] = &[
    b"event = \"Order Completed\"\nmessage_id = [\"shop\", \"no\"]\ndecimal = \"comma\"\n[time]\ncolumn = \"when\"\nformat = \"%d/%m/%Y\"\nzone = \"Europe/Stockholm\"\n[identifiers]\nemail = \"mail\"\n[properties]\n\"a.b\" = \"c\"\n[types]\nzip = \"text\"\n[csv]\ndelimiter = \";\"\n",
    br#"{"type":"identify","identifiers":{"user_id":"id"},"traits":{"address.city":"city"},"rest":"none","lines":null,"encoding":"latin1"}"#,
];

/// Files of separated values.
pub(crate) const FILES: &[&[u8]] = &[
    b"customer_id,date,amount,\"a,b\"\n00001,19970101,11.77,\"x \"\"y\"\"\nz\"\n00002,1997-01-12,12.00,\n",
    b"email;when;total\r\nana@example.org;24.12.2019 10:30;1.234,50\r\n;;\r\n\xc5sa;1;2;3\r\n",
    b"\xef\xbb\xbfuser_id\ttimestamp\tevent\nu1\t1700000000\tMilk Bought\n",
];
