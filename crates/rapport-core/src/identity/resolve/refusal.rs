//! What becomes of an identifier that was dropped: attached after all, or refused and counted.

use super::candidate::Candidate;
use super::rules::Union;
use super::{IdKind, Identifier, Profile, ProfileNo, RefusalWhy, Step, Trust, What, shared};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

impl Step<'_> {
    /// What becomes of a dropped candidate, now that it is clear whom the event is about.
    pub(super) fn attach_or_refuse(
        &mut self,
        number: ProfileNo,
        candidate: &Candidate,
        followed: &[Candidate],
    ) {
        let mut union = Union::new(self.policy, self.vetoes, self.people, self.event);
        union.start_with(number);
        let why = match union.add(candidate) {
            Ok(()) if candidate.owner.is_none_or(|owner| owner == number) => {
                return self.attach(number, candidate);
            }
            Ok(()) => RefusalWhy::Contradicted,
            Err(why) => why,
        };
        self.refuse(number, candidate, why, followed);
        if why != RefusalWhy::Contradicted {
            self.count_refusal(candidate, followed);
        }
    }

    fn refuse(
        &mut self,
        number: ProfileNo,
        candidate: &Candidate,
        why: RefusalWhy,
        followed: &[Candidate],
    ) {
        if !self.is_told(number, candidate, why, followed) {
            return;
        }
        let mut profiles: Vec<ProfileNo> = candidate.owner.into_iter().chain([number]).collect();
        profiles.sort_unstable();
        let dropped = candidate.identifier.clone();
        self.note(What::Refused {
            profiles,
            dropped,
            why,
        });
    }

    /// Whether the journal tells of a refusal, which is counted in any case. What is somebody else's
    /// is counted there, by whom it was refused to; what nobody has yet, at the strongest of the
    /// event's identifiers that somebody had: events can bring as many new ones as they like.
    fn is_told(
        &mut self,
        number: ProfileNo,
        candidate: &Candidate,
        why: RefusalWhy,
        followed: &[Candidate],
    ) -> bool {
        let known = followed.iter().find(|known| known.owner.is_some());
        let (counted, sort) = match (candidate.owner, known) {
            (Some(owner), _) => (&candidate.identifier, hashed(owner, number, why, None)),
            (None, Some(known)) => {
                let sort = hashed(number, number, why, Some(&candidate.identifier));
                (&known.identifier, sort)
            }
            // Of somebody this event has just made: as many lines as the event has kinds.
            (None, None) => return self.is_first_of_its_kind(candidate, why),
        };
        let rule = &self.policy.shared;
        let record = self.people.shared_mut(counted);
        record.tell(rule, self.event.received, sort)
    }

    /// Whether this event has refused nothing else of the kind for the same reason so far.
    fn is_first_of_its_kind(&self, candidate: &Candidate, why: RefusalWhy) -> bool {
        let place = self.event.position;
        let journal = self.journal.iter().rev();
        let mut of_event = journal.take_while(|record| record.place == place);
        !of_event.any(|record| match &record.what {
            What::Refused {
                dropped,
                why: known,
                ..
            } => dropped.kind == candidate.identifier.kind && *known == why,
            _ => false,
        })
    }

    /// Counts towards the identifier's being shared. An identifier of nobody is not counted: there
    /// is nothing to share. Nor is a confirmed address for what browser keys say of it, or anybody
    /// could make a customer's address useless by claiming it often enough.
    fn count_refusal(&mut self, candidate: &Candidate, followed: &[Candidate]) {
        if self.people.is_whole() {
            // Marks are facts of their own: a refold neither makes nor takes them back.
            return;
        }
        let identifier = &candidate.identifier;
        let Some(owner) = candidate.owner.and_then(|owner| self.people.profile(owner)) else {
            return;
        };
        let link = owner
            .links
            .iter()
            .find(|link| link.identifier == *identifier);
        let confirmed = link.is_some_and(|link| link.trust == Trust::Confirmed);
        let only_claimed = Trust::of(&identifier.kind, self.event.key_kind) == Trust::Claimed;
        if !shared::can_be_shared(&identifier.kind) || (confirmed && only_claimed) {
            return;
        }
        let user_id = second_user_id(owner, identifier, followed);
        let (rule, place, received) = (
            &self.policy.shared,
            self.event.position,
            self.event.received,
        );
        let record = self.people.shared_mut(identifier);
        let by_user_ids =
            user_id.and_then(|user_id| record.note_user_id(rule, user_id, received, place));
        let why = by_user_ids.or_else(|| record.note_refusal(rule, received, place));
        if let Some(why) = why {
            self.note(What::Shared {
                identifier: identifier.clone(),
                why,
            });
        }
    }
}

/// A sort of refusals: between whom, why, and of what where it is nobody's.
fn hashed(
    owner: ProfileNo,
    number: ProfileNo,
    why: RefusalWhy,
    dropped: Option<&Identifier>,
) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write_u64(owner.0);
    hasher.write_u64(number.0);
    hasher.write_u8(why as u8);
    if let Some(dropped) = dropped {
        hasher.write(dropped.kind.word().as_bytes());
        hasher.write_u8(0);
        hasher.write(dropped.value.as_bytes());
    }
    hasher.finish()
}

/// The event's user id, where it was refused a device or browser that belongs to another one.
fn second_user_id<'a>(
    owner: &Profile,
    identifier: &Identifier,
    followed: &'a [Candidate],
) -> Option<&'a str> {
    let on_a_device = matches!(identifier.kind, IdKind::AnonymousId | IdKind::DeviceId);
    let user_id = &followed.first()?.identifier;
    let second = user_id.kind == IdKind::UserId && owner.has_user_id();
    (on_a_device && second).then_some(&*user_id.value)
}
