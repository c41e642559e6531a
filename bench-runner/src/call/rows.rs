//! Tables of any length: every row is sent, or it is told how many are not.

use std::fmt::Write as _;
use std::fs;

use scenarios::Suite;

use super::{Call, Known, LeftOut};

const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grpcio/shop/shop.proto");

/// A call whose message is filled from a table of so many rows.
fn prepared(rows: u32, method: &str, more: &str) -> Call {
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from("id\n");
    (0..rows).for_each(|row| writeln!(table, "row-{row}").unwrap());
    fs::write(folder.path().join("ids.csv"), table).unwrap();
    let yaml = format!(
        "name: rows\ncall: {{ service: shop.v1.Shop, method: {method}, proto: [{SHOP}], messages_file: ids.csv, {more} }}\n"
    );
    let file = folder.path().join("rows.yaml").display().to_string();
    let case = Suite::parse(&file, &yaml, &[]).unwrap().cases.remove(0);
    let known = Known {
        origin: Some(&case.origin),
        ..Known::default()
    };
    Call::prepare(case.scenario.calls.first(), 1, &known).unwrap()
}

#[test]
fn every_row_of_a_large_table_is_sent() {
    let call = prepared(70_001, "Place", "");
    assert_eq!((call.requests().len(), call.left_out), (70_001, None));
    let last = &call.requests()[70_000].distinct()[0];
    assert!(last.ends_with(b"row-70000"), "{last:?}");
}

#[test]
fn what_there_is_no_room_for_is_told() {
    let cut = |taken, given| Some(LeftOut { taken, given });
    let call = prepared(262_144, "Place", "");
    assert_eq!((call.requests().len(), call.left_out), (262_144, None));
    let call = prepared(262_145, "Place", "");
    assert_eq!(call.left_out, cut(262_144, 262_145));
    let call = prepared(300, "Collect", "request: { messages: 1000 }");
    assert_eq!(call.left_out, cut(262, 300));
    let fresh = prepared(300, "Collect", "request: { messages: 1000 }, fresh: true");
    assert_eq!(fresh.left_out, None);
}

#[test]
fn a_large_table_beside_drawn_timeouts_does_not_grow_without_bounds() {
    let drawn = "deadline: { uniform: { min: 1s, max: 2s } }";
    let call = prepared(65_535, "Place", drawn);
    let dealt = call.requests().len();
    assert!(dealt.is_multiple_of(65_535) && dealt < 1_200_000, "{dealt}");
}
