//! The mentorship service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/answer_clock.rs"]
mod answer_clock;
#[path = "api/conversations.rs"]
mod conversations;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/talk.rs"]
mod talk;
#[path = "api/thread.rs"]
mod thread;

/// Makes each sentence a test on either database.
macro_rules! happens {
    ($($module:ident :: $name:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::$module::$name(crate::desk::Desk::open(None).await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(server) = studium_testkit::postgres() else { return };
                crate::$module::$name(crate::desk::Desk::open(Some(server)).await).await;
            })*
        }
    };
}

happens! {
    thread::who_joins_and_pays_gets_a_mentor,
    conversations::a_learner_asks_and_the_mentor_answers,
    conversations::a_conversation_is_seen_by_those_whom_it_concerns,
    conversations::two_answers_at_once_are_both_kept,
    conversations::a_question_leaves_a_mentor_who_pauses,
    conversations::a_question_that_crosses_the_pause_goes_to_a_stand_in_too,
    conversations::the_next_mentor_takes_over_what_is_open,
    conversations::who_waits_for_a_mentor_asks_staff,
    conversations::the_end_closes_and_the_answer_still_counts,
    answer_clock::a_reminder_and_an_escalation_fire_once_whoever_runs,
    answer_clock::an_escalated_question_is_open_to_stand_ins,
    answer_clock::the_clock_stands_still_while_the_learner_rests,
    answer_clock::nothing_fires_while_the_learner_rests_even_after_a_standstill,
    answer_clock::a_silent_learner_times_out_and_may_ask_again,
    answer_clock::answer_times_count_who_waits_and_can_be_had_as_of_a_time,
}
