//! What unit tests begin with.

use scenarios::Suite;
use scenarios::scenario::Scenario;

/// The scenario of a file that needs no name of its own.
pub(crate) fn scenario(yaml: &str) -> Scenario {
    let suite = Suite::parse("test.yaml", &format!("name: x\n{yaml}"), &[])
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    suite.cases[0].scenario.clone()
}
