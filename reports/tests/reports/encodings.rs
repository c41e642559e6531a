//! What compression and the codec made of the messages is shown where a case is about that, and nowhere else.

use reports::model::{MethodCounts, RunResult};
use reports::{artifacts, terminal};
use serde_json::json;

use crate::common::single;

/// A thousand calls of a kilobyte, plain and compressed to a half on the way there and to a tenth on the way back.
fn swept() -> RunResult {
    let mut result = single();
    let plain = result.cases.remove(0);
    for compression in ["identity", "gzip"] {
        let mut case = plain.clone();
        case.name = format!("compression/call.compression={compression}");
        case.point.clear();
        case.point
            .insert("call.compression".into(), compression.into());
        let packed = compression != "identity";
        if packed {
            case.case["call"]["compression"] = json!(compression);
            case.case["call"]["reply"] = json!({ "compression": compression });
        }
        let repetition = &mut case.repetitions[0];
        repetition.totals.client = MethodCounts {
            calls: 1_000,
            requests: 1_000,
            replies: 1_000,
            request_bytes: 1_000_000,
            reply_bytes: 1_000_000,
        };
        let wire = repetition.wire.as_mut().unwrap();
        wire.data_bytes_sent = 5_000 + if packed { 500_000 } else { 1_000_000 };
        wire.data_bytes_received = 5_000 + if packed { 100_000 } else { 1_000_000 };
        wire.bytes_sent = wire.data_bytes_sent + 30_000;
        wire.bytes_received = wire.data_bytes_received + 20_000;
        result.cases.push(case);
    }
    result
}

fn file(result: &RunResult, path: &str) -> String {
    let files = artifacts(result).unwrap();
    let found = files.iter().find(|file| file.path == path).unwrap();
    String::from_utf8(found.bytes.clone()).unwrap()
}

#[test]
fn bytes_on_the_wire_stand_beside_the_cpu_of_what_is_compared() {
    let result = swept();
    let text = terminal(std::slice::from_ref(&result), false).unwrap();
    assert!(text.contains("wire bytes per call 2,060"), "{text}");
    assert!(text.contains("wire bytes per call 660"), "{text}");
    let compressed = "messages compressed to 50.0 % out, 10.0 % in";
    assert_eq!(text.matches(compressed).count(), 1, "{text}");
    let markdown = file(&result, "summary.md");
    assert!(markdown.contains("| wire bytes/call |"), "{markdown}");
    assert_eq!(markdown.matches(compressed).count(), 1, "{markdown}");
    let page = file(&result, "report.html");
    assert!(page.contains("<th>wire bytes/call</th>"));
    assert_eq!(page.matches("Messages, as each side sent them").count(), 1);
}

#[test]
fn a_case_that_is_about_something_else_does_not_show_them() {
    let result = single();
    let shown = [
        terminal(std::slice::from_ref(&result), false).unwrap(),
        file(&result, "summary.md"),
        file(&result, "report.html"),
    ];
    for text in shown {
        assert!(!text.to_lowercase().contains("wire bytes"));
        assert!(!text.contains("messages compressed"));
    }
}
