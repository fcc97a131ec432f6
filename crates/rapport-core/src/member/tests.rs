//! Members in random worlds: what `may` decides is what `visible` says, and what the words mean.

use super::scope::{Access, Area};
use super::*;
use crate::crm::{RecordNo, TypeId};
use crate::entry::Command;
use crate::position::Position;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const OBJECTS: [TypeId; 2] = [TypeId::CONTACT, TypeId::DEAL];
const TEAMS: u32 = 6;
const MEMBERS: u64 = 4;
const RECORDS: u64 = 4;
const FIELDS: [&str; 3] = ["amount", "email", "note"];

/// Parents of teams (each below its own number), teams and roles of members, roles, shares.
#[derive(Clone, Debug)]
struct World {
    parents: Vec<Option<u32>>,
    members: Vec<(Vec<TeamNo>, usize, bool)>,
    roles: Vec<(Vec<Level>, Vec<FieldRight>)>,
    shares: Vec<Share>,
    scopes: Vec<Scope>,
}

fn level() -> impl Strategy<Value = Level> {
    use Level::{All, None, Own, Team, TeamAndBelow};
    prop::sample::select(vec![None, Own, Team, TeamAndBelow, All])
}

fn field_right() -> impl Strategy<Value = FieldRight> {
    use FieldRight::{Hidden, Masked, Read, Write};
    prop::sample::select(vec![Hidden, Masked, Read, Write])
}

fn share() -> impl Strategy<Value = Share> {
    let with = prop_oneof![
        (1..=MEMBERS).prop_map(|no| With::Member(MemberNo(no))),
        (1..=TEAMS).prop_map(|no| With::Team(TeamNo(no))),
    ];
    (
        prop::sample::select(OBJECTS.to_vec()),
        1..=RECORDS,
        with,
        any::<bool>(),
    )
        .prop_map(|(object, record, with, edit)| Share {
            object,
            record: RecordNo(record),
            with,
            edit,
        })
}

fn scope() -> impl Strategy<Value = Scope> {
    let mut all = vec![Scope::Admin, Scope::Export];
    for access in [Access::Read, Access::Write] {
        all.push(Scope::Records(access));
        all.extend(OBJECTS.map(|object| Scope::RecordsOf(object, access)));
    }
    prop::sample::select(all)
}

fn world() -> impl Strategy<Value = World> {
    let parents: Vec<_> = (1..=TEAMS)
        .map(|no| prop::option::of(1..=no.saturating_sub(1).max(1)))
        .collect();
    let teams = prop::sample::subsequence((1..=TEAMS).map(TeamNo).collect::<Vec<_>>(), 0..=3);
    let member = (teams, 0..3_usize, prop::bool::weighted(0.9));
    let levels = prop::collection::vec(level(), OBJECTS.len() * Action::ALL.len());
    let fields = prop::collection::vec(field_right(), FIELDS.len());
    (
        parents,
        prop::collection::vec(member, MEMBERS as usize),
        prop::collection::vec((levels, fields), 3),
        prop::collection::vec(share(), 0..8),
        prop::collection::vec(scope(), 0..4),
    )
        .prop_map(|(parents, members, roles, shares, scopes)| World {
            parents,
            members,
            roles,
            shares,
            scopes,
        })
}

impl World {
    fn role(&self, place: usize) -> Role {
        let (levels, fields) = &self.roles[place];
        let each = OBJECTS.iter().zip(levels.chunks(Action::ALL.len()));
        let objects = each.map(|(object, levels)| {
            let levels = Action::ALL.into_iter().zip(levels.iter().copied());
            let fields = FIELDS
                .map(Box::from)
                .into_iter()
                .zip(fields.iter().copied());
            let rights = ObjectRights {
                levels: levels.collect(),
                fields: fields.collect(),
                other_fields: FieldRight::Write,
            };
            (*object, rights)
        });
        Role {
            key: format!("role-{place}").into(),
            objects: objects.collect(),
            ..Role::viewer()
        }
    }

    fn roster(&self) -> Arc<Roster> {
        let mut roster = Roster::default();
        for (no, parent) in (1..).zip(&self.parents) {
            let parent = parent.filter(|parent| *parent < no).map(TeamNo);
            let (no, name) = (TeamNo(no), "team".into());
            let team = Team {
                no,
                name,
                parent,
                archived: false,
            };
            roster.put_team(&team).unwrap();
        }
        for place in 0..self.roles.len() {
            roster.put_role(&self.role(place)).unwrap();
        }
        for (no, (teams, role, active)) in (1..).zip(&self.members) {
            let draft = draft(no, &format!("role-{role}"), teams.clone());
            roster.put_member(&draft, Millis(1)).unwrap();
            if !active {
                roster
                    .activate(MemberNo(no), Some(Millis(2)), Millis(2))
                    .unwrap();
            }
        }
        for share in &self.shares {
            roster.put_share(share).unwrap();
        }
        Arc::new(roster)
    }

