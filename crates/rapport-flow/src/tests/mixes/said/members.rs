//! What is said of members, teams, roles and shares, some of it refused.

use crate::tests::mixes::dice::Dice;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::entry::Command;
use rapport_core::member::{
    Action, Draft, Level, MemberNo, ObjectRights, PasswordHash, Role, Share, Team, TeamNo, With,
};

/// One change of them.
pub(in crate::tests) fn command(dice: &mut Dice) -> Command {
    let member = MemberNo(1 + dice.below(3));
    let team = TeamNo(1 + dice.below(3) as u32);
    let key = dice.of(&["admin", "sales", "service"]);
    match dice.below(9) {
        0..3 => Command::PutMember(Draft {
            no: member,
            email: dice.of(&["a@example.org", "B@example.org", "none"]).into(),
            first_name: "".into(),
            last_name: "".into(),
            role: key.into(),
            teams: if dice.one_in(2) {
                vec![team]
            } else {
                Vec::new()
            },
        }),
        3 => Command::SetPassword {
            member,
            hash: PasswordHash::new("$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA").unwrap(),
        },
        4 => match dice.one_in(2) {
            true => Command::DeactivateMember { member },
            false => Command::ActivateMember { member },
        },
        5 => Command::PutTeam(Team {
            no: team,
            name: "Team".into(),
            parent: dice.one_in(2).then_some(TeamNo(1)),
            archived: false,
        }),
        6 => match dice.one_in(2) {
            true => Command::ArchiveTeam { team },
            false => Command::DeleteRole {
                key: key.to_owned(),
            },
        },
        7 => Command::PutRole(Role {
            key: key.into(),
            other_objects: ObjectRights::of(&[Action::View], Level::Team),
            ..Role::viewer()
        }),
        _ => {
            let share = Share {
                object: TypeId::DEAL,
                record: RecordNo(1 + dice.below(2)),
                with: With::Member(member),
                edit: dice.one_in(2),
            };
            match dice.one_in(2) {
                true => Command::PutShare(share),
                false => Command::DeleteShare(share),
            }
        }
    }
}
