//! Leads bulks on, step by step and in turn, by the rights that whoever began each has by now. Where
//! each is stands in the state, so the next process goes on there.

use crate::Api;
use crate::errors::{Code, Error};
use crate::native::records::{self, denied};
use crate::rights::asker;
use crate::rights::records::{self as rights, Reach};
use rapport_core::crm::bulk::{Act, Bulk, By, Draft, Step, Stop, Which};
use rapport_core::crm::query::{Search, compile};
use rapport_core::crm::write::INPUTS_MAX;
use rapport_core::crm::{ObjectType, RecordInput, RecordNo};
use rapport_core::entry::Command;
use rapport_core::member::{Access, Actor};
use rapport_core::position::Position;
use rapport_flow::crm::{Answer, Query};
use rapport_store::records::{After, Count};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Who ends what cannot go on.
const ACTOR: &str = "rapport";
/// How long is waited where a step failed for another reason than the bulk's own.
const AGAIN: Duration = Duration::from_secs(1);

/// Whether bulks are being led on.
#[derive(Debug, Default)]
pub(crate) struct Driver(AtomicBool);

/// Why a step was not made.
enum Failed {
    /// The bulk cannot go on.
    Ends(String),
    /// It may at another time.
    Later(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        match error.code() {
            Code::Storage | Code::DiskFull | Code::Stopping | Code::Conflict => {
                Failed::Later(error)
            }
            _ => Failed::Ends(error.message().to_owned()),
        }
    }
}

impl From<rights::Failed> for Failed {
    fn from(failed: rights::Failed) -> Failed {
        match failed {
            rights::Failed::Denied(why) => denied(why).into(),
            rights::Failed::Flow(error) => error.into(),
        }
    }
}

impl From<rapport_flow::Error> for Failed {
    fn from(error: rapport_flow::Error) -> Failed {
        Failed::Later(error.into())
    }
}

impl Driver {
    /// Leads on what is under way, until nothing is.
    pub(crate) fn wake(api: &Api) {
        if api.rapport.configuration().bulks.is_empty() || api.bulks.0.swap(true, Ordering::AcqRel)
        {
            return;
        }
        let api = api.clone();
        tokio::spawn(async move {
            let after = loop {
                match lead(&api).await {
                    Next::More => {}
                    other => break other,
                }
            };
            api.bulks.0.store(false, Ordering::Release);
            // One may have begun between the last look and the word that nobody looks any more.
            if after == Next::Nothing {
                Driver::wake(&api);
            }
        });
    }
}

/// What comes after a look at everything under way.
#[derive(PartialEq, Eq)]
enum Next {
    /// Another one.
    More,
    /// Nothing is under way.
    Nothing,
    /// The process stops; the next one goes on.
    Stopping,
}