    /// What the words of a level mean, said without sets: walking from a team outwards.
    fn reaches(&self, member: usize, action: Action, record: &Owned) -> bool {
        let (teams, role, _) = &self.members[member];
        let no = MemberNo(member as u64 + 1);
        let rights = self.role(*role);
        let rights = rights.object(record.object);
        let is_in = |team: TeamNo| teams.contains(&team);
        let reaches = |level: Level| {
            let is_own = record.owner == Some(no);
            match level {
                Level::None => false,
                Level::Own => is_own,
                Level::Team => is_own || record.team.is_some_and(is_in),
                Level::TeamAndBelow => {
                    is_own
                        || record
                            .team
                            .is_some_and(|team| self.outwards(team).any(is_in))
                }
                Level::All => true,
            }
        };
        let shared = self.shares.iter().any(|share| {
            let is_for = match share.with {
                With::Member(with) => with == no,
                With::Team(team) => is_in(team),
            };
            let is_it = share.object == record.object && Some(share.record) == record.record;
            let opens = match action {
                Action::View => true,
                Action::Edit => self.edits(share),
                _ => false,
            };
            is_for && is_it && opens
        });
        let all = match action {
            Action::View | Action::Create => vec![rights.levels[&action]],
            _ => vec![rights.levels[&Action::View], rights.levels[&action]],
        };
        let by_level = all.iter().all(|level| reaches(*level));
        by_level || (shared && !all.contains(&Level::None))
    }

    /// The last word on a share is what holds.
    fn edits(&self, share: &Share) -> bool {
        let same = |other: &&Share| {
            (other.with, other.object, other.record) == (share.with, share.object, share.record)
        };
        self.shares
            .iter()
            .rev()
            .find(same)
            .is_some_and(|last| last.edit)
    }

    fn outwards(&self, team: TeamNo) -> impl Iterator<Item = TeamNo> {
        let outer = |no: &TeamNo| {
            let parent = self.parents[no.0 as usize - 1];
            parent.filter(|parent| *parent < no.0).map(TeamNo)
        };
        std::iter::successors(Some(team), outer)
    }

    fn records() -> impl Iterator<Item = Owned> {
        let owners = || std::iter::once(None).chain((1..=MEMBERS).map(|no| Some(MemberNo(no))));
        let teams = || std::iter::once(None).chain((1..=TEAMS).map(|no| Some(TeamNo(no))));
        let numbers = || std::iter::once(None).chain((1..=RECORDS).map(|no| Some(RecordNo(no))));
        OBJECTS.into_iter().flat_map(move |object| {
            numbers().flat_map(move |record| {
                owners().flat_map(move |owner| {
                    teams().map(move |team| Owned {
                        object,
                        record,
                        owner,
                        team,
                    })
                })
            })
        })
    }
}

