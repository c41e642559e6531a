//! Every mutant is caught: the tests that must notice it are run once more in a process of their own that lies, and fail.

use std::process::Command;

use reports::mutant::{Mutant, VARIABLE};

use crate::common::toolchain::SKIPPED;
use crate::real::VOID;

/// Each lie, and the tests that must fail when the harness lies so.
const MUST_FAIL: &[(Mutant, &[&str])] = &[
    (
        Mutant::FromSend,
        &[
            "exact::times::response_time_is_start_lag_plus_service_time_for_a_million_calls",
            "exact::load::what_waits_for_a_stream_is_counted_from_its_intended_start",
            "exact::load::a_queue_in_the_client_is_the_md1_queue",
        ],
    ),
    (
        Mutant::ClosedLoop,
        &["exact::load::a_server_that_stands_still_does_not_stop_an_open_loop"],
    ),
    (
        Mutant::SkipOverdue,
        &["exact::load::after_a_stop_of_the_client_all_overdue_calls_start_at_once_with_their_lag"],
    ),
    (
        Mutant::OneATurn,
        &["exact::load::after_a_stop_of_the_client_all_overdue_calls_start_at_once_with_their_lag"],
    ),
    (
        Mutant::Tick,
        &["exact::arrivals::calls_start_when_they_are_meant_to"],
    ),
    (
        Mutant::EvenArrivals,
        &["exact::arrivals::sends_are_a_poisson_process"],
    ),
    (
        Mutant::PhaseLocked,
        &["exact::arrivals::the_union_over_lanes_is_one_and_the_same_process"],
    ),
    (
        Mutant::ForgiveBusy,
        &[
            "exact::load::what_waits_for_a_stream_is_counted_from_its_intended_start",
            "exact::load::a_queue_in_the_client_is_the_md1_queue",
        ],
    ),
    (
        Mutant::ShowAll,
        &["exact::times::a_percentile_with_too_few_samples_beyond_it_is_no_number"],
    ),
    (
        Mutant::Coarse,
        &["exact::times::a_million_times_are_within_a_thousandth_of_exact_quantiles"],
    ),
    (
        Mutant::Clamp,
        &["exact::times::a_million_times_are_within_a_thousandth_of_exact_quantiles"],
    ),
    (
        Mutant::AveragePercentiles,
        &[
            "exact::times::merged_shards_are_byte_for_byte_one_histogram",
            "exact::times::merged_repetitions_are_byte_for_byte_one_histogram",
        ],
    ),
    (
        Mutant::Truncate,
        &["exact::times::the_calls_at_the_end_count_like_those_at_the_beginning"],
    ),
    (
        Mutant::CountErrors,
        &["exact::outcomes::errors_are_not_fast_calls"],
    ),
    (
        Mutant::DropTimeouts,
        &["exact::outcomes::calls_that_are_never_answered_stay_in_the_percentiles"],
    ),
    (
        Mutant::IgnoreInFlight,
        &["exact::outcomes::calls_in_flight_at_the_end_are_accounted_for"],
    ),
    (
        Mutant::Retry,
        &["exact::outcomes::a_call_is_attempted_once"],
    ),
    (
        Mutant::AverageGaps,
        &["exact::load::a_stall_in_a_stream_is_one_long_gap"],
    ),
    (
        Mutant::OneChannel,
        &["exact::load::channels_share_the_load_evenly"],
    ),
    (
        Mutant::ByCompletion,
        &["exact::times::a_stall_shows_in_the_seconds_in_which_its_calls_were_meant_to_start"],
    ),
];

