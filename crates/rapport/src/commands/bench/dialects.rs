//! What each dialect costs: the same traffic in each of them, collected and folded by a server of
//! its own, in processor time of that server for each event.

use super::client::Client;
use super::report::{Report, Target};
use super::server::{Kind, SERVER_KEY, Server};
use super::traffic::Random;
use super::{Scale, gauges, load, segments};
use anyhow::{Result, bail};
use rapport_core::event::Dialect;
use rapport_core::time::Millis;

/// Events of a request.
const BATCH: u64 = 100;
/// How many people there are: few enough to be in memory, so that parsing shows.
const PEOPLE: u64 = 10_000;
/// Requests that are measured for each second the other loads go on.
const REQUESTS_A_SECOND: f64 = 500.0;

const DIALECTS: [Dialect; 4] = [
    Dialect::Segment,
    Dialect::Rudder,
    Dialect::Jitsu,
    Dialect::Posthog,
];

/// Measures every dialect, and each beside Segment's.
///
/// # Errors
/// Where a server fails.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    let requests = (scale.seconds * REQUESTS_A_SECOND) as u64;
    for dialect in DIALECTS {
        let word = dialect.word();
        let server = Server::start(Kind::Whole, &scale.data.join(word)).await?;
        segments::put(&mut server.client().await?).await?;
        let mut speaker = Speaker {
            dialect,
            random: Random(7),
            client: server.client().await?,
            sent: 0,
        };
        // Everybody comes once, so that what is measured is no making of people.
        speaker.send(PEOPLE.div_ceil(BATCH)).await?;
        let before = gauges::settle(server.address).await?;
        let cpu = server.cpu_seconds();
        speaker.send(requests).await?;
        let after = gauges::settle(server.address).await?;
        let folded = after.folded - before.folded;
        if folded != requests * BATCH {
            bail!(
                "{word}: {folded} events of {} were folded",
                requests * BATCH
            );
        }
        let cpu_us = (server.cpu_seconds() - cpu) * 1e6 / folded as f64;
        let name = format!("dialect {word}, collect and fold");
        let note = format!(
            "processor time an event, {folded} events of {PEOPLE} people, {BATCH} a request"
        );
        report.add(&name, cpu_us, "us", Target::None, note);
        if let Some(segment) = report.value("dialect segment, collect and fold") {
            let name = format!("dialect {word}, of Segment's");
            report.add(
                &name,
                cpu_us / segment,
                "",
                Target::None,
                "the same traffic",
            );
        }
        server.stop().await?;
    }
    Ok(())
}

/// One who sends in a dialect.
struct Speaker {
    dialect: Dialect,
    random: Random,
    client: Client,
    sent: u64,
}

impl Speaker {
    async fn send(&mut self, requests: u64) -> Result<()> {
        for _ in 0..requests {
            let body = self.body();
            let (path, headers) = self.address();
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: bench\r\n{headers}Content-Type: application/json\r\n\
                 Content-Length: {}\r\n\r\n",
                body.len()
            );
            let status = self
                .client
                .send(&[head.as_bytes(), body.as_bytes()].concat())
                .await?;
            if status != 200 {
                bail!("{} was answered {status}", self.dialect.word());
            }
        }
        Ok(())
    }

    fn address(&self) -> (&'static str, String) {
        let key = format!("X-Write-Key: {SERVER_KEY}\r\n");
        match self.dialect {
            Dialect::Segment
            | Dialect::Webhook
            | Dialect::Import
            | Dialect::List
            | Dialect::Hubspot => ("/v1/batch", key),
            Dialect::Rudder => ("/v1/batch", key + "SentAt: now\r\n"),
            Dialect::Jitsu => ("/api/s/s2s/batch", key),
            Dialect::Posthog => ("/batch/", String::new()),
        }
    }

    fn body(&mut self) -> String {
        let now = load::now();
        let events: Vec<String> = (0..BATCH).map(|_| self.event(now)).collect();
        let events = events.join(",");
        match self.dialect {
            Dialect::Posthog => {
                format!(r#"{{"api_key":"{SERVER_KEY}","batch":[{events}],"sent_at":"{now}"}}"#)
            }
            _ => format!(r#"{{"batch":[{events}],"sentAt":"{now}"}}"#),
        }
    }

    fn event(&mut self, now: Millis) -> String {
        self.sent += 1;
        let (id, noise) = (self.sent, self.random.below(u64::MAX));
        // The first that many are everybody, in order.
        let person = if id <= PEOPLE {
            id
        } else {
            1 + self.random.below(PEOPLE)
        };
        let properties = format!(
            r#""product_id":"p-{noise:016x}","sku":"G-32","category":"shoes","name":"Trail runner, light","brand":"Northway","price":79.95,"quantity":1,"currency":"EUR","position":3"#
        );
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
        match self.dialect {
            Dialect::Posthog => format!(
                r#"{{"event":"Product Viewed","uuid":"m-{id:016x}","distinct_id":"u-{person:08}","timestamp":"{now}","properties":{{{properties},"$pathname":"/shoes","title":"Trail runner","$current_url":"https://shop.example.com/shoes","$raw_user_agent":"{agent}","$browser_language":"en-GB","$lib":"posthog-node","$lib_version":"5.70.0"}}}}"#
            ),
            _ => format!(
                r#"{{"type":"track","event":"Product Viewed","messageId":"m-{id:016x}","userId":"u-{person:08}","timestamp":"{now}","properties":{{{properties}}},"context":{{"page":{{"path":"/shoes","title":"Trail runner","url":"https://shop.example.com/shoes"}},"userAgent":"{agent}","locale":"en-GB","library":{{"name":"analytics-node","version":"5.70.0"}}}}}}"#
            ),
        }
    }
}
