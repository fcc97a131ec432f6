//! What a property tells of others: whoever may not read those may not read it either.
//!
//! A formula names what it takes its values from. The rest is set by what [`write`](mod@super::write)
//! and [`contact`](super::contact) make follow from a value: previews of texts, dates of stages, the
//! domain of an address.

use super::contact::{EMAIL, EMAIL_DOMAIN, MORE_EMAILS};
use super::formula::Needs;
use super::object::ObjectType;
use super::property::Property;

/// The texts that have a preview.
pub(super) const BODIES: [&str; 6] = [
    "hs_note_body",
    "hs_call_body",
    "hs_email_text",
    "hs_meeting_body",
    "hs_task_body",
    "hs_communication_body",
];
/// What follows from the stage of a record.
const OF_STAGE: [&str; 7] = [
    "closed_date",
    "hs_closed_won_date",
    "hs_date_entered_current_stage",
    "hs_deal_stage_probability",
    "hs_is_closed",
    "hs_is_closed_lost",
    "hs_is_closed_won",
];
const OWNER: &str = "hubspot_owner_id";
const LIFECYCLE: &str = "lifecyclestage";
const TASK_STATUS: &str = "hs_task_status";

/// The properties whose values can be read off this one's: of its own record, and of those it is
/// linked with.
#[must_use]
pub fn needs(object: &ObjectType, property: &Property) -> Needs {
    let formula = property.calculated.as_ref();
    let mut needs = formula.map(|formula| formula.needs()).unwrap_or_default();
    let mut add = |name: &str| {
        needs.own.insert(name.into());
    };
    match &*property.name {
        EMAIL_DOMAIN | MORE_EMAILS => add(EMAIL),
        "hs_body_preview" => BODIES.into_iter().for_each(add),
        "hs_task_completion_date" | "hs_task_is_completed" => add(TASK_STATUS),
        "hubspot_owner_assigneddate" | "hubspot_team_id" => add(OWNER),
        name if name.starts_with("hs_lifecyclestage_") => add(LIFECYCLE),
        name if OF_STAGE.contains(&name) => {
            let staged = object.head.staged.iter();
            staged.for_each(|staged| {
                add(&staged.pipeline);
                add(&staged.stage);
            });
        }
        _ => {}
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::definitions::Definitions;
    use crate::crm::history::Origin;
    use crate::crm::write;
    use crate::crm::{Record, RecordNo, TypeId};
    use crate::time::Millis;
    use std::collections::BTreeMap;

    fn own(object: TypeId, name: &str) -> Vec<String> {
        let definitions = Definitions::standard();
        let object = definitions.get(object).expect("standard");
        let property = object.property(name).expect(name);
        let needs = needs(object, property);
        needs.own.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_can_be_read_off_a_property_is_named() {
        assert_eq!(own(TypeId::CONTACT, EMAIL_DOMAIN), [EMAIL]);
        assert_eq!(own(TypeId::CONTACT, "firstname"), [""; 0]);
        assert!(own(TypeId::NOTE, "hs_body_preview").contains(&"hs_note_body".to_owned()));
        assert!(own(TypeId::DEAL, "hs_is_closed_won").contains(&"dealstage".to_owned()));
        assert!(own(TypeId::DEAL, "hs_projected_amount").contains(&"amount".to_owned()));
        let definitions = Definitions::standard();
        let companies = definitions.get(TypeId::COMPANY).expect("standard");
        let revenue = companies.property("total_revenue").expect("standard");
        let needs = needs(companies, revenue);
        assert!(needs.related["deals"].contains("amount"));
    }

    /// Values of which one after another is written, so that whatever follows does.
    fn values(object: &ObjectType, property: &Property) -> Vec<String> {
        let staged = object.head.staged.as_ref();
        if staged.is_some_and(|staged| staged.stage == property.name) {
            let pipelines = object.pipelines.values();
            let stages = pipelines.flat_map(|pipeline| pipeline.in_use());
            return stages.map(|stage| stage.id.to_string()).collect();
        }
        let choices = property.choices.iter();
        let choices: Vec<String> = choices.map(|choice| choice.value.to_string()).collect();
        match choices.is_empty() {
            true => ["7", "2026-11-26", "true"].map(str::to_owned).to_vec(),
            false => choices,
        }
    }

    /// What people fill in themselves, and moves only to the day of a change.
    const DAYS: [&str; 1] = ["closedate"];

    #[test]
    fn whatever_follows_from_a_write_is_named() {
        let definitions = Definitions::standard();
        let origin = Origin::default();
        let mut followed = 0;
        for object in definitions.in_use() {
            for property in object.in_use().filter(|one| one.is_writable()) {
                let mut record = Record::new(RecordNo(1), Millis(1));
                for value in values(object, property) {
                    let said = BTreeMap::from([(property.name.clone(), value.into())]);
                    let Ok(change) = write::update(object, &record, &said, Millis(2), &origin)
                    else {
                        continue;
                    };
                    change.apply(&mut record);
                    let moved = change
                        .values
                        .keys()
                        .filter_map(|no| object.properties.get(no));
                    for other in moved.filter(|other| other.no != property.no) {
                        let is_day = DAYS.contains(&&*other.name);
                        let is_staging = object.head.staged.as_ref().is_some_and(|staged| {
                            staged.stage == other.name || staged.pipeline == other.name
                        });
                        if is_day || is_staging || other.name.contains("_by_user_id") {
                            continue;
                        }
                        followed += 1;
                        assert!(
                            needs(object, other).own.contains(&property.name),
                            "{} of {} follows from {}",
                            other.name,
                            object.head.name,
                            property.name
                        );
                    }
                }
            }
        }
        assert!(followed > 20, "{followed}");
    }
}
