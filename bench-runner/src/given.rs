//! What unit tests begin with.

use scenarios::scenario::Scenario;
use scenarios::{Case, Suite};

/// The scenario of a file that needs no name of its own.
pub(crate) fn scenario(yaml: &str) -> Scenario {
    case(yaml).scenario
}

/// The only case of such a file.
pub(crate) fn case(yaml: &str) -> Case {
    let suite = Suite::parse("test.yaml", &format!("name: x\n{yaml}"), &[])
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    suite.cases[0].clone()
}
