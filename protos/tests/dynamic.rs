//! Messages that are known only at run time: what is compiled is what protobuf reads, whatever the input.

use prost_reflect::{DynamicMessage, MessageDescriptor};
use protos::dynamic::fuzzing::{fuzz_message, fuzz_template, samples};
use protos::dynamic::{Columns, Draft, Draw, description};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

fn request() -> MessageDescriptor {
    let pool = description::decode(protos::DESCRIPTORS).unwrap();
    pool.get_message_by_name("helloworld.HelloRequest").unwrap()
}

/// What a message is after it was compiled, filled in and read again.
fn read(message: &MessageDescriptor, json: &Value, draw: &mut Draw) -> DynamicMessage {
    let draft = Draft::compile(message, json, &Columns::default()).unwrap();
    let mut bytes = Vec::new();
    draft.encode(draw, &mut bytes);
    DynamicMessage::decode(message.clone(), bytes.as_slice()).unwrap()
}

fn name(json: &Value, draw: &mut Draw) -> String {
    let message = read(&request(), json, draw);
    message
        .get_field_by_name("name")
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn templates_are_what_they_say() {
    let mut draw = Draw {
        seq: 41,
        message: 2,
        lane: 3,
        now_ns: 1_500_000_000_123_456_789,
        ..Draw::first(7)
    };
    let mut filled = |text: &str| name(&json!({ "name": text }), &mut draw);
    assert_eq!(filled("{{seq}}/{{ message }}/{{lane}}"), "41/2/3");
    assert_eq!(filled("{{now}}"), "2017-07-14T02:40:00.123456789Z");
    assert_eq!(
        filled("{{now_ms}} {{now_us}} {{now_ns}}"),
        "1500000000123 1500000000123456 1500000000123456789"
    );
    assert_eq!(filled("a \\{{b}} {{pick \"c d\"}}"), "a {{b}} c d");
    assert_eq!(filled("{{rand_int -5 -5}}{{rand_float 0.5 0.5}}"), "-50.5");
    let uuid = filled("{{uuid}}");
    assert!(uuid.len() == 36 && uuid.as_bytes()[14] == b'4', "{uuid}");
    let letters = filled("{{rand_string 200}}");
    assert!(
        letters.len() == 200 && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{letters}"
    );
    for _ in 0..200 {
        let number: i64 = filled("{{rand_int -1 1}}").parse().unwrap();
        assert!((-1..=1).contains(&number), "{number}");
    }
}

#[test]
fn a_seed_draws_the_same_again_and_another_seed_does_not() {
    let json = json!({ "name": "{{rand_string 9}} {{uuid}} {{rand_int 1 1000000}}" });
    assert_eq!(
        name(&json, &mut Draw::first(1)),
        name(&json, &mut Draw::first(1))
    );
    assert_ne!(
        name(&json, &mut Draw::first(1)),
        name(&json, &mut Draw::first(2))
    );
}

#[test]
fn lengths_of_every_size_are_right() {
    for length in [
        0, 1, 126, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152,
    ] {
        let json = json!({ "name": format!("{{{{rand_string {length}}}}}"), "reply": { "status_message": "{{seq}}" } });
        assert_eq!(name(&json, &mut Draw::first(1)).len(), length);
    }
}

#[test]
fn rows_are_taken_in_turn_by_the_number_of_the_call() {
    let columns = Columns {
        names: vec!["who".to_owned(), "size".to_owned()],
        rows: ["a", "b", "c"]
            .map(|who| vec![who.to_owned(), "7".to_owned()])
            .to_vec()
            .into(),
    };
    let json = json!({ "name": "{{csv.who}}", "reply": { "size": "{{csv.size}}", "status_message": "{{csv.who}}!" } });
    let draft = Draft::compile(&request(), &json, &columns).unwrap();
    let names: String = (0..7)
        .map(|seq| {
            let mut bytes = Vec::new();
            draft.encode(
                &mut Draw {
                    seq,
                    ..Draw::first(1)
                },
                &mut bytes,
            );
            let message = DynamicMessage::decode(request(), bytes.as_slice()).unwrap();
            message
                .get_field_by_name("name")
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(names, "abcabca");
}

#[test]
fn the_sample_of_every_message_is_one() {
    let samples = samples();
    assert!(
        samples.len() > 40,
        "those of protobuf itself are among them"
    );
    for (message, yaml) in samples {
        // What is written in YAML is read by the scenario language; here the names of the fields suffice.
        let top = yaml.lines().filter(|line| !line.starts_with([' ', '#']));
        for line in top {
            let name = line.split(':').next().unwrap();
            assert!(
                message.get_field_by_name(name).is_some(),
                "{}: {line}",
                message.full_name()
            );
        }
    }
}

const PIECES: [&str; 30] = [
    "{{",
    "}}",
    "\\{{",
    "seq",
    "rand_int",
    " 1",
    " 9",
    "rand_string",
    "csv.",
    "a",
    "b c",
    "\"",
    "now",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"name\"",
    "\"reply\"",
    "\"size\"",
    "1",
    "-1",
    "1e99",
    "null",
    "true",
    "\"{{seq}}\"",
    "\"file\"",
    "\"options\"",
];

#[test]
fn no_text_breaks_a_law() {
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    for round in 0..4_000_u32 {
        let mut data = vec![round as u8];
        for _ in 0..rng.next_u32() % 24 {
            data.extend_from_slice(PIECES[rng.next_u32() as usize % PIECES.len()].as_bytes());
        }
        if round % 3 == 0 {
            let at = rng.next_u32() as usize % data.len();
            data[at] = rng.next_u32() as u8;
        }
        fuzz_template(&data[1..]);
        fuzz_message(&data);
    }
}

#[test]
fn every_message_takes_json_of_its_own_fields() {
    let pool = description::decode(protos::DESCRIPTORS).unwrap();
    for (index, message) in pool.all_messages().enumerate() {
        for field in message.fields() {
            for value in [
                "null",
                "1",
                "\"a\"",
                "\"{{seq}}\"",
                "true",
                "[]",
                "{}",
                "[{}]",
                "[1]",
                "{\"a\":1}",
                "\"{{rand_int 0 1}}\"",
                "[\"{{csv.a}}\"]",
            ] {
                let mut data = vec![u8::try_from(index % 256).unwrap()];
                data.extend_from_slice(format!("{{\"{}\":{value}}}", field.name()).as_bytes());
                fuzz_message(&data);
            }
        }
    }
}
