//! What the ready maps make of their samples, kept beside them.

use super::*;
use crate::event::dialect::object::Builder;

#[test]
fn every_ready_map_makes_of_its_samples_what_is_kept_beside_it() {
    let mut differing = Vec::new();
    for name in ready::names() {
        let found = ready::find(name).unwrap_or_else(|| panic!("{name} cannot be read"));
        let map = found
            .map()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut made = String::new();
        for sample in &found.samples {
            let headers: Vec<_> = sample.headers.clone().into_iter().collect();
            let delivery = Delivery {
                headers: &headers,
                body: sample.body.get(),
            };
            for mapped in map.apply(delivery) {
                made.push_str(&spelled(&mapped));
                made.push('\n');
            }
            made.push('\n');
        }
        let path = format!(
            "{}/src/event/mapping/ready/{name}.events",
            env!("CARGO_MANIFEST_DIR")
        );
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept != made {
            std::fs::write(format!("{path}.tmp"), &made).expect("the folder can be written");
            differing.push(name);
        }
    }
    assert!(
        differing.is_empty(),
        "look at the .events.tmp of {differing:?}, and move it to .events if it is right"
    );
}

#[test]
fn ready_maps_name_a_scheme_and_have_samples() {
    for name in ready::names() {
        let found = ready::find(name).expect("a ready map");
        assert!(!found.samples.is_empty(), "{name}");
        assert!(!found.title.is_empty() && !found.about.is_empty(), "{name}");
        let known = ["shopify", "meta", "sendgrid", "mailgun", "hubspot"];
        assert!(known.contains(&&*found.verify), "{name}");
    }
    assert!(ready::find("myspace").is_none());
}

/// One line, in a spelling that is easy to compare.
fn spelled(mapped: &Mapped) -> String {
    let draft = match mapped {
        Mapped::Event(draft) => draft,
        Mapped::Skipped { reason, .. } => return format!("skipped {}", reason.code),
        Mapped::Invalid { reason, .. } => {
            return format!("invalid {}: {}", reason.code, reason.message);
        }
    };
    let mut line = Builder::new();
    line.put_text("type", draft.kind.word());
    line.put_text("event", &draft.name);
    line.put_text("message_id", &draft.message_id);
    let time = draft.original.map(|time| time.to_string());
    line.put_text("time", &time.unwrap_or_default());
    let ids: Vec<String> = draft.identifiers.iter().map(ToString::to_string).collect();
    line.put_text("identifiers", &ids.join(" "));
    line.put("traits", &draft.traits);
    line.put("properties", &draft.properties);
    line.put("context", &draft.context);
    line.finish().into()
}
