//! Members and their rights are entries and replay; who is signed in is kept beside them.

use super::replay::replay_equals_live;
use super::world::{World, open, roles};
use crate::archive::Archive;
use crate::audit::{Record, What};
use crate::sessions::{Change, Session};
use crate::{CommandError, keys};
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::entry::Command;
use rapport_core::member::{
    Action, Draft, Level, MemberNo, ObjectRights, PasswordHash, Role, Scopes, Share, Team, TeamNo,
    With,
};
use rapport_core::time::{HOUR_MS, MINUTE_MS};
use rapport_store::state::{Table, Write, number_key};

const ANA: MemberNo = MemberNo(1);

fn put_member(no: u64, email: &str) -> Command {
    Command::PutMember(Draft {
        no: MemberNo(no),
        email: email.into(),
        first_name: "".into(),
        last_name: "".into(),
        role: "admin".into(),
        teams: Vec::new(),
    })
}

fn set_password() -> Command {
    Command::SetPassword {
        member: ANA,
        hash: PasswordHash::new("$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA").unwrap(),
    }
}

async fn with_ana() -> World {
    let world = World::new().await;
    world
        .command(put_member(1, "ana@example.org"))
        .await
        .unwrap();
    world.command(set_password()).await.unwrap();
    world
}

/// Signs Ana in under this id.
async fn sign_in(world: &World, id: &str) {
    let now = world.rapport.clock().now();
    let password = world.rapport.roster().password(ANA).unwrap().set;
    let session = Session {
        member: ANA,
        password,
        made: now,
        seen: now,
        until: now.plus(10 * HOUR_MS),
        address: "192.0.2.1".into(),
        agent: "".into(),
    };
    let change = Change::Begin {
        hash: keys::hash(id),
        session,
        instead: None,
    };
    let record = Record::new(now, What::SignedIn, "member:1", "member:1");
    world.rapport.sign(change, vec![record]).await.unwrap();
}

