//! Which records belong together, and as what: of one record, and many at a time.

use super::asked::Asked;
use super::batch::Id;
use super::body::{Body, Text};
use super::fault::Fault;
use super::gate::Caller;
use super::reading::{self, Page};
use super::spelling::Spelled;
use super::{paging, refusal};
use crate::Api;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, put};
use axum::{Json, Router};
use rapport_core::crm::association::{Category, Kind};
use rapport_core::crm::{
    Definitions, LinkInput, NewLink, ObjectType, RecordNo, RecordReference, Refused,
};
use rapport_core::member::{Access, Action};
use rapport_flow::commands::Linked;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use links::{associate, disassociate};

mod batch;
mod links;
mod older;

/// Links of one record on one page.
const LIMIT: usize = 500;

pub(super) fn routes() -> Router<Api> {
    let of_records = Spelled::family("v4", "objects")
        .at("/{type}/{id}/associations/{to}", get(list))
        .at(
            "/{type}/{id}/associations/{to}/{to_id}",
            put(link).delete(unlink),
        )
        .at(
            "/{type}/{id}/associations/default/{to}/{to_id}",
            put(link_plainly),
        );
    of_records
        .routes()
        .merge(batch::routes())
        .merge(older::routes())
}

/// What a record is to be linked to when it is made.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Together {
    to: ToId,
    #[serde(default)]
    types: Option<Vec<Named>>,
}

#[derive(Clone, Debug, Deserialize)]
struct ToId {
    id: Text,
}

/// A kind of links.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    association_category: String,
    association_type_id: u32,
}

impl Together {
    /// The link a new record asks for.
    pub(super) fn link(self) -> Result<NewLink, Fault> {
        let kinds = kinds(&self.types.unwrap_or_default())?;
        let number = RecordNo::parse(&self.to.id.0).ok_or_else(|| {
            Fault::invalid(format!("`{}` is not the id of a record.", self.to.id.0))
        })?;
        Ok(NewLink {
            object: None,
            to: RecordReference::Id(number),
            kinds,
        })
    }
}

/// The kinds that an input names.
pub(super) fn kinds(named: &[Named]) -> Result<Vec<Kind>, Fault> {
    named.iter().map(Named::kind).collect()
}

impl Named {
    fn kind(&self) -> Result<Kind, Fault> {
        let word = &self.association_category;
        let category = Category::from_word(word).ok_or_else(|| {
            Fault::invalid(format!(
                "`{word}` is no category of associations: use HUBSPOT_DEFINED, USER_DEFINED or \
                 INTEGRATOR_DEFINED."
            ))
        })?;
        Ok(Kind {
            category,
            type_id: self.association_type_id,
        })
    }
}

/// The two types of an address.
struct Between<'a> {
    from: &'a ObjectType,
    to: &'a ObjectType,
}

