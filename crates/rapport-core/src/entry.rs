//! Everything that changes state: the commands that stand beside events in the one order.

use crate::crm::association::{self, LinkInput};
use crate::crm::change::{
    GroupDraft, LabelDraft, Must, ObjectTypeDraft, PipelineDraft, PropertyDraft, StageDraft,
};
use crate::crm::subscription::{self, AppNo, SubscriptionNo};
use crate::crm::{RecordInput, RecordNo, TypeId, bulk, view};
use crate::decide::{Exposure, Slot};
use crate::event::transform::Step;
use crate::event::webhook::Webhook;
use crate::event::{KeyKind, SourceNo};
use crate::identity::policy::Policy;
use crate::identity::{Identifier, ProfileNo};
use crate::member::{self, MemberNo, PasswordHash, Role, Scopes, Share, Team, TeamNo};
use crate::plan::Plan;
use crate::position::Position;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// A change that somebody or something asked for, as it stands in history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandEntry {
    /// Assigned in the transaction that applies it.
    pub position: Position,
    /// When it was applied; never earlier than any entry before it.
    pub received: Millis,
    /// Who asked: a token's name, `configuration`, or `rapport` itself.
    pub actor: String,
    /// What is to change.
    pub command: Command,
}

/// What can be changed otherwise than by an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Makes a source or changes it.
    PutSource(Source),
    /// Sets a write key of a source. Only the hash is kept.
    PutKey {
        /// SHA-256 of the key, in hex.
        key_hash: String,
        /// The last four characters, to tell keys apart.
        hint: String,
        /// Whose key it is.
        source: SourceNo,
        /// How far it is trusted.
        kind: KeyKind,
    },
    /// Sets an API token. Only the hash is kept.
    PutToken {
        /// SHA-256 of the token, in hex.
        token_hash: String,
        /// Its name, which is the actor of what is done with it.
        name: String,
        /// The last characters, to tell tokens apart.
        #[serde(default)]
        hint: String,
        /// What it opens.
        #[serde(default = "Scopes::admin")]
        scopes: Scopes,
        /// The member whose rights limit it, where it is theirs.
        #[serde(default)]
        member: Option<MemberNo>,
    },
    /// Replaces the identity policy.
    PutPolicy(Policy),
    /// Makes a segment or changes its rule.
    PutSegment {
        /// Its key: lower case letters, digits, `_` and `-`.
        key: String,
        /// Its name for people.
        name: String,
        /// Its rule in canonical text.
        rule: String,
    },
    /// Removes a segment. Nobody is told they left.
    DeleteSegment {
        /// Its key.
        key: String,
    },
    /// Unites leaf states from history with the live ones for a range of origins, and decides
    /// first memberships: one bounded step of a segment's build.
    BuildRange {
        /// The segment's number.
        segment: u32,
        /// The version of its rule that is built.
        version: u32,
        /// First origin of the range.
        from: ProfileNo,
        /// The origin behind the last of the range.
        to: ProfileNo,
    },
    /// Joins two profiles whatever the limits say.
    Merge {
        /// One of them.
        left: Reference,
        /// The other.
        right: Reference,
    },
    /// Takes a merge back, and vetoes it for ordinary events from the start.
    UndoMerge {
        /// The journal number of the merge.
        merge: u64,
    },
    /// Lets a shared identifier resolve again.
    ReleaseShared {
        /// The identifier, normalised.
        identifier: Identifier,
    },
    /// Makes a destination or changes it.
    PutDestination(Destination),
    /// Removes a destination and what waits for it.
    DeleteDestination {
        /// Its key.
        key: String,
    },
    /// Takes a write key out of use for ever: the same key cannot be set again.
    RevokeKey {
        /// SHA-256 of the key, in hex.
        key_hash: String,
    },
    /// Takes an API token out of use for ever: the same token cannot be set again.
    RevokeToken {
        /// SHA-256 of the token, in hex.
        token_hash: String,
    },
    /// Takes a source out of use: its keys are refused, what it sent stays.
    DisableSource {
        /// Its number.
        source: SourceNo,
    },
    /// Takes a disabled source into use again.
    EnableSource {
        /// Its number.
        source: SourceNo,
    },
    /// Lets a source take deliveries of another system's webhooks, or changes how.
    PutWebhook(Webhook),
    /// Ends that; what was taken stays.
    DeleteWebhook {
        /// The source.
        source: SourceNo,
    },
    /// Sets what the events of a source go through, from the next request on.
    PutTransformations {
        /// Whose events.
        source: SourceNo,
        /// Whether they are switched on.
        enabled: bool,
        /// The steps, in order.
        steps: Vec<Step>,
    },
    /// Lets the events of a source be as they come.
    DeleteTransformations {
        /// Whose events.
        source: SourceNo,
    },
    /// Sets what a source is expected to send, or with `None` lets it send anything again.
    PutPlan {
        /// The source.
        source: SourceNo,
        /// Its plan; its version is set when it is applied.
        plan: Option<Plan>,
    },
    /// Says what browsers may see.
    PutExposure(Exposure),
    /// Makes a slot or changes it.
    PutSlot(Slot),
    /// Removes a slot.
    DeleteSlot {
        /// Its key.
        key: String,
    },
    /// Sets the secret with which a source's server signs who its visitors are, or takes it away.
    PutSigning {
        /// The source.
        source: SourceNo,
        /// The secret.
        secret: Option<String>,
    },
    /// Sets the time zone of people who have none of their own.
    PutTimeZone {
        /// An IANA name.
        zone: String,
    },
    /// Remembers who is in a segment, so that they are put on a list one after another.
    FreezeSegment {
        /// The segment's key.
        segment: String,
        /// The list's key.
        list: String,
    },
    /// Makes a computed trait or changes how it is made.
    PutTrait {
        /// Its key: lower case letters, digits, `_` and `-`.
        key: String,
        /// Its name for people.
        name: String,
        /// How it is made, in canonical text.
        computed: String,
    },
    /// Removes a computed trait.
    DeleteTrait {
        /// Its key.
        key: String,
    },
    /// Writes, archives and restores records of one type, each input by itself.
    Records {
        /// The type.
        object: TypeId,
        /// What is done to which record.
        inputs: Vec<RecordInput>,
    },
    /// Makes one record of two.
    MergeRecords {
        /// Their type.
        object: TypeId,
        /// The one that stays.
        primary: RecordNo,
        /// The one whose number leads there afterwards.
        absorbed: RecordNo,
    },
    /// Says that records belong together, each input by itself.
    Associate {
        /// Which records, and as what.
        inputs: Vec<LinkInput>,
    },
    /// Says that they do not, each input by itself.
    Disassociate {
        /// Which records, and as what.
        inputs: Vec<LinkInput>,
    },
    /// Makes a property or changes it.
    PutProperty {
        /// Of which type.
        object: TypeId,
        /// Whether it may, must or must not be there.
        must: Must,
        /// What it is to be.
        draft: PropertyDraft,
    },
    /// Takes a property out of use; its values stay.
    ArchiveProperty {
        /// Of which type.
        object: TypeId,
        /// Its name.
        name: Box<str>,
    },
    /// Makes a group of properties or changes it.
    PutPropertyGroup {
        /// Of which type.
        object: TypeId,
        /// Whether it may, must or must not be there.
        must: Must,
        /// What it is to be.
        draft: GroupDraft,
    },
    /// Takes an empty group of properties out of use.
    ArchivePropertyGroup {
        /// Of which type.
        object: TypeId,
        /// Its name.
        name: Box<str>,
    },
    /// Makes a pipeline or changes it.
    PutPipeline {
        /// Of which type.
        object: TypeId,
        /// Whether it may, must or must not be there.
        must: Must,
        /// What it is to be.
        draft: PipelineDraft,
    },
    /// Takes a pipeline out of use.
    DeletePipeline {
        /// Of which type.
        object: TypeId,
        /// Its id.
        pipeline: Box<str>,
        /// Whether it must not be in use by a record.
        #[serde(default)]
        unless_used: bool,
    },
    /// Makes a stage or changes it.
    PutStage {
        /// Of which type.
        object: TypeId,
        /// Of which pipeline.
        pipeline: Box<str>,
        /// Whether it may, must or must not be there.
        must: Must,
        /// What it is to be.
        draft: StageDraft,
    },
    /// Takes a stage out of use.
    DeleteStage {
        /// Of which type.
        object: TypeId,
        /// Of which pipeline.
        pipeline: Box<str>,
        /// Its id.
        stage: Box<str>,
        /// Whether it must not be in use by a record.
        #[serde(default)]
        unless_used: bool,
    },
    /// Makes a type of records or changes it.
    PutObjectType {
        /// Whether it may, must or must not be there.
        must: Must,
        /// What it is to be.
        draft: ObjectTypeDraft,
    },
    /// Takes a custom type of records out of use.
    DeleteObjectType {
        /// Its number.
        object: TypeId,
    },
    /// Lets records of two types belong together.
    PutAssociation {
        /// One of them.
        from: TypeId,
        /// The other.
        to: TypeId,
        /// Its name in the API, if it is to have one of its own.
        #[serde(default)]
        name: Option<Box<str>>,
    },
    /// Makes a label for associations, both directions at once, or changes one direction's.
    PutAssociationLabel {
        /// From records of this type.
        from: TypeId,
        /// To records of this type.
        to: TypeId,
        /// The number of the one that is changed; `None` for a new one.
        #[serde(default)]
        type_id: Option<u32>,
        /// What it is to be.
        draft: LabelDraft,
    },
    /// Takes a label out of use, both directions at once.
    DeleteAssociationLabel {
        /// From records of this type.
        from: TypeId,
        /// To records of this type.
        to: TypeId,
        /// Its number.
        type_id: u32,
    },
    /// Says how many records of `to` one of `from` may have, or with `None` that it is no matter.
    PutAssociationLimit {
        /// From records of this type.
        from: TypeId,
        /// To records of this type.
        to: TypeId,
        /// Which association.
        kind: association::Kind,
        /// How many.
        max: Option<u32>,
    },
    /// Makes a member or changes one.
    PutMember(member::Draft),
    /// Sets a member's password. What was signed in with another one is over.
    SetPassword {
        /// Whose.
        member: MemberNo,
        /// Its hash.
        hash: PasswordHash,
    },
    /// Lets a member sign in no more: they and their tokens are refused at once.
    DeactivateMember {
        /// Who.
        member: MemberNo,
    },
    /// Lets a deactivated member sign in again.
    ActivateMember {
        /// Who.
        member: MemberNo,
    },
    /// Makes a team or changes one.
    PutTeam(Team),
    /// Lets nobody be in a team any more.
    ArchiveTeam {
        /// Which.
        team: TeamNo,
    },
    /// Makes a role or changes one.
    PutRole(Role),
    /// Removes a role that nobody has.
    DeleteRole {
        /// Its key.
        key: String,
    },
    /// Shares a record with a member or a team.
    PutShare(Share),
    /// Ends that.
    DeleteShare(Share),
    /// Lets an app hear of what happens to records.
    PutSubscription {
        /// The app.
        app: AppNo,
        /// Of what.
        draft: subscription::Draft,
    },
    /// Switches subscriptions of an app on or off, each that is there.
    SwitchSubscriptions {
        /// The app.
        app: AppNo,
        /// Which, and whether it is told.
        switches: Vec<(SubscriptionNo, bool)>,
    },
    /// Ends a subscription of an app.
    DeleteSubscription {
        /// The app.
        app: AppNo,
        /// Which.
        subscription: SubscriptionNo,
    },
    /// Keeps a view, or changes one.
    PutView {
        /// The entry that made it; `None` for a new one.
        #[serde(default)]
        view: Option<Position>,
        /// What it is to be.
        draft: view::Draft,
    },
    /// Keeps no longer the view that an entry made.
    DeleteView(view::Removal),
    /// Begins a change of many records.
    StartBulk(bulk::Draft),
    /// Changes some of them, and remembers what each was.
    StepBulk(bulk::Step),
    /// Ends it where it is, and says why.
    StopBulk(bulk::Stop),
    /// Forgets what one did to some of the records, or the last of it.
    ForgetBulk(bulk::Forgetting),
}

