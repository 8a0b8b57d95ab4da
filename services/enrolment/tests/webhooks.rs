//! Webhooks as partners meet them: real gRPC, a real HTTP receiver, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "webhooks/calls.rs"]
mod calls;
#[path = "webhooks/changes.rs"]
mod changes;
#[path = "webhooks/delivery.rs"]
mod delivery;
#[path = "webhooks/desk.rs"]
mod desk;
#[path = "webhooks/readers.rs"]
mod readers;
#[path = "webhooks/receiver.rs"]
mod receiver;
#[path = "webhooks/restarts.rs"]
mod restarts;
#[path = "webhooks/strangers.rs"]
mod strangers;

studium_testkit::happens! {
    delivery::events_arrive_in_order_and_are_acknowledged,
    delivery::a_failure_holds_up_its_own_subject_only,
    delivery::who_is_gone_is_disabled_and_loses_nothing,
    delivery::who_fails_too_long_is_disabled_and_loses_nothing,
    delivery::who_asks_to_be_left_alone_is,
    delivery::a_slow_address_slows_nobody,
    delivery::only_wanted_types_are_sent,
    delivery::what_was_sent_is_sent_again,
    restarts::a_restart_loses_nothing_and_keeps_the_order,
    restarts::an_outage_of_everything_is_survived,
    restarts::retries_are_remembered,
    restarts::a_wish_to_be_left_alone_is_remembered,
    changes::what_is_not_wanted_any_more_is_not_sent,
    changes::a_mended_address_gets_what_waits_at_once,
    changes::replays_that_wait_forget_none,
    changes::all_webhooks_together_send_so_much_at_once,
    calls::an_address_must_be_public,
    calls::partners_see_only_their_own,
    readers::a_webhook_is_a_reader_of_the_feed,
    calls::a_webhook_is_tested,
    calls::a_webhook_changes_and_goes,
    calls::a_webhook_needs_a_feed,
    calls::without_a_key_there_is_no_webhook,
    strangers::deliveries_are_for_strangers_to_verify,
}