impl<'a> Between<'a> {
    fn of(definitions: &'a Definitions, asked: &Asked) -> Result<Between<'a>, Fault> {
        Ok(Between {
            from: reading::object(definitions, asked.at("type"))?,
            to: reading::object(definitions, asked.at("to"))?,
        })
    }

    /// What the records of the first type are shown with.
    fn page(&self, api: &'a Api, caller: &'a Caller, definitions: &'a Definitions) -> Page<'a> {
        Page {
            api,
            caller,
            definitions,
            object: self.from,
        }
    }

    /// The link between two records, as one input of a command.
    fn input(&self, from: &str, to: &str, kinds: Vec<Kind>) -> Result<LinkInput, Fault> {
        Ok(LinkInput {
            from_object: self.from.id(),
            from: RecordReference::Id(reading::number(self.from, from)?),
            to_object: self.to.id(),
            to: RecordReference::Id(reading::number(self.to, to)?),
            kinds,
            replace_labels: false,
        })
    }

    /// What is wrong with an input, told of the record it is about.
    fn fault(&self, refused: &Refused) -> Fault {
        let is_to = matches!(refused, Refused::NotFound { object, .. } if *object == self.to.id());
        refusal::fault(if is_to { self.to } else { self.from }, refused)
    }

    /// A kind of links from here to there.
    fn shown(&self, definitions: &Definitions, kind: u32) -> Value {
        let known = definitions.association(self.from.id(), self.to.id(), kind);
        json!({
            "category": known.map_or(Category::Standard, |known| known.category).word(),
            "typeId": kind,
            "label": known.and_then(|known| known.label.as_deref()),
        })
    }

    /// What two records are to each other after a write.
    fn pair(&self, definitions: &Definitions, linked: &Linked) -> Value {
        let labels = linked.kinds.iter().filter_map(|kind| {
            let known = definitions.association(self.from.id(), self.to.id(), *kind)?;
            known.label.as_deref()
        });
        json!({
            "fromObjectTypeId": self.from.id().to_string(),
            "fromObjectId": linked.from.to_string(),
            "toObjectTypeId": self.to.id().to_string(),
            "toObjectId": linked.to.to_string(),
            "labels": labels.collect::<Vec<_>>(),
        })
    }
}

/// The id that an input names.
fn spelled(reference: &RecordReference) -> String {
    match reference {
        RecordReference::Id(number) => number.to_string(),
        RecordReference::Unique { value, .. } => value.to_string(),
        RecordReference::Create => String::new(),
    }
}

async fn list(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let id = asked.at("id");
    let record = reading::number(between.from, id)?;
    let reach = reading::reach(&api, &asked.caller, between.from, Access::Read)?;
    let there = api.rapport.records(between.from.id(), &[record]).await?;
    let mut there = there.iter().flatten();
    if !there.any(|record| reach.reaches(Action::View, record)) {
        return Err(reading::missing(between.from, id));
    }
    let after = asked.after::<u64>()?.map(RecordNo);
    let limit = asked.limit(LIMIT, LIMIT)?;
    let page = between.page(&api, &asked.caller, &definitions);
    let found = page.linked(&[record], between.to, after, limit).await?;
    let found = found.into_iter().next().unwrap_or_default();
    let results = found.to.iter().map(|(number, kinds)| {
        let types = kinds.iter().map(|kind| between.shown(&definitions, *kind));
        json!({
            "toObjectId": number.to_string(),
            "associationTypes": types.collect::<Vec<_>>(),
        })
    });
    Ok(paging::page(&asked, results.collect(), found.next))
}

async fn link(
    State(api): State<Api>,
    asked: Asked,
    Body(named): Body<Vec<Named>>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    if named.is_empty() {
        return Err(Fault::invalid(
            "Say with at least one association type how the records belong together.",
        ));
    }
    let input = between.input(asked.at("id"), asked.at("to_id"), kinds(&named)?)?;
    let mut fates = associate(&api, &asked.caller, vec![input]).await?;
    let fate = fates.pop().ok_or_else(Fault::internal)?;
    let linked = fate.map_err(|refused| between.fault(&refused))?;
    Ok((
        StatusCode::CREATED,
        Json(between.pair(&definitions, &linked)),
    ))
}

async fn link_plainly(State(api): State<Api>, asked: Asked) -> Result<Response, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let input = between.input(asked.at("id"), asked.at("to_id"), Vec::new())?;
    batch::plainly(&api, &asked, &definitions, &between, vec![input]).await
}

async fn unlink(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let definitions = reading::definitions(&api);
    let between = Between::of(&definitions, &asked)?;
    let input = between.input(asked.at("id"), asked.at("to_id"), Vec::new())?;
    disassociate(&api, &asked.caller, vec![input], |refused| {
        between.fault(refused)
    })
    .await
}

/// The other record of a link in a batch.
#[derive(Debug, Deserialize)]
struct Pair {
    from: Id,
    to: Id,
    #[serde(default)]
    types: Option<Vec<Named>>,
}
