//! Every mistake in a message is shown at its place, with the path of the field and what was expected.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use scenarios::{KeyPath, Suite};

use super::{Call, Known};
use crate::run::RunError;

const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grpcio/shop");

/// What is told of a call of the shop.
fn told(call: &str) -> String {
    told_of(&format!("service: shop.v1.Shop\n  method: Place\n  {call}"))
}

fn told_of(call: &str) -> String {
    told_in(
        Path::new(""),
        &format!("proto: [{SHOP}/shop.proto]\n  {call}"),
    )
}

/// What is told of the call of a scenario in a folder.
fn told_in(folder: &Path, call: &str) -> String {
    let yaml = format!("name: bad\ncall:\n  {call}\n");
    let file = folder.join("bad.yaml").display().to_string();
    let suite =
        Suite::parse(&file, &yaml, &[]).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let case = &suite.cases[0];
    let known = Known {
        origin: Some(&case.origin),
        ..Known::default()
    };
    let prepared = Call::prepare(case.scenario.calls.first(), 1, &known);
    let error = prepared.map(|_| ()).expect_err(&yaml);
    match error.in_case(case, &KeyPath::of("call")) {
        RunError::Scenario(error) => error
            .render(false)
            .replace(SHOP, "SHOP")
            .replace(&file, "bad.yaml"),
        other => panic!("{other}"),
    }
}

#[test]
fn bad_messages() {
    let mut all = String::new();
    for message in [
        "{ itmes: [] }",
        "{ items: [{}, {}, { price: { unit: 3 } }] }",
        "{ items: [{}, {}, { price: { units: many } }] }",
        "{ items: [{ count: 4294967296 }] }",
        "{ items: [{ count: -1 }] }",
        "{ customer: 1.5 }",
        "{ customer: 9223372036854775808 }",
        "{ id: 7 }",
        "{ id: [a, list] }",
        "{ state: PAYED }",
        "{ state: true }",
        "{ record: { id: 1, kind: 7 } }",
        "{ token: \"AQ*D\" }",
        "{ token: [1, 2, 3] }",
        "{ card: \"4000\", cash: { units: 1 } }",
        "{ json_named: a, customName: b }",
        "{ prices: { cheap: { units: 1 } } }",
        "{ labels: [red, green] }",
        "{ items: { name: one } }",
        "{ items: [null] }",
        "{ placed: yesterday }",
        "{ placed: 1767225600 }",
        "{ patience: 90 }",
        "{ patience: 2 hours }",
        "{ record: { title: no id } }",
        "{ record: { id: 1, mark: [{ bold: true }] } }",
        "{ record: { id: 1, \"[archive.shelv]\": B } }",
        "{ urgent: \"yes\" }",
        "{ ratio: 1e39 }",
        "{ weight: heavy }",
        "{ extra: [1] }",
        "{ attached: { units: 5 } }",
        "{ note: 5 }",
        "{ parent: { parent: { offsets: [1, 2, x] } } }",
        "[1, 2]",
    ] {
        let _ = writeln!(all, "{}", told(&format!("message: {message}")));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn bad_templates() {
    let mut all = String::new();
    for message in [
        "{ id: \"{{sqe}}\" }",
        "{ id: \"order {{seq\" }",
        "{ id: \"{{}}\" }",
        "{ id: \"{{seq 1}}\" }",
        "{ id: \"{{rand_int 9 1}}\" }",
        "{ id: \"{{rand_int 1}}\" }",
        "{ id: \"{{rand_string many}}\" }",
        "{ id: \"{{rand_bytes 4}}\" }",
        "{ id: \"{{csv.name}}\" }",
        "{ id: \"{{pick}}\" }",
        "{ shift: \"{{rand_int 0 3000000000}}\" }",
        "{ shift: \"{{now_ns}}\" }",
        "{ customer: \"7{{seq}}\" }",
        "{ customer: \"{{uuid}}\" }",
        "{ urgent: \"{{seq}}\" }",
        "{ state: \"{{pick OPEN PAYED}}\" }",
        "{ placed: \"{{seq}}\" }",
        "{ attached: { \"@type\": \"{{seq}}\" } }",
        "\"{{seq}}\"",
    ] {
        let _ = writeln!(all, "{}", told(&format!("message: {message}")));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn bad_services() {
    let mut all = String::new();
    for call in [
        "service: shop.v1.Shopp\n  method: Place",
        "service: shop.v1.Shop\n  method: place",
        "service: shop.v1.Shop\n  method: Place\n  request: { messages: 2 }",
        "service: shop.v1.Shop\n  method: Place\n  messages: [{ id: a }, { id: 1 }]",
    ] {
        let _ = writeln!(all, "{}", told_of(call));
    }
    for description in ["proto: [shopp.proto]", "protoset: shopp.binpb"] {
        let call = format!("service: a.B\n  method: C\n  {description}");
        let _ = writeln!(all, "{}", told_in(Path::new(""), &call));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn bad_expectations() {
    let mut all = String::new();
    for more in [
        "expect: { fields: { order.idd: a } }",
        "expect: { fields: { order.customer: many } }",
        "expect: { fields: { \"order..id\": a } }",
        "expect: { fields: { orders: \"{{seq}}\" } }",
        "cancel: { after_messages: 3 }",
        "read: { delay: 5ms }",
        "stream: { rate: 5/s }",
        "half_close: after_replies",
    ] {
        let _ = writeln!(all, "{}", told(more));
    }
    for more in [
        "stream: { rate: 5/s, answers_each: true }",
        "half_close: after_replies",
    ] {
        let collect = format!("service: shop.v1.Shop\n  method: Collect\n  {more}");
        let _ = writeln!(all, "{}", told_of(&collect));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn bad_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for (name, content, more) in [
        (
            "one.json",
            &b"[{ \"id\": \"a\" }, { \"items\": [{ \"count\": \"x\" }] }]"[..],
            "",
        ),
        ("two.json", b"[{ \"id\": ]", ""),
        ("none.json", b"[]", ""),
        ("one.bin", b"\x03\x0a\x01a\x05\x0a", ""),
        ("two.bin", b"\x02\xff\xff", ""),
        ("one.csv", b"id,items[0].count\na,1\nb,many\n", ""),
        ("two.csv", b"id,items[1].count\na,1\n", ""),
        ("three.csv", b"id,size\na\n", ""),
        ("four.csv", b"id,size\n", ""),
        (
            "five.csv",
            b"name,size\na,1\n",
            "message: { id: \"{{csv.nmae}}\" }",
        ),
        (
            "six.csv",
            b"name,size\na,1\nb,large\n",
            "message: { customer: \"{{csv.size}}\" }",
        ),
        ("orders.txt", b"", ""),
        ("also.json", b"{}", "message: {}"),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
        let shop = format!("service: shop.v1.Shop\n  method: Place\n  proto: [{SHOP}/shop.proto]");
        let call = format!("{shop}\n  messages_file: {name}\n  {more}");
        let _ = writeln!(all, "{}", told_in(folder.path(), &call));
    }
    insta::assert_snapshot!(all);
}
