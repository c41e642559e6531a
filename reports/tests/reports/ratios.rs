//! Two results held against each other: what people see, and when there is nothing to see.

use reports::view::View;
use reports::{side_by_side, terminal};

use crate::common::{channels, repeated, searched, slower};

#[test]
fn two_results_of_the_same_work_in_every_format() {
    let both = [repeated(), slower()];
    insta::assert_snapshot!("ratios_terminal", terminal(&both, false).unwrap());
    let files = side_by_side(&both).unwrap();
    let text = |path: &str| {
        let file = files.iter().find(|file| file.path == path).unwrap();
        String::from_utf8(file.bytes.clone()).unwrap()
    };
    for path in ["summary.md", "report.html"] {
        let text = text(path);
        assert!(
            text.contains("×0.91") && text.contains("CI95 ×0."),
            "{path}"
        );
        assert!(text.contains("Two separate runs are no gate"), "{path}");
    }
}

#[test]
fn an_interval_needs_three_repetitions_on_both_sides() {
    let both = [repeated(), slower()];
    let view = View::new(&both).unwrap();
    let rows = &view.ratios.as_ref().unwrap().rows;
    assert!(rows[0].intervals.iter().all(Option::is_some), "{rows:?}");
    assert!(rows[2].intervals.iter().all(Option::is_none), "{rows:?}");
    assert!(rows[2].ratios[0].starts_with('×'), "{rows:?}");
}

#[test]
fn other_settings_and_other_machines_are_said() {
    let mut both = [repeated(), slower()];
    both[1].environment.cpu.cores = 4;
    let view = View::new(&both).unwrap();
    let cautions = view.ratios.unwrap().cautions.join("\n");
    assert!(cautions.contains("different machines"), "{cautions}");
    assert!(
        cautions.contains("with other settings: payload-sweep/call.reply.size=64KiB"),
        "{cautions}"
    );
}

#[test]
fn one_result_or_three_or_other_work_have_no_ratio() {
    let none = |results: &[_]| View::new(results).unwrap().ratios.is_none();
    let with_own_work = |mut result: reports::model::RunResult| {
        result
            .cases
            .iter_mut()
            .for_each(|case| case.fingerprint.clone_from(&case.name));
        result
    };
    assert!(none(&[repeated()]));
    assert!(none(&[repeated(), slower(), slower()]));
    assert!(none(&[searched(), searched()]));
    assert!(none(&[
        with_own_work(repeated()),
        with_own_work(channels())
    ]));
    // The same work under another name is found by its fingerprint.
    let mut renamed = with_own_work(repeated());
    renamed.cases[0].name = "renamed".to_owned();
    renamed.cases.truncate(1);
    assert!(!none(&[with_own_work(repeated()), renamed]));
}
