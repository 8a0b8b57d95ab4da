//! How people become members, and cease to be, by what happened elsewhere at their campus.

use crate::{
    member,
    member::{Member, Reconcile},
    roster_changes::{self, RosterChanges},
    roster_delivery::{self, RosterDelivery},
};
use studium_kit::{App, LookUpPolicy, Policy, Reaction, StoreError, View};
use studium_proto::campus::v1::{
    MemberDescribed, MemberSource, invite_key_event::Event as InviteEvent,
    roster_delivery_event::Event as DeliveryEvent, roster_event::Event as RosterEvent,
};

/// Name of [`MembersFollowRosters`]; how far it is says which deliveries are applied.
pub const MEMBERS_FOLLOW_ROSTERS: &str = "members-follow-rosters";

/// Releases the chunks of a delivery that was accepted, one commit each: a whole roster at once would be held in memory
/// as commands, and a restart would begin it anew.
pub struct ChunksFollowAcceptance;

impl Policy for ChunksFollowAcceptance {
    const NAME: &'static str = "roster-chunks-follow-acceptance";
    const STREAM: &'static str = "campus";
    type Event = RosterEvent;
    type Target = RosterDelivery;

    fn react(&self, _: &str, event: &RosterEvent, _at_ms: i64) -> Vec<Reaction<RosterDelivery>> {
        let RosterEvent::RosterImportAccepted(it) = event else { return Vec::new() };
        let release =
            |chunk| Reaction { id: it.delivery_id.clone(), command: roster_delivery::Command::Release { chunk } };
        (1..=it.chunks).map(release).collect()
    }
}

/// Asks each member in a released chunk to be as the roster says; the member judges.
pub struct MembersFollowRosters;

impl LookUpPolicy for MembersFollowRosters {
    const NAME: &'static str = MEMBERS_FOLLOW_ROSTERS;
    const STREAM: &'static str = "campus";
    const VIEWS: &'static [&'static str] = &[RosterChanges::NAME];
    type Event = DeliveryEvent;
    type Target = Member;

    async fn react(
        app: &App,
        delivery: &str,
        event: &DeliveryEvent,
        _at_ms: i64,
    ) -> Result<Vec<Reaction<Member>>, StoreError> {
        let DeliveryEvent::RosterChangesReleased(it) = event else { return Ok(Vec::new()) };
        let mut parts = delivery.split('~');
        let (Some(campus), Some(import)) = (parts.next(), parts.next()) else { return Ok(Vec::new()) };
        // Kept changes never change, so each finds its place in the list again.
        let changes = roster_changes::chunk(app.store(), delivery, it.chunk).await?;
        let reaction = |it: roster_changes::RosterChangeRow| Reaction {
            id: format!("{campus}~{}", it.learner_id),
            command: member::Command::Reconcile(Reconcile {
                import_id: import.to_owned(),
                row: it.source_row,
                was: it.was(),
                becomes: it.becomes(),
            }),
        };
        Ok(changes.into_iter().map(reaction).collect())
    }
}

/// Whoever redeemed a key becomes a member.
pub struct MembersFollowInvites;

impl Policy for MembersFollowInvites {
    const NAME: &'static str = "members-follow-invites";
    const STREAM: &'static str = "campus";
    type Event = InviteEvent;
    type Target = Member;

    fn react(&self, key: &str, event: &InviteEvent, _at_ms: i64) -> Vec<Reaction<Member>> {
        let InviteEvent::InviteRedeemed(it) = event else { return Vec::new() };
        let record =
            MemberDescribed { class: it.class, department: it.department.clone(), ..MemberDescribed::default() };
        vec![Reaction {
            id: format!("{}~{}", it.campus_id, it.learner_id),
            command: member::Command::Admit { record, source: MemberSource::Invite, source_ref: key.to_owned() },
        }]
    }
}
