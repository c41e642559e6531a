//! Messages from a table with more rows than are kept.

use super::common::Run;

const PROTO: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../protos/proto/helloworld.proto"
);

#[test]
fn a_table_that_is_cut_is_told_where_its_numbers_are_read() {
    let rows = (0..262_145).map(|row| format!("user {row}\n"));
    let table = format!("name\n{}", rows.collect::<String>());
    let yaml = format!(
        "name: table
call: {{ service: helloworld.Greeter, method: SayHello, proto: ['{PROTO}'], messages_file: users.csv }}
client: {{ engine: raw }}
load: {{ closed: {{ in_flight: 1 }} }}
phases: {{ warm_up: 50ms, measure: 200ms }}
"
    );
    let outcome = Run::new(&yaml).file("users.csv", &table).finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let mut findings = outcome.repetition().validity.findings.iter();
    let finding = findings.find(|finding| finding.rule == "messages_left_out");
    assert!(finding.is_some_and(|f| f.seen.contains("262144") && f.seen.contains("262145")));
    assert!(outcome.stdout.contains("262144"), "{}", outcome.stdout);
}
