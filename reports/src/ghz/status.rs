//! Statuses and errors as grpc-go spells them.

/// What ghz counts a call as that had not ended when the run did: the status of a connection that is closed under it.
const UNFINISHED: (&str, &str) = ("UNAVAILABLE", "unfinished when the drain was over");

/// The name of a status: `DeadlineExceeded` for `DEADLINE_EXCEEDED`.
pub(super) fn name(status: &str) -> String {
    match status {
        "OK" => "OK".to_owned(),
        "CANCELLED" => "Canceled".to_owned(),
        "UNFINISHED" => name(UNFINISHED.0),
        other => other.split('_').map(capital).collect(),
    }
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_owned() + &rest.to_ascii_lowercase()
}

/// An error as grpc-go prints it.
pub(super) fn error(status: &str, message: &str) -> String {
    format!("rpc error: code = {} desc = {message}", name(status))
}

/// The error of a call that had not ended.
pub(super) fn unfinished() -> String {
    error(UNFINISHED.0, UNFINISHED.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_those_of_grpc_go() {
        for (ours, theirs) in [
            ("OK", "OK"),
            ("CANCELLED", "Canceled"),
            ("DEADLINE_EXCEEDED", "DeadlineExceeded"),
            ("UNAVAILABLE", "Unavailable"),
            ("DATA_LOSS", "DataLoss"),
            ("UNFINISHED", "Unavailable"),
        ] {
            assert_eq!(name(ours), theirs);
        }
        assert_eq!(
            error("NOT_FOUND", "no such tenant"),
            "rpc error: code = NotFound desc = no such tenant"
        );
    }
}
