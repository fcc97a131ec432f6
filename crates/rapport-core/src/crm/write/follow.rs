//! What else follows from a write: dates of lifecycle stages, of owners and of finished tasks, a
//! preview of long texts, and where the record comes from.

use super::Draft;
use crate::crm::derived::BODIES;
use crate::crm::history::Door;
use crate::crm::value::Value;

/// The longest preview of a text, in characters.
const PREVIEW_CHARS: usize = 200;
pub(super) fn settle(draft: &mut Draft<'_>) {
    lifecycle(draft);
    owner(draft);
    task(draft);
    preview(draft);
    origin(draft);
}

/// A lifecycle stage has its date from when it was reached first, and who becomes a customer does
/// so now.
fn lifecycle(draft: &mut Draft<'_>) {
    if !draft.moves("lifecyclestage") {
        return;
    }
    let Some(stage) = draft.text("lifecyclestage") else {
        return;
    };
    let at = Some(Value::Instant(draft.at));
    let reached = format!("hs_lifecyclestage_{stage}_date");
    if draft.value(&reached).is_none() {
        draft.set(&reached, at.clone());
    }
    if &*stage == "customer" && draft.value("closedate").is_none() {
        draft.set("closedate", at);
    }
}

fn owner(draft: &mut Draft<'_>) {
    if draft.moves("hubspot_owner_id") {
        let owned = draft.value("hubspot_owner_id");
        let since = owned.map(|_| Value::Instant(draft.at));
        draft.set("hubspot_owner_assigneddate", since);
    }
}

fn task(draft: &mut Draft<'_>) {
    if !draft.moves("hs_task_status") {
        return;
    }
    let is_done = draft.text("hs_task_status").as_deref() == Some("COMPLETED");
    let done_on = is_done.then_some(Value::Instant(draft.at));
    draft.set("hs_task_completion_date", done_on);
    let count = f64::from(u8::from(is_done));
    draft.set("hs_task_is_completed", Some(Value::Number(count)));
}

fn preview(draft: &mut Draft<'_>) {
    for body in BODIES {
        if draft.moves(body) {
            let text = draft.text(body);
            let preview = text.map(|text| without_tags(&text));
            let preview = preview.filter(|preview| !preview.is_empty());
            draft.set(
                "hs_body_preview",
                preview.map(|text| Value::Text(text.into())),
            );
        }
    }
}

/// The beginning of a text, tags left out and white space narrowed.
fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars().take(20 * PREVIEW_CHARS) {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            _ if in_tag => {}
            _ => text.push(c),
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(PREVIEW_CHARS).collect()
}

/// Who made the record and who changed it last, if anything changed.
fn origin(draft: &mut Draft<'_>) {
    if draft.change().is_empty() {
        return;
    }
    let origin = draft.origin;
    if matches!(origin.door, Door::Calculated) {
        return;
    }
    let member = origin.member.map(|member| Value::Number(member as f64));
    if draft.is_new() {
        let text = |text: &str| (!text.is_empty()).then(|| Value::Text(text.into()));
        draft.set("hs_object_source", text(origin.door.word()));
        draft.set("hs_object_source_id", text(&origin.id));
        draft.set("hs_object_source_label", text(&origin.label));
        draft.set("hs_created_by_user_id", member.clone());
    }
    draft.set("hs_updated_by_user_id", member);
}
