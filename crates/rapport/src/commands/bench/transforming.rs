//! Transformations: what a step costs an event, and what a script costs the flow.

use super::collecting::{events, plan};
use super::load;
use super::report::{Report, Target};
use super::server::{Kind, Server, TOKEN};
use super::traffic::Shape;
use super::{Scale, gauges};
use anyhow::{Context, Result, bail};
use rapport_core::event::dialect::NoMaps;
use rapport_core::event::transform::script::{Engine, Failure, Opened, Scripts};
use rapport_core::event::transform::{Tools, Transformations, read};
use rapport_core::event::{
    Call, Dialect, Event, KeyKind, Origin, Request, SourceNo, Validated, dialect,
};
use rapport_core::time::Millis;
use rapport_script::QuickJs;
use std::sync::Arc;
use std::time::Instant;

/// An event as a browser sends it.
const ITEM: &str = r#"{"type":"track","event":"Product Viewed","userId":"u-00000001","anonymousId":"a-00000001","messageId":"m-1","timestamp":"2026-01-01T10:00:00.000Z","properties":{"product_id":"P-77","sku":"77","category":"cheese","name":"Old Larkfield","price":24.50,"currency":"EUR","quantity":2},"context":{"ip":"203.0.113.77","locale":"nl-NL","userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36","page":{"path":"/milk","referrer":"https://www.google.nl/","title":"Milk","url":"https://shop.example/milk?utm_source=news&utm_campaign=spring"},"library":{"name":"analytics.js","version":"next-1.70.0"}}}"#;
/// Steps, each measured alone.
const STEPS: [(&str, &str); 10] = [
    (
        "rename",
        r#"{"rename":{"from":"properties.sku","to":"properties.id"}}"#,
    ),
    ("drop", r#"{"drop":["properties.quantity"]}"#),
    ("set", r#"{"set":{"path":"properties.shop","value":"nl"}}"#),
    ("mask", r#"{"mask":{"paths":["context.ip"],"by":"hash"}}"#),
    (
        "filter",
        r#"{"filter":{"drop":"event = \"Heartbeat\" or properties.price < 1"}}"#,
    ),
    ("user_agent", r#"{"user_agent":{}}"#),
    ("campaign", r#"{"campaign":{}}"#),
    ("referrer", r#"{"referrer":{}}"#),
    (
        "script that returns its event",
        r#"{"script":"function transform(event) { return event }"}"#,
    ),
    (
        "small script",
        r#"{"script":"function transform(event) { const p = event.properties; p.total = p.price * p.quantity; p.shelf = p.category.toUpperCase(); delete p.sku; return event }"}"#,
    ),
];
/// Events a step is measured on.
const EVENTS: u32 = 50_000;

/// Every step alone, then S1 with and without a script on its source.
///
/// # Errors
/// Where the server fails.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    steps(report)?;
    let without = folded(scale, "plain", None).await?;
    report.add(
        "transform: S1 without",
        without,
        "events/s",
        Target::None,
        "collected and folded to the last, no people before",
    );
    let (_, script) = STEPS[STEPS.len() - 1];
    for (name, step) in [("a native step", STEPS[1].1), ("a small script", script)] {
        let with = folded(scale, &name.replace(' ', "-"), Some(step)).await?;
        let note = format!(
            "the same, on its only source; {:.0} % of without",
            100.0 * with / without
        );
        report.add(
            &format!("transform: S1 with {name}"),
            with,
            "events/s",
            Target::None,
            note,
        );
    }
    Ok(())
}

fn steps(report: &mut Report) -> Result<()> {
    let event = event()?;
    let none = Transformations {
        enabled: true,
        version: 1,
        steps: Vec::new(),
    };
    let floor = cost_us(&none, &event);
    report.add(
        "transform: an event without steps",
        floor,
        "us",
        Target::None,
        "printed for steps to work on; a source without transformations does not do this",
    );
    for (name, step) in STEPS {
        let steps = read(&[step]).map_err(anyhow::Error::msg)?;
        let cost = cost_us(
            &Transformations {
                steps,
                ..none.clone()
            },
            &event,
        );
        let name = format!("transform: {name}");
        report.add(
            &name,
            cost,
            "us",
            Target::None,
            "one step, one thread, with reading the result",
        );
    }
    Ok(())
}

fn cost_us(transformations: &Transformations, event: &Event) -> f64 {
    let mut scripts = OneScript(None);
    let mut tools = Tools {
        hash: &|text| text.len() as u128,
        places: None,
        scripts: Some(&mut scripts),
    };
    let _ = transformations.apply(event, &mut tools);
    let began = Instant::now();
    for _ in 0..EVENTS {
        std::hint::black_box(transformations.apply(std::hint::black_box(event), &mut tools));
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(EVENTS)
}

struct OneScript(Option<Box<dyn Opened>>);

impl Scripts for OneScript {
    fn run(&mut self, code: &str, item: &str, now: Millis) -> Result<Option<String>, Failure> {
        if self.0.is_none() {
            self.0 = Some(QuickJs.open(code, 50_000)?);
        }
        let opened = self.0.as_mut().ok_or(Failure::NoEngine)?;
        opened.run(item, now, 50_000)
    }
}

fn event() -> Result<Event> {
    let request = Request {
        number: 1,
        received: Millis(1_800_000_000_000),
        origin: Origin {
            source: SourceNo(1),
            key_kind: KeyKind::Browser,
            dialect: Dialect::Segment,
            call: Call::Batch,
            ip: None,
            user_agent: None,
        },
        body: format!("{{\"batch\":[{ITEM}]}}").into_bytes(),
    };
    match dialect::validate(&request, &NoMaps)
        .pop()
        .context("an item")?
    {
        Validated::Event(event) => Ok(*event),
        Validated::Invalid { reason, .. } => bail!("{}", reason.message),
        Validated::Filtered { .. } => bail!("the item is filtered"),
    }
}

/// Events a second of S1 through a fresh server, to the last.
async fn folded(scale: &Scale, name: &str, step: Option<&str>) -> Result<f64> {
    let server = Server::start(Kind::Whole, &scale.data.join(format!("transform-{name}"))).await?;
    if let Some(step) = step {
        let mut client = server.client().await?;
        let path = "/api/v1/sources";
        let (_, list) = client.call("GET", path, TOKEN, "").await?;
        let list: serde_json::Value = serde_json::from_str(&list)?;
        for source in list["results"].as_array().context("sources")? {
            let path = format!("{path}/{}/transformations", source["id"]);
            let body = format!("{{\"steps\":[{step}]}}");
            let (status, answer) = client.call("PUT", &path, TOKEN, &body).await?;
            if status != 200 {
                bail!("{status}: {answer}");
            }
        }
    }
    let before = gauges::settle(server.address).await?;
    let began = Instant::now();
    let hold = Arc::default();
    let governor = tokio::spawn(gauges::govern(server.address, Arc::clone(&hold), 2_000));
    let load = load::Plan {
        seconds: scale.seconds.min(10.0),
        hold,
        ..plan(scale, server.address, Shape::Sessions)
    };
    let sent = load::send(&load).await?;
    drop(load);
    governor.await??;
    let after = gauges::settle(server.address).await?;
    if events(&sent, Shape::Sessions) <= 0.0 {
        bail!("nothing was sent");
    }
    let rate = (after.folded - before.folded) as f64 / began.elapsed().as_secs_f64();
    server.stop().await?;
    Ok(rate)
}
