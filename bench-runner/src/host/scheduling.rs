//! How the kernel schedules the calling thread.

use std::fs;

/// Whether the calling thread runs until it gives way (`SCHED_FIFO`, `SCHED_RR`): one that spins never does.
pub fn is_real_time() -> bool {
    fs::read_to_string("/proc/thread-self/stat")
        .ok()
        .and_then(|stat| policy(&stat))
        .is_some_and(|policy| policy == FIFO || policy == ROUND_ROBIN)
}

const FIFO: u32 = 1;
const ROUND_ROBIN: u32 = 2;

/// Field 41 of `/proc/<pid>/stat`; the name in field 2 may hold anything, blanks and brackets too.
fn policy(stat: &str) -> Option<u32> {
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_whitespace().nth(41 - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_the_forty_first_field_whatever_the_name() {
        let stat = |policy: u32| {
            let fields: Vec<String> = (4..41).map(|n| (n * 100).to_string()).collect();
            format!("17 (a) 1 (b) S {} {policy} 0 0", fields.join(" "))
        };
        assert_eq!(policy(&stat(1)), Some(FIFO));
        assert_eq!(policy(&stat(2)), Some(ROUND_ROBIN));
        assert_eq!(policy(&stat(0)), Some(0));
        assert_eq!(policy("17 (cut off) S 1"), None);
    }

    #[test]
    fn a_test_is_no_real_time_thread() {
        assert!(!is_real_time());
    }
}