fn draft(no: u64, role: &str, teams: Vec<TeamNo>) -> Draft {
    Draft {
        no: MemberNo(no),
        email: format!("m{no}@example.org").into(),
        first_name: "Mia".into(),
        last_name: "".into(),
        role: role.into(),
        teams,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_may_decides_is_what_visible_says_and_what_the_words_mean(world in world()) {
        let roster = world.roster();
        let scopes: Scopes = world.scopes.iter().copied().collect();
        for member in 0..MEMBERS {
            let no = MemberNo(member + 1);
            let themselves = Actor::member(&roster, no);
            let through = Actor::through(&roster, no, "ci", scopes.clone());
            prop_assert_eq!(themselves.is_some(), world.members[member as usize].2);
            for (actor, limits) in [(themselves, None), (through, Some(&scopes))] {
                let Some(actor) = actor else { continue };
                check(&world, &actor, Some(member as usize), limits)?;
            }
        }
        check(&world, &Actor::token("t", scopes.clone()), None, Some(&scopes))?;
    }

    #[test]
    fn a_field_opens_no_further_than_its_record(world in world()) {
        let roster = world.roster();
        for no in (1..=MEMBERS).map(MemberNo) {
            let Some(actor) = Actor::member(&roster, no) else { continue };
            for record in World::records().step_by(7) {
                for (action, field) in Action::ALL.iter().flat_map(|a| FIELDS.map(|f| (*a, f))) {
                    let whole = may(&actor, action, &record, None);
                    let part = may(&actor, action, &record, Some(field));
                    if !whole.is_allowed() {
                        prop_assert_eq!(part, whole);
                    }
                    let looks = matches!(action, Action::View | Action::Export);
                    prop_assert!(part != Decision::Masked || looks);
                    if action == Action::View && part.is_allowed() {
                        prop_assert!(may_find(&actor, record.object, field));
                    }
                    if part == Decision::Masked {
                        prop_assert!(!may_find(&actor, record.object, field));
                        prop_assert!(!actor.sees_whole(record.object));
                    }
                }
            }
        }
    }
}

fn check(
    world: &World,
    actor: &Actor,
    member: Option<usize>,
    scopes: Option<&Scopes>,
) -> Result<(), TestCaseError> {
    for action in Action::ALL {
        let shown = OBJECTS.map(|object| visible(actor, object, action));
        for record in World::records() {
            let place = OBJECTS.iter().position(|object| *object == record.object);
            let shows = shown[place.expect("one of them")].shows(&record);
            let decided = may(actor, action, &record, None);
            prop_assert_eq!(decided.is_allowed(), shows, "{:?} {:?}", action, record);
            let access = match action {
                Action::View | Action::Export => Access::Read,
                _ => Access::Write,
            };
            let opened = scopes.is_none_or(|scopes| {
                scopes.open(Scope::RecordsOf(record.object, access))
                    && (action != Action::Export || scopes.open(Scope::Export))
            });
            let reached = member.is_none_or(|member| world.reaches(member, action, &record));
            prop_assert_eq!(shows, opened && reached, "{:?} {:?}", action, record);
        }
    }
    Ok(())
}

#[test]
fn nobody_gives_more_than_they_have() {
    let mut roster = Roster::default();
    let mut lead = Role {
        key: "lead".into(),
        ..Role::viewer()
    };
    let areas = [Area::Members, Area::Tokens, Area::Segments];
    let writes = areas.map(|area| Scope::Area(area, Access::Write));
    lead.scopes = lead.scopes.iter().chain(writes).collect();
    roster.put_role(&lead).unwrap();
    roster
        .put_member(&draft(1, "lead", Vec::new()), Millis(1))
        .unwrap();
    roster
        .put_member(&draft(2, "admin", Vec::new()), Millis(1))
        .unwrap();
    let roster = Arc::new(roster);
    let (admin, viewer) = (Role::admin(), Role::viewer());
    let everything = Scopes::admin();
    let lead_actor = Actor::member(&roster, MemberNo(1)).unwrap();
    assert!(lead_actor.covers(Some(&viewer), &everything));
    assert!(lead_actor.covers(Some(&lead), &everything));
    assert!(!lead_actor.covers(Some(&admin), &everything));
    assert!(
        !lead_actor.covers(None, &everything),
        "a token of nobody reaches everybody's"
    );
    let boss = Actor::member(&roster, MemberNo(2)).unwrap();
    assert!(boss.covers(Some(&admin), &everything) && boss.covers(None, &everything));
    let some: Scopes = writes.into_iter().collect();
    let token = Actor::token("scim", some.clone());
    assert!(token.covers(None, &some) && !token.covers(None, &everything));
    assert!(
        !token.covers(Some(&viewer), &everything),
        "who sees every record"
    );
    let through = Actor::through(&roster, MemberNo(2), "ci", some).unwrap();
    assert!(!through.covers(Some(&admin), &everything));
    assert_eq!(through.name(), "member:2/ci");
}

#[test]
fn a_roster_refuses_what_would_contradict_it() {
    let mut roster = Roster::default();
    let team = |no, parent| Team {
        no: TeamNo(no),
        name: "T".into(),
        parent,
        archived: false,
    };
    roster.put_team(&team(1, None)).unwrap();
    roster.put_team(&team(2, Some(TeamNo(1)))).unwrap();
    let ana = Draft {
        email: " Ana@Example.org ".into(),
        ..draft(1, "viewer", vec![TeamNo(2)])
    };
    let kept = roster.put_member(&ana, Millis(5)).unwrap();
    assert_eq!(
        (&*kept.email, kept.name()),
        ("ana@example.org", "Mia".to_owned())
    );
    assert_eq!(roster.by_email("ANA@example.ORG").unwrap().no, MemberNo(1));
    let twin = Draft {
        no: MemberNo(2),
        ..ana.clone()
    };
    let taken = roster.put_member(&twin, Millis(6)).unwrap_err();
    assert!(taken.is_contradiction(), "{taken}");
    for (wrong, expected) in [
        (
            Draft {
                role: "none".into(),
                ..ana.clone()
            },
            Error::NoRole("none".into()),
        ),
        (
            Draft {
                teams: vec![TeamNo(9)],
                ..ana.clone()
            },
            Error::NoTeam(TeamNo(9)),
        ),
        (
            Draft {
                teams: vec![TeamNo(1), TeamNo(1)],
                ..ana.clone()
            },
            Error::Teams,
        ),
        (
            Draft {
                email: "ana".into(),
                ..ana.clone()
            },
            Error::Email {
                email: "ana".into(),
            },
        ),
    ] {
        assert_eq!(roster.put_member(&wrong, Millis(7)), Err(expected));
    }
    assert_eq!(
        roster.archive_team(TeamNo(2)),
        Err(Error::TeamInUse(TeamNo(2)))
    );
    assert_eq!(
        roster.archive_team(TeamNo(1)),
        Err(Error::TeamInUse(TeamNo(1)))
    );
    let moved = Draft {
        teams: Vec::new(),
        ..ana
    };
    let moved = roster.put_member(&moved, Millis(8)).unwrap();
    assert_eq!((moved.created, moved.updated), (Millis(5), Millis(8)));
    roster.archive_team(TeamNo(2)).unwrap();
    assert_eq!(
        roster.archive_team(TeamNo(2)),
        Err(Error::NoTeam(TeamNo(2)))
    );
    assert_eq!(
        roster.teams.next(),
        TeamNo(3),
        "numbers are never given twice"
    );
    roster
        .put_role(&Role {
            key: "sales".into(),
            ..Role::viewer()
        })
        .unwrap();
    roster
        .put_member(&draft(3, "sales", Vec::new()), Millis(9))
        .unwrap();
    assert!(roster.delete_role("sales").unwrap_err().is_contradiction());
    assert!(roster.delete_role("none").unwrap_err().is_missing());
    assert!(roster.delete_role("admin").unwrap_err().is_contradiction());
}

#[test]
fn a_deactivated_member_is_no_actor_and_can_come_back() {
    let mut roster = Roster::default();
    roster
        .put_member(&draft(1, "admin", Vec::new()), Millis(1))
        .unwrap();
    let hash = PasswordHash::new("$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA").unwrap();
    let password = password::Password {
        hash,
        set: Position::command(0, 1),
    };
    roster.put_password(MemberNo(1), password.clone()).unwrap();
    assert!(
        roster
            .put_password(MemberNo(2), password)
            .unwrap_err()
            .is_missing()
    );
    let gone = roster
        .activate(MemberNo(1), Some(Millis(2)), Millis(2))
        .unwrap();
    assert!(!gone.is_active());
    let again = roster
        .activate(MemberNo(1), Some(Millis(3)), Millis(3))
        .unwrap();
    assert_eq!(again.deactivated, Some(Millis(2)), "twice is once");
    assert!(Actor::member(&Arc::new(roster.clone()), MemberNo(1)).is_none());
    roster.activate(MemberNo(1), None, Millis(4)).unwrap();
    assert!(
        Actor::member(&Arc::new(roster), MemberNo(1))
            .unwrap()
            .is_admin()
    );
}

#[test]
fn roles_and_scopes_are_read_as_they_were_kept() {
    let role = Role {
        key: "sales".into(),
        objects: BTreeMap::from([(TypeId::DEAL, ObjectRights::of(&[Action::View], Level::Team))]),
        ..Role::viewer()
    };
    let json = serde_json::to_string(&role).unwrap();
    assert_eq!(serde_json::from_str::<Role>(&json).unwrap(), role);
    let command = Command::PutRole(role);
    let json = serde_json::to_string(&command).unwrap();
    assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), command);
    let old = r#"{"command":"put_token","token_hash":"h","name":"ci"}"#;
    let Command::PutToken { scopes, member, .. } = serde_json::from_str(old).unwrap() else {
        panic!("a token");
    };
    assert!(
        scopes.are_admin() && member.is_none(),
        "what was made before scopes were"
    );
    let least: Role = serde_json::from_str(r#"{"key":"x","name":"X"}"#).unwrap();
    assert_eq!(
        least.object(TypeId::DEAL).level(Action::View),
        Level::None,
        "default deny"
    );
    assert!(least.scopes.is_empty());
}
