//! Every route of every door by actors that differ in rights: what nobody may tell them is in no
//! answer, and what they may not do is not done.
//!
//! The classes of attack that apply to what is built, each with the test that is named after it:
//!
//! | class | test |
//! | --- | --- |
//! | injection through filter, sort, group, count | `injection_a_name_or_a_value_is_never_more_than_that` in `injection` |
//! | code run from formula or script | `hostile_scripts_are_cut_off` in `rapport-script`, `a_formula_is_bounded_in_length_parts_and_depth` in the core |
//! | server-side request forgery | `a_destination_inside_is_refused_unless_the_settings_allow_it` in the integration tests, `a_redirect_that_would_lose_the_body_or_the_guard_is_refused` in `rapport-channels` |
//! | stored HTML | `stored_html_is_text_in_every_answer` in `classes` |
//! | write first, authorise later | `write_first_authorise_later_what_is_refused_leaves_everything_as_it_was` |
//! | missing object check | `missing_object_check_every_route_by_everybody`, `missing_object_check_nothing_nested_tells_of_what_is_another_s` in `nested` |
//! | field-level bypass by another view | `field_level_bypass_what_follows_from_a_masked_field_is_masked` in `masks` |
//! | account takeover, user enumeration, session fixation, token theft, live channel | the tests of these names in [`attacks`](super::attacks); `live_channel_an_open_stream_tells_nobody_what_they_may_not_know` in `streams` |
//! | mass assignment | `mass_assignment_a_record_is_given_away_only_by_who_may_assign` in `nested`, `mass_assignment_what_nobody_asked_to_be_set_is_refused` in `attacks` |
//! | path traversal, archives | `path_traversal_no_address_leads_out` in `classes`, `archives_and_broken_gzip_are_refused_in_words` in `rapport-import` |
//! | schema disclosure | `schema_disclosure_what_is_defined_is_told_to_nobody_without_its_scope` in `classes` |
//! | public tracking | `public_tracking_makes_nobody_the_owner_of_anybody` in `classes` |
//!
//! Another workspace is another directory; portals, mail and exports of tables are not there.

use super::Doors;
use asks::{Ask, ELSEWHERE, Fate, asks, door};
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::member::{Access, Action, Area, Scope, may};
use rapport_flow::archive::Archive;
use rapport_flow::clock::SystemClock;
use rapport_flow::dump::{self, Dump};
use rapport_flow::{Roles, Settings};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use world::{NUMBER, OWNERS, TYPES, Who, World};

mod asks;
mod classes;
mod injection;
mod masks;
mod nested;
mod routes;
mod streams;
mod world;

/// Everything the stores say, without audit and counters.
async fn dumped(doors: &Doors) -> Dump {
    doors.settle().await;
    let memory = &doors.memory;
    let roles = Roles {
        ledger: memory.ledger.clone(),
        state: memory.state.clone(),
        history: memory.history.clone(),
        seen: memory.seen.clone(),
    };
    let clock = Arc::new(SystemClock::start());
    let archive = Archive::open(roles, Settings::default(), clock)
        .await
        .expect("an archive");
    let mut dump = dump::dump(&archive, archive.received())
        .await
        .expect("a dump");
    // A bulk remembers what was refused, for whoever began it.
    dump.retain(|name, _| !name.starts_with("Bulk"));
    dump
}

/// Sends a request as somebody, and looks whether the answer tells what it may not.
async fn send(world: &World, who: &Who, ask: &Ask) -> super::Answer {
    let path = ask.path.replace(' ', "%20");
    let body = match ask.body {
        Value::Null => String::new(),
        ref body => body.to_string(),
    };
    let method = ask.method.clone();
    let answer = match &who.session {
        Some(browser) => browser.ask(&world.doors, method, &path, &body).await,
        None => super::signed::with_token(&world.doors, &who.token, method, &path, &body).await,
    };
    tells(
        world,
        who,
        &answer,
        &format!("{path} {body}"),
        &format!("{} {path}", ask.method),
    );
    answer
}

/// Looks whether an answer tells what it may not; what was asked may come back.
#[track_caller]
fn tells(world: &World, who: &Who, answer: &super::Answer, asked: &str, about: &str) {
    let text = String::from_utf8_lossy(&answer.body);
    let headers = format!("{:?}", answer.headers);
    for canary in &world.canaries {
        let is_told = text.contains(&canary.word) || headers.contains(&canary.word);
        if is_told && !asked.contains(&canary.word) {
            let is_open = canary.is_open_to(who.actor.as_ref());
            assert!(
                is_open,
                "{} was told {canary:?} by {about}: {text}",
                who.name
            );
        }
    }
}

