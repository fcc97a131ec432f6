//! Scripts that do their work, and scripts that mean harm.

use crate::QuickJs;
use rapport_core::event::transform::script::{Engine, Failure, Opened};
use rapport_core::time::Millis;
use std::time::{Duration, Instant};

const BUDGET_US: u64 = 50_000;
const EVENT: &str =
    r#"{"type":"track","event":"Milk Bought","properties":{"price":24.50,"note":"a b"}}"#;

fn open(code: &str) -> Box<dyn Opened> {
    QuickJs
        .open(code, BUDGET_US)
        .unwrap_or_else(|failure| panic!("{code}: {failure:?}"))
}

fn body(body: &str) -> Box<dyn Opened> {
    open(&format!("function transform(event) {{ {body} }}"))
}

fn run(script: &mut Box<dyn Opened>) -> Result<Option<String>, Failure> {
    script.run(EVENT, Millis(1_800_000_000_000), BUDGET_US)
}

#[test]
fn a_script_gives_back_what_it_made_of_an_event() {
    let mut script = body(
        "event.properties.total = event.properties.price * 2; delete event.properties.note; return event",
    );
    let expected =
        r#"{"type":"track","event":"Milk Bought","properties":{"price":24.5,"total":49}}"#;
    assert_eq!(run(&mut script), Ok(Some(expected.to_owned())));
    assert_eq!(run(&mut body("return null")), Ok(None));
    let mut arrow = open(
        "const double = (x) => x * 2\nconst transform = (event) => ({ ...event, n: double(2) })",
    );
    assert!(run(&mut arrow).is_ok_and(|item| item.is_some_and(|item| item.ends_with(r#""n":4}"#))));
    let text = r#"event.x = 'a,b'.split(',').map((s) => s.toUpperCase()).join('-').replace(/b/i, 'c'); return event"#;
    assert!(run(&mut body(text)).is_ok_and(|item| item.is_some_and(|item| item.contains("A-c"))));
}

#[test]
fn what_is_no_script_is_refused_with_the_reason() {
    for (code, said) in [
        ("", "no `function transform(event)`"),
        ("const transform = 7", "no `function transform(event)`"),
        ("function transform(event) {", ""),
        (
            "function transform(event) { return event } })(); (function () {",
            "",
        ),
        (
            "}); globalThis.x = 1; (function () { function transform(e) { return e }",
            "",
        ),
        ("throw new Error('top')", "top"),
        ("while (true) {}", "top level"),
        (
            "import x from 'x'; function transform(event) { return event }",
            "",
        ),
    ] {
        match QuickJs.open(code, BUDGET_US).map(|_| ()) {
            Err(Failure::Refused(why)) => assert!(why.contains(said), "{code}: {why}"),
            other => panic!("{code}: {other:?}"),
        }
    }
}

#[test]
fn a_result_that_is_no_event_is_told_from_an_error() {
    for (code, said) in [
        ("event.x = 1", "returned nothing"),
        ("return 7", "must return an event"),
        ("return [event]", "must return an event"),
        ("return 'text'", "must return an event"),
        ("event.x = 'x'.repeat(100000); return event", "too large"),
        ("return { toJSON() { return undefined } }", "no JSON"),
    ] {
        match run(&mut body(code)) {
            Err(Failure::Result(why)) => assert!(why.contains(said), "{code}: {why}"),
            other => panic!("{code}: {other:?}"),
        }
    }
    match run(&mut body("\n\nreturn event.nothing.there")) {
        Err(Failure::Threw(why)) => assert!(why.contains("line 3"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        run(&mut body("throw 'words'")),
        Err(Failure::Threw("words".to_owned()))
    );
    assert!(run(&mut body("const a = {}; a.a = a; return a")).is_err());
}

#[test]
fn nothing_of_one_event_is_left_for_the_next() {
    for leak in [
        "globalThis.seen = (globalThis.seen || 0) + 1; event.seen = globalThis.seen; return event",
        "Array.prototype.seen = 1; event.seen = [].seen; return event",
        "Object.prototype.seen = 1; event.seen = ({}).seen; return event",
        "transform.seen = (transform.seen || 0) + 1; event.seen = transform.seen; return event",
        "count += 1; event.seen = count; return event",
        "kept.push(1); event.seen = kept.length; return event",
        "JSON.seen = (JSON.seen || 0) + 1; event.seen = JSON.seen; return event",
        "Math.max = () => 7; event.seen = Math.max(1); return event",
        "Object.getPrototypeOf(function* () {}).seen = 1; event.seen = 1; return event",
        "Object.getPrototypeOf(''.matchAll(/a/g)).seen = 1; event.seen = 1; return event",
        "const f = (x) => x`a`; const tag = (s) => { s.seen = 1; return s.seen }; event.seen = f(tag); return event",
        "Symbol.iterator.description; Symbol.prototype.seen = 1; event.seen = 1; return event",
    ] {
        let mut script = open(&format!(
            "let count = 0; const kept = []; function transform(event) {{ {leak} }}"
        ));
        let first = run(&mut script);
        for _ in 0..3 {
            assert_eq!(run(&mut script), first, "{leak}");
        }
    }
}

#[test]
fn the_only_moment_there_is_is_the_events_own() {
    let code = "event.now = [Date.now(), new Date().getTime(), new Date('2026-01-01T00:00:00Z').getTime(), Date.UTC(2026, 0)]; return event";
    let made = run(&mut body(code)).expect("a result").expect("an event");
    assert!(
        made.contains("\"now\":[1800000000000,1800000000000,1767225600000,1767225600000]"),
        "{made}"
    );
    let later = body(code)
        .run(EVENT, Millis(5), BUDGET_US)
        .expect("a result")
        .expect("an event");
    assert!(later.contains("\"now\":[5,5,"), "{later}");
    assert!(run(&mut body("event.x = Math.random(); return event")).is_err());
    for gone in [
        "eval",
        "Function",
        "performance",
        "Proxy",
        "WeakRef",
        "SharedArrayBuffer",
        "require",
        "std",
        "os",
    ] {
        let made = run(&mut body(&format!("event.x = typeof {gone}; return event")));
        assert!(
            made.is_ok_and(|item| item.is_some_and(|item| item.contains("\"undefined\""))),
            "{gone}"
        );
    }
    for code in [
        "(function () {}).constructor('return 1')()",
        "(() => {}).constructor('return 1')()",
        "Object.getPrototypeOf(async () => {}).constructor('')",
    ] {
        assert!(
            run(&mut body(&format!("event.x = {code}; return event"))).is_err(),
            "{code}"
        );
    }
}

/// What takes too much is cut off soon, and the next event finds the script as new.
#[test]
fn hostile_scripts_are_cut_off() {
    for (name, attack) in [
        ("an endless loop", "while (true) {}"),
        (
            "an endless loop that catches",
            "while (true) { try { while (true) {} } catch (e) {} finally { continue } }",
        ),
        ("deep recursion", "const f = (n) => f(n + 1) + 1; f(0)"),
        (
            "recursion that catches",
            "const f = () => { try { f() } catch (e) { f() } }; f()",
        ),
        (
            "memory in arrays",
            "const kept = []; while (true) kept.push(new Array(1000).fill('x'))",
        ),
        ("memory in a text", "let s = 'x'; while (true) s += s"),
        (
            "a huge array",
            "const a = new Array(4294967295); a.indexOf(1)",
        ),
        ("a huge array filled", "new Array(1e9).fill(1)"),
        (
            "a claimed length",
            "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
        ),
        (
            "a catastrophic expression",
            "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        ),
        (
            "a catastrophic replacement",
            "'a'.repeat(200000).replace(/(a*)*b/g, '')",
        ),
        (
            "a search in a huge text",
            "'a'.repeat(4000000).indexOf('a'.repeat(2000000) + 'b')",
        ),
        ("huge numbers", "let n = 3n; while (true) n = n * n"),
        (
            "a getter in the result",
            "return { get a() { while (true) {} } }",
        ),
        (
            "a toJSON in the result",
            "return { toJSON() { while (true) {} } }",
        ),
        (
            "a deep result",
            "let a = {}; const root = a; for (let i = 0; i < 1e5; i += 1) { a.a = {}; a = a.a } return root",
        ),
        (
            "promises",
            "for (let i = 0; i < 1e7; i += 1) Promise.resolve().then(() => { while (true) {} })",
        ),
        (
            "an endless generator",
            "const g = (function* () { while (true) yield 1 })(); [...g]",
        ),
        (
            "sorting",
            "new Array(300000).fill(0).map((_, i) => -i).sort((a, b) => { for (let i = 0; i < 1000; i += 1); return a - b })",
        ),
    ] {
        let mut script = open(&format!(
            "function transform(event) {{ if (event.event !== 'Calm') {{ {attack} }}\n return event }}"
        ));
        let began = Instant::now();
        let result = run(&mut script);
        let took = began.elapsed();
        assert!(result.is_err(), "{name}: {result:?}");
        assert!(
            took < Duration::from_secs(2),
            "{name} took {took:?}: {result:?}"
        );
        let calm = script.run(r#"{"event":"Calm"}"#, Millis(0), BUDGET_US);
        assert_eq!(calm, Ok(Some(r#"{"event":"Calm"}"#.to_owned())), "{name}");
    }
}

#[test]
fn a_length_that_is_only_claimed_is_not_believed() {
    let code = "event.x = [1].concat([2, [3]], { length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true }).length; return event";
    let made = run(&mut body(code));
    assert!(made.is_ok_and(|item| item.is_some_and(|item| item.contains("\"x\":4"))));
}

#[test]
fn a_promise_is_no_event_and_never_goes_on() {
    let mut script = open("async function transform(event) { event.x = 1; return event }");
    for _ in 0..50 {
        match run(&mut script) {
            Ok(Some(item)) => assert_eq!(item, "{}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn memory_does_not_grow_with_events() {
    let mut script = body(
        "const x = { a: 1 }; x.x = x; event.properties.copy = JSON.parse(JSON.stringify(event.properties)); return event",
    );
    for _ in 0..20_000 {
        assert!(run(&mut script).is_ok());
    }
}