/// Makes a step of each.
async fn lead(api: &Api) -> Next {
    let under_way: Vec<Position> = api.rapport.configuration().bulks.iter().copied().collect();
    for id in &under_way {
        match step(api, *id).await {
            Ok(()) => {}
            Err(Failed::Ends(reason)) => {
                let reason = reason.into();
                let command = Command::StopBulk(Stop { bulk: *id, reason });
                if let Err(error) = api.rapport.command(ACTOR, command).await {
                    tracing::warn!(%error, bulk = id.id(), "a bulk could not be stopped");
                    tokio::time::sleep(AGAIN).await;
                }
            }
            Err(Failed::Later(error)) if error.code() == Code::Stopping => {
                return Next::Stopping;
            }
            Err(Failed::Later(error)) => {
                tracing::warn!(%error, bulk = id.id(), "a step failed; it will be tried again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
    match under_way.is_empty() {
        true => Next::Nothing,
        false => Next::More,
    }
}

async fn step(api: &Api, id: Position) -> Result<(), Failed> {
    let Some(bulk) = api.rapport.bulk(id).await?.filter(Bulk::is_running) else {
        return Ok(());
    };
    let Some(draft) = api.rapport.bulk_draft(id).await? else {
        return Ok(());
    };
    let gone = || Failed::Ends("whoever began it may not go on".to_owned());
    let actor = who(api, &bulk.by).ok_or_else(gone)?;
    let definitions = api.rapport.definitions();
    let object = bulk.object_type(&definitions);
    let object = object.ok_or_else(|| Failed::Ends("its type is out of use".to_owned()))?;
    let Turn {
        inputs,
        to,
        is_last,
    } = turn(api, &actor, (&bulk, &draft), object).await?;
    let reach = Reach::of(api, &actor, object, Access::Write).map_err(denied)?;
    let asked: Vec<RecordInput> = inputs.iter().map(|(_, input)| input.clone()).collect();
    let refused = reach.writes(&asked).await?;
    let (mut records, mut unreached) = (Vec::new(), Vec::new());
    for ((number, _), refused) in inputs.into_iter().zip(refused) {
        match refused {
            None => records.push(number),
            Some(refused) => unreached.push((number, refused.to_string().into())),
        }
    }
    let step = Step {
        bulk: id,
        from: bulk.at,
        to,
        is_last,
        records,
        denied: unreached,
    };
    let done = api
        .rapport
        .command(&bulk.actor, Command::StepBulk(step))
        .await;
    done.map(|_| ()).map_err(|error| Error::from(error).into())
}

/// Whoever began a bulk, with the rights they have now.
fn who(api: &Api, by: &By) -> Option<Actor> {
    match by {
        By::Token(hash) => asker::of_token(api, hash).map(|asker| asker.actor),
        By::Member(no) => Actor::member(&api.rapport.roster(), *no),
    }
}

/// What a step is about.
#[derive(Debug, PartialEq)]
struct Turn<T> {
    /// The records that come next, ascending, each with what is done to it.
    inputs: Vec<T>,
    /// How far the bulk is behind them.
    to: RecordNo,
    /// Whether nothing is left then.
    is_last: bool,
}

async fn turn(
    api: &Api,
    actor: &Actor,
    (bulk, draft): (&Bulk, &Draft),
    object: &ObjectType,
) -> Result<Turn<(RecordNo, RecordInput)>, Failed> {
    if let Act::Undo(of) = draft.act {
        let some = api.rapport.bulk_records(of, bulk.at, INPUTS_MAX).await?;
        let to = some.last().map_or(bulk.at, |(last, _)| *last);
        let is_last = some.len() < INPUTS_MAX;
        let changed = some.into_iter().filter(|(_, touched)| touched.is_change());
        return Ok(Turn {
            inputs: changed
                .map(|(no, touched)| (no, touched.asked(object, no, &bulk.sets)))
                .collect(),
            to,
            is_last,
        });
    }
    let numbers = match &draft.which {
        Which::Named(named) => {
            let mut next = named.iter().filter(|number| **number > bulk.at).copied();
            let numbers: Vec<RecordNo> = next.by_ref().take(INPUTS_MAX).collect();
            Turn {
                to: numbers.last().copied().unwrap_or(bulk.at),
                inputs: numbers,
                is_last: next.next().is_none(),
            }
        }
        Which::Found(search) => {
            let answer = found(api, actor, object, search, bulk.at).await?;
            behind(bulk.at, draft.until, answer)
        }
        Which::Changed => Turn {
            inputs: Vec::new(),
            to: bulk.at,
            is_last: true,
        },
    };
    let act = &draft.act;
    let inputs = numbers.inputs.into_iter();
    Ok(Turn {
        inputs: inputs
            .filter_map(|number| Some((number, act.input(number)?)))
            .collect(),
        to: numbers.to,
        is_last: numbers.is_last,
    })
}

/// What a page of records that were found comes to. It may have fewer than fit though more are
/// behind it: what was changed while it was read is not among them. So its key says how far it is.
fn behind(at: RecordNo, until: RecordNo, answer: Answer) -> Turn<RecordNo> {
    let last = answer.records.last().map(|record| record.no);
    let end = match answer.next {
        Some(After::Key(_, last)) => Some(RecordNo(last)),
        _ => None,
    };
    let numbers = answer.records.iter().map(|record| record.no);
    Turn {
        inputs: numbers.filter(|no| *no <= until).collect(),
        to: end.or(last).unwrap_or(at),
        is_last: end.is_none_or(|end| end >= until),
    }
}

/// Those that a search finds behind the last one, by number.
async fn found(
    api: &Api,
    actor: &Actor,
    object: &ObjectType,
    search: &Search,
    at: RecordNo,
) -> Result<Answer, Failed> {
    let reach = Reach::of(api, actor, object, Access::Read).map_err(denied)?;
    let named = search.groups.iter().flatten();
    reach
        .finds(named.map(|filter| &*filter.property))
        .map_err(denied)?;
    if search.words.is_some() {
        reach.looks_for_words().map_err(denied)?;
    }
    let definitions = api.rapport.definitions();
    let checked = compile(&definitions, object, search);
    let checked = checked.map_err(|error| Failed::Ends(error.to_string()))?;
    let query = Query {
        object: object.id(),
        filter: records::found(api, actor, &definitions, &reach, checked.condition).await?,
        search: checked.words,
        sort: Vec::new(),
        after: After::Key(Vec::new(), at.0),
        limit: INPUTS_MAX,
        count: Count::No,
    };
    Ok(api.rapport.query_records(query).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::crm::Record;
    use rapport_core::time::Millis;

    #[test]
    fn a_page_that_lost_records_while_it_was_read_is_not_the_last() {
        let (at, until) = (RecordNo(100), RecordNo(900));
        let of = |numbers: &[u64], next: Option<u64>| {
            let numbers = numbers.iter().map(|no| RecordNo(*no));
            let answer = Answer {
                records: numbers.map(|no| Record::new(no, Millis(0))).collect(),
                total: None,
                next: next.map(|no| After::Key(Vec::new(), no)),
            };
            let turn = behind(at, until, answer);
            let inputs: Vec<u64> = turn.inputs.iter().map(|no| no.0).collect();
            (inputs, turn.to.0, turn.is_last)
        };
        assert_eq!(of(&[101, 150], Some(200)), (vec![101, 150], 200, false));
        assert_eq!(of(&[], Some(200)), (vec![], 200, false));
        assert_eq!(of(&[101, 150], None), (vec![101, 150], 150, true));
        assert_eq!(of(&[], None), (vec![], 100, true));
        // What was made since is not among them, and ends it.
        assert_eq!(of(&[900, 901], Some(901)), (vec![900], 901, true));
        assert_eq!(of(&[800], Some(900)), (vec![800], 900, true));
    }
}