/// The same in real time: `scripts/truth-suite --mutants`.
const MUST_FAIL_IN_REAL_TIME: &[(Mutant, &[&str])] = &[
    (
        Mutant::FromSend,
        &["real::queues::raw::a_queue_in_the_client_is_response_time_and_not_service_time"],
    ),
    (
        Mutant::ClosedLoop,
        &[
            "real::stalls::raw::short_a_stall_is_in_the_percentiles",
            "real::stalls::tonic::short_a_stall_is_in_the_percentiles",
        ],
    ),
    (
        Mutant::SkipOverdue,
        &["real::client::raw::a_stop_of_the_client_is_told_and_every_overdue_call_is_sent_at_once"],
    ),
    (
        Mutant::Tick,
        &["real::client::raw::sends_are_a_poisson_process_and_on_time"],
    ),
    (
        Mutant::EvenArrivals,
        &[
            "real::client::raw::sends_are_a_poisson_process_and_on_time",
            "real::queues::raw::short_a_queue_in_the_server_is_the_md1_queue",
        ],
    ),
    (
        Mutant::CoarseClock,
        &["real::capture::raw::times_are_those_of_a_packet_capture"],
    ),
    (
        Mutant::CountErrors,
        &["real::client::raw::errors_are_not_fast_calls"],
    ),
    (
        Mutant::DropTimeouts,
        &["real::client::raw::silence_is_in_the_percentiles"],
    ),
    (
        Mutant::Nagle,
        &["real::network::raw::a_lonely_small_call_never_waits_for_an_acknowledgement"],
    ),
    (
        Mutant::OneChannel,
        &["real::network::raw::one_slow_connection_is_told_from_the_others"],
    ),
    (
        Mutant::HideStalls,
        &[
            "real::streams::raw::waiting_for_credit_is_response_time_and_told_apart",
            "real::streams::tonic::waiting_for_credit_is_response_time_and_told_apart",
        ],
    ),
    (
        Mutant::AverageGaps,
        &["real::streams::raw::a_stall_in_a_stream_is_one_long_gap"],
    ),
    (
        Mutant::SayValid,
        &[
            "real::verdicts::raw::with_a_fifth_of_a_core_nothing_is_valid",
            "real::verdicts::raw::a_warm_up_that_is_too_short_is_told",
            "real::verdicts::raw::a_server_that_becomes_slower_is_told",
        ],
    ),
];

/// How a test ended.
enum Ended {
    Passed,
    Failed,
    /// Nothing is proved: the server was too late, the test could not run here, or there is no such mutant. With what it printed.
    Void(String),
}

/// Runs a test of this binary in a process of its own.
fn run(test: &str, mutant: Option<Mutant>) -> Ended {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--include-ignored"])
        .env_remove(VARIABLE);
    if let Some(mutant) = mutant {
        command.env(VARIABLE, mutant.name());
    }
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let printed = text(&output.stdout) + &text(&output.stderr);
    let has = |what: &str| printed.contains(what);
    let is_void = [VOID, SKIPPED, "there is no mutant"].into_iter().any(has);
    match (has("1 passed; 0 failed"), has("0 passed; 1 failed")) {
        (true, false) if !is_void => Ended::Passed,
        (false, true) if !is_void => Ended::Failed,
        _ => Ended::Void(printed),
    }
}

#[test]
fn every_mutant_is_caught() {
    catch(MUST_FAIL);
}

#[test]
#[ignore = "real time: scripts/truth-suite"]
fn every_mutant_is_caught_in_real_time() {
    catch(MUST_FAIL_IN_REAL_TIME);
}

/// Every test passes with the true harness and fails under its mutant; all surprises are told, not only the first.
fn catch(lies: &[(Mutant, &[&str])]) {
    let mut surprises = Vec::new();
    for (mutant, tests) in lies {
        for test in *tests {
            let lie = mutant.name();
            match run(test, None) {
                Ended::Passed => {}
                Ended::Failed => surprises.push(format!("{test} fails without any mutant")),
                Ended::Void(printed) => surprises.push(format!("{test} is void: {printed}")),
            }
            match run(test, Some(*mutant)) {
                Ended::Passed => surprises.push(format!("{lie} is not caught by {test}")),
                Ended::Failed => println!("{lie} is caught by {test}"),
                Ended::Void(printed) => {
                    surprises.push(format!("{test} is void under {lie}: {printed}"));
                }
            }
        }
    }
    assert!(surprises.is_empty(), "{surprises:#?}");
}

#[test]
fn every_mutant_has_a_test_that_must_notice_it() {
    for mutant in Mutant::ALL {
        assert!(
            MUST_FAIL
                .iter()
                .chain(MUST_FAIL_IN_REAL_TIME)
                .any(|(listed, tests)| listed == mutant && !tests.is_empty()),
            "nobody looks for {}",
            mutant.name()
        );
    }
}
