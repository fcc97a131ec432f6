//! `/api/v1/destinations`: where messages may go is asked before a destination is made.

use super::Doors;
use crate::{ApiSettings, Reach, Unreachable};
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

/// Lets nothing pass that looks like this machine.
struct Outside;

impl Reach for Outside {
    fn check<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), Unreachable>> + Send + 'a>> {
        let is_inside = url.contains("localhost");
        let told = || format!("{url} leads to this machine");
        Box::pin(ready(if is_inside { Err(told()) } else { Ok(()) }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_may_not_be_reached_is_refused_with_the_setting_that_allows_it() {
    let settings = ApiSettings {
        reach: Some(Arc::new(Outside)),
        ..ApiSettings::default()
    };
    let doors = Doors::open_with(settings).await;
    let path = "/api/v1/destinations/crm";
    let refused = doors.put(path, r#"{"url":"http://localhost/hook"}"#).await;
    assert_eq!(refused.error(), (400, "invalid_destination".into()));
    let told = refused.json()["error"].clone();
    assert_eq!(
        told["message"],
        "http://localhost/hook leads to this machine"
    );
    let help = told["help"].as_str().expect("help");
    for setting in ["webhooks.allow", "RAPPORT_WEBHOOKS_ALLOW"] {
        assert!(help.contains(setting), "{help}");
    }
    assert_eq!(doors.get(path).await.error().0, 404, "nothing was made");
    let made = doors
        .put(path, r#"{"url":"https://crm.example/hook"}"#)
        .await;
    assert_eq!(made.status.as_u16(), 200);
    let moved = doors.put(path, r#"{"url":"http://localhost/hook"}"#).await;
    assert_eq!(moved.status.as_u16(), 400);
    assert_eq!(
        doors.get(path).await.good()["url"],
        "https://crm.example/hook"
    );
}