fn is_signed_in(world: &World, id: &str) -> bool {
    world.rapport.session(id, HOUR_MS).is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_teams_roles_and_shares_survive_a_kill_and_replay() {
    let world = with_ana().await;
    let team = |no: u32, parent: Option<u32>| {
        Command::PutTeam(Team {
            no: TeamNo(no),
            name: "Sales".into(),
            parent: parent.map(TeamNo),
            archived: false,
        })
    };
    let mut role = Role::viewer();
    role.key = "sales".into();
    let rights = ObjectRights::of(&[Action::View], Level::Team);
    role.objects.insert(TypeId::DEAL, rights);
    let share = Share {
        object: TypeId::DEAL,
        record: RecordNo(7),
        with: With::Member(MemberNo(2)),
        edit: true,
    };
    for command in [
        team(1, None),
        team(2, Some(1)),
        Command::PutRole(role.clone()),
        put_member(2, "ben@example.org"),
        Command::PutShare(share.clone()),
        Command::PutToken {
            token_hash: keys::hash("t"),
            name: "ben's".to_owned(),
            hint: String::new(),
            scopes: Scopes::default(),
            member: Some(MemberNo(2)),
        },
        Command::DeactivateMember {
            member: MemberNo(2),
        },
        Command::ActivateMember {
            member: MemberNo(2),
        },
        Command::ArchiveTeam { team: TeamNo(2) },
    ] {
        world.command(command).await.unwrap();
    }
    let before = world.rapport.roster();
    let world = world.killed().await;
    assert_eq!(world.rapport.roster(), before);
    assert!(
        before
            .shares
            .find(share.with, share.object, share.record)
            .is_some()
    );
    assert_eq!(before.role("sales").map(|kept| &**kept), Some(&role));
    let token = world.rapport.keys();
    assert_eq!(token.opened_by("t").unwrap().1.member, Some(MemberNo(2)));
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_changes_nothing_and_is_no_entry() {
    let world = with_ana().await;
    let before = (world.rapport.head().position, world.rapport.roster());
    let audit = world.rapport.audit(None, 100).await.unwrap();
    for command in [
        put_member(2, "ANA@example.org"),
        Command::SetPassword {
            member: MemberNo(9),
            hash: PasswordHash::new("$argon2id$x").unwrap(),
        },
        Command::DeleteRole {
            key: "admin".to_owned(),
        },
        Command::ArchiveTeam { team: TeamNo(1) },
        Command::PutToken {
            token_hash: keys::hash("t"),
            name: "t".to_owned(),
            hint: String::new(),
            scopes: Scopes::admin(),
            member: Some(MemberNo(9)),
        },
    ] {
        let refused = world.command(command).await.unwrap_err();
        assert!(!matches!(refused, CommandError::Flow(_)), "{refused}");
    }
    assert_eq!(
        (world.rapport.head().position, world.rapport.roster()),
        before
    );
    assert_eq!(world.rapport.audit(None, 100).await.unwrap(), audit);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_survives_a_restart_and_ends_for_ever() {
    let world = with_ana().await;
    sign_in(&world, "a").await;
    sign_in(&world, "b").await;
    let world = world.killed().await;
    assert!(is_signed_in(&world, "a") && is_signed_in(&world, "b"));
    assert!(!is_signed_in(&world, "c") && !is_signed_in(&world, ""));
    let hash = keys::hash("a");
    world
        .rapport
        .sign(Change::End { hash: hash.clone() }, Vec::new())
        .await
        .unwrap();
    // Being seen comes late, and brings nothing back.
    let at = world.rapport.clock().now();
    world
        .rapport
        .sign(Change::Seen { hash, at }, Vec::new())
        .await
        .unwrap();
    let world = world.killed().await;
    assert!(!is_signed_in(&world, "a") && is_signed_in(&world, "b"));
    world.command(set_password()).await.unwrap();
    assert!(!is_signed_in(&world, "b"), "another password ends it");
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_signed_in_to_a_copy_that_is_restored() {
    let world = with_ana().await;
    sign_in(&world, "a").await;
    world.rapport.clone().kill().await;
    drop(world.rapport);
    let path = world.directory.path();
    let (settings, clock) = (world.settings.clone(), world.clock.clone());
    let mut copy = Archive::open(roles(path), settings, clock).await.unwrap();
    copy.sign_everybody_out().await.unwrap();
    drop(copy);
    let rapport = open(path, &world.settings, &world.clock).await;
    assert!(rapport.session("a", HOUR_MS).is_none());
    assert!(
        rapport.roster().password(ANA).is_some(),
        "who they are stays"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_lasts_while_it_is_used_and_no_longer_than_it_may() {
    let world = with_ana().await;
    sign_in(&world, "a").await;
    for _ in 0..19 {
        world
            .clock
            .set(world.rapport.clock().now().plus(30 * MINUTE_MS));
        assert!(is_signed_in(&world, "a"));
    }
    world
        .clock
        .set(world.rapport.clock().now().plus(30 * MINUTE_MS));
    assert!(!is_signed_in(&world, "a"), "ten hours are over");
    sign_in(&world, "b").await;
    world.clock.set(world.rapport.clock().now().plus(HOUR_MS));
    assert!(!is_signed_in(&world, "b"), "an hour of quiet");
    sign_in(&world, "c").await;
    world
        .command(Command::DeactivateMember { member: ANA })
        .await
        .unwrap();
    assert!(!is_signed_in(&world, "c"));
    world
        .command(Command::ActivateMember { member: ANA })
        .await
        .unwrap();
    assert!(!is_signed_in(&world, "c"), "nor when she comes back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_is_added_to_and_one_changed_or_taken_away_is_found() {
    let world = with_ana().await;
    sign_in(&world, "a").await;
    let whats = |records: &[(u64, Record)]| -> Vec<What> {
        records.iter().map(|(_, record)| record.what).collect()
    };
    let audit = world.rapport.audit(None, 100).await.unwrap();
    assert_eq!(
        whats(&audit),
        [What::SignedIn, What::PasswordSet, What::MemberPut]
    );
    assert_eq!(
        world.rapport.audit(Some(3), 1).await.unwrap()[..],
        audit[1..2]
    );
    let world = world.killed().await;
    sign_in(&world, "b").await;
    let audit = world.rapport.audit(None, 100).await.unwrap();
    assert_eq!(
        audit.iter().map(|(no, _)| *no).collect::<Vec<_>>(),
        [4, 3, 2, 1]
    );
    let state = world.rapport.roles().state.clone();
    assert_eq!(crate::audit::check(&*state).await.unwrap(), None);
    let key = number_key(3);
    let row = state
        .load(Table::Audit, std::slice::from_ref(&key))
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    let mut changed = row.clone();
    let last = changed.len() - 40;
    changed[last] ^= 1;
    for value in [Some(changed), None] {
        let head = state.head().await.unwrap();
        let write = Write {
            table: Table::Audit,
            key: key.clone(),
            value,
        };
        state
            .commit(head.version, head.position, vec![write].into())
            .await
            .unwrap();
        let found = crate::audit::check(&*state).await;
        assert!(!matches!(found, Ok(None)), "{found:?}");
    }
}