/// Where events come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its number.
    pub no: SourceNo,
    /// Its name for people.
    pub name: String,
    /// Whether the door refuses, with an error, what it would otherwise take and reject later.
    #[serde(default)]
    pub strict: bool,
}

/// A profile, named by its number or by one of its identifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// By number.
    Number(ProfileNo),
    /// By identifier, normalised.
    Identifier(Identifier),
}

/// A sink for decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Its key: lower case letters, digits, `_` and `-`.
    pub key: String,
    /// Where messages are posted: an `http` or `https` URL.
    pub url: String,
    /// Shared secret of the signatures.
    pub secret: String,
    /// The shape of what is sent.
    pub shape: Shape,
    /// The segments it hears of; empty means all.
    pub segments: Vec<String>,
    /// Requests on their way at once, at most; `None` for as many as usual.
    #[serde(default)]
    pub concurrency: Option<u32>,
    /// When it was made; set when it is.
    #[serde(default)]
    pub created: Millis,
    /// When it changed last; set when it does.
    #[serde(default)]
    pub updated: Millis,
}

/// The shape of what is sent: Segment's two for audience changes, HubSpot's for records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `track` with `Audience Entered` or `Audience Exited`.
    #[default]
    Track,
    /// `identify` with the segment's key as a boolean trait.
    Identify,
    /// A list of what happened to records that an app subscribed to, signed as HubSpot signs.
    #[serde(rename = "hubspot")]
    HubSpot,
}