fn every_ask(world: &World) -> Vec<Ask> {
    let mut all = Vec::new();
    let mut unknown = Vec::new();
    for (path, methods) in routes::walked(&world.doors) {
        for method in methods {
            match asks(world, &path, &method) {
                Some(asked) => all.extend(asked),
                None => unknown.push(format!("{method} {path}")),
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "say in tests/matrix/asks.rs what these need: {unknown:#?}"
    );
    let walked = routes::walked(&world.doors);
    let used: BTreeSet<_> = walked.keys().filter_map(|path| door(path)).collect();
    assert_eq!(used, BTreeSet::from(ELSEWHERE), "doors that are gone");
    assert!(all.len() > 1_000, "{}", all.len());
    all
}

async fn walk(world: &World, who: &Who, all: &[Ask]) -> Vec<String> {
    let mut wrong = Vec::new();
    for ask in all {
        let fate = ask.fate(who.actor.as_ref());
        if fate == Fate::Open(false) {
            continue;
        }
        let answer = send(world, who, ask).await;
        let status = answer.status.as_u16();
        let is_bulk = ask.path.ends_with("/bulk");
        let is_right = match fate {
            Fate::Unknown => status == 401,
            // A bulk is refused record by record, or where none could be changed, before the first.
            Fate::Refused => status == 403 || (status == 200 && is_bulk),
            Fate::Missing(missing) => status == missing || (status == 403 && is_bulk),
            Fate::Open(_) => !matches!(status, 500..) || status == 501,
        };
        if !is_right {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            wrong.push(format!(
                "{} {} {}: {fate:?}, {status} {text}",
                who.name, ask.method, ask.path
            ));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_object_check_every_route_by_everybody() {
    let world = World::make().await;
    let all = every_ask(&world);
    let mut wrong = Vec::new();
    for who in &world.everybody {
        wrong.extend(walk(&world, who, &all).await);
    }
    let first = &wrong[..wrong.len().min(30)];
    assert!(wrong.is_empty(), "{} answers: {first:#?}", wrong.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_opens_what_its_member_may_and_nothing_at_other_doors() {
    let world = World::make().await;
    let is_native = |ask: &Ask| ask.path.starts_with("/api/v1/");
    let (native, others): (Vec<_>, Vec<_>) = every_ask(&world).into_iter().partition(is_native);
    let mut wrong = Vec::new();
    for name in ["ada", "olga", "mia", "vic"] {
        let mut who = world.at_a_browser(name).await;
        wrong.extend(walk(&world, &who, &native).await);
        // What other programs speak knows no cookies: to them nobody asks.
        who.actor = None;
        wrong.extend(walk(&world, &who, &others).await);
    }
    let first = &wrong[..wrong.len().min(30)];
    assert!(wrong.is_empty(), "{} answers: {first:#?}", wrong.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn write_first_authorise_later_what_is_refused_leaves_everything_as_it_was() {
    let world = World::make().await;
    let all = every_ask(&world);
    for who in &world.everybody {
        let is_refused = |ask: &&Ask| {
            let fate = ask.fate(who.actor.as_ref());
            ask.method != Method::GET && !matches!(fate, Fate::Open(_))
        };
        let refused: Vec<Ask> = all.iter().filter(is_refused).cloned().collect();
        let before = dumped(&world.doors).await;
        walk(&world, who, &refused).await;
        let difference = dump::difference(&before, &dumped(&world.doors).await);
        if difference.is_empty() {
            continue;
        }
        for ask in &refused {
            let before = dumped(&world.doors).await;
            walk(&world, who, std::slice::from_ref(ask)).await;
            let difference = dump::difference(&before, &dumped(&world.doors).await);
            assert!(
                difference.is_empty(),
                "{} changed {difference:?} by {ask:?}",
                who.name
            );
        }
        panic!("{} changed {difference:?}", who.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_api_is_for_whoever_sees_everybody() {
    let world = World::make().await;
    let zoes = world.records[&(TypeId::CONTACT, "zoe")];
    let zoes = format!("/crm/v3/objects/contacts/{zoes}?properties=email");
    let zoes = world.doors.get(&zoes).await.good();
    let email = zoes["properties"]["email"].as_str().expect("an address");
    for who in &world.everybody {
        let whole = [TypeId::CONTACT, TypeId::COMPANY];
        let expected = match &who.actor {
            None => 401,
            Some(actor) => {
                let may = actor.has(Scope::Area(Area::Profiles, Access::Read))
                    && whole.iter().all(|object| actor.sees_whole(*object));
                if may { 200 } else { 403 }
            }
        };
        let basic = BASE64.encode(format!("{}:", who.token));
        let headers = [("authorization", &*format!("Basic {basic}"))];
        for view in ["traits", "events", "external_ids", "links", "metadata"] {
            let path =
                format!("/v1/spaces/default/collections/users/profiles/email:{email}/{view}");
            let answer = super::signed::ask(&world.doors, Method::GET, &path, &headers, "").await;
            assert_eq!(answer.status.as_u16(), expected, "{} {view}", who.name);
            tells(&world, who, &answer, &path, &path);
        }
    }
}

/// The numbers of the records of a type that somebody may see, as told one by one.
fn seen(world: &World, who: &Who, object: TypeId) -> BTreeSet<u64> {
    let Some(actor) = &who.actor else {
        return BTreeSet::new();
    };
    let owned = OWNERS.map(|owner| world.owned(object, owner));
    let seen = owned
        .iter()
        .filter(|one| may(actor, Action::View, one, None).is_allowed());
    seen.filter_map(|one| Some(one.record?.0)).collect()
}

async fn asked(world: &World, who: &Who, method: Method, path: &str, body: Value) -> super::Answer {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    super::signed::with_token(&world.doors, &who.token, method, path, &body).await
}

fn ids(page: &Value) -> Vec<u64> {
    let results = page["results"].as_array().expect("results");
    let ids = results
        .iter()
        .filter_map(|one| one["id"].as_str()?.parse().ok());
    ids.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_pages_and_boards_are_those_of_what_somebody_sees() {
    let world = World::make().await;
    let reads = |who: &&Who| {
        let actor = who.actor.as_ref();
        actor.is_some_and(|actor| {
            TYPES
                .iter()
                .all(|(_, object)| actor.has(Scope::RecordsOf(*object, Access::Read)))
        })
    };
    for who in world.everybody.iter().filter(reads) {
        for (name, object) in TYPES {
            let expected = seen(&world, who, object);
            let search = format!("/crm/v3/objects/{name}/search");
            let mut found = BTreeSet::new();
            let mut after = "0".to_owned();
            loop {
                let body = json!({ "limit": 1, "after": after });
                let page = asked(&world, who, Method::POST, &search, body).await.good();
                assert_eq!(page["total"], expected.len(), "{} {name}", who.name);
                found.extend(ids(&page));
                match page["paging"]["next"]["after"].as_str() {
                    Some(next) => after = next.to_owned(),
                    None => break,
                }
            }
            assert_eq!(found, expected, "{} {name}", who.name);
            let native = format!("/api/v1/records/{name}?total=exact");
            let page = asked(&world, who, Method::GET, &native, Value::Null)
                .await
                .good();
            assert_eq!(page["total"], expected.len(), "{} {name}", who.name);
            assert_eq!(
                BTreeSet::from_iter(ids(&page)),
                expected,
                "{} {name}",
                who.name
            );
            let board = format!("/api/v1/records/{name}/board?by=hubspot_owner_id");
            let board = asked(&world, who, Method::GET, &board, Value::Null)
                .await
                .good();
            let columns = board["columns"].as_array().expect("columns");
            let counted: u64 = columns.iter().filter_map(|one| one["count"].as_u64()).sum();
            assert_eq!(counted, expected.len() as u64, "{} {name}", who.name);
        }
    }
}

/// What the numbers of the records somebody sees come to, by owner, added up one by one.
fn sums(world: &World, who: &Who, object: TypeId) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for record in seen(world, who, object) {
        let canaries = world.canaries.iter();
        let of = canaries.filter(|one| one.owned.object == object);
        let mut of = of.filter(|one| one.owned.record == Some(RecordNo(record)));
        // What was written last is what it is.
        let number = of.rfind(|one| one.field == NUMBER);
        let number = number.expect("a number of each");
        let owner = number.owned.owner.map(|owner| owner.0.to_string());
        let word: u64 = number.word.parse().expect("a number");
        *sums.entry(owner.unwrap_or_default()).or_default() += word;
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_are_those_of_what_somebody_sees_and_masked_numbers_are_not_added() {
    let world = World::make().await;
    let mut refused = BTreeSet::new();
    let mut summed = 0;
    for who in &world.everybody {
        let Some(actor) = &who.actor else { continue };
        for (name, object) in TYPES {
            if !actor.has(Scope::RecordsOf(object, Access::Read)) {
                continue;
            }
            let path = format!("/api/v1/records/{name}/board?by=hubspot_owner_id&sum={NUMBER}");
            let answer = asked(&world, who, Method::GET, &path, Value::Null).await;
            if answer.status.as_u16() == 403 {
                refused.insert(who.name);
                continue;
            }
            let board = answer.good();
            let mut told = BTreeMap::new();
            for column in board["columns"].as_array().expect("columns") {
                let owner = column["value"].as_str().unwrap_or_default().to_owned();
                let sum = column["sums"][NUMBER].as_f64().expect("a sum") as u64;
                told.insert(owner, sum);
            }
            assert_eq!(told, sums(&world, who, object), "{} {name}", who.name);
            summed += told.len();
        }
    }
    assert_eq!(refused, BTreeSet::from(["mia"]));
    assert!(summed > 20, "{summed}");
}
