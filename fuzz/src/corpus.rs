//! Golden payloads: input as it should be, which mutations then break.

/// Bodies of tracking calls.
pub(crate) const BODIES: &[&[u8]] = &[
    br#"{"batch":[{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m1","timestamp":"2026-11-22T10:00:00.123Z","properties":{"price":1.5,"tags":["a","b"],"deep":{"x":{"y":null}}}}],"sentAt":"2026-11-22T10:00:01Z"}"#,
    br#"{"type":"identify","anonymousId":"a1","traits":{"email":"ana@example.org","phone":"+46701234567","plan":"gold","age":42}}"#,
    br#"{"batch":[{"type":"alias","userId":"u2","previousId":"a1"},{"type":"group","userId":"u2","groupId":"dairy","traits":{"size":3}},{"type":"page","anonymousId":"a1","name":"Home"},{"type":"screen","userId":"u1"},7,null,{}],"context":{"ip":"1.2.3.4"}}"#,
    br#"{"event":"\ud83d\ude00 \u0000 \ud800","userId":12345678901234567890,"context":{"device":{"id":"D1"},"externalIds":[{"id":"7","type":"ios.idfa"}],"traits":{"email":null}},"timestamp":1700000000000,"integrations":{"All":true}}"#,
    br#"[{"type":"track"}]"#,
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
