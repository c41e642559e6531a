//! Bodies of the fuzz targets: plain functions, which the tests replay over a corpus and random bytes.
//!
//! Each panics where a law is broken.

use std::sync::OnceLock;

use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::{Columns, Draft, Draw, description, sample, template::Template};

/// A template text: what is refused says what was expected, and what it points at is in the text.
pub fn fuzz_template(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let columns = ["a".to_owned(), "b c".to_owned()];
    match Template::parse(&text, &columns) {
        Ok(template) => assert!(!template.pieces().is_empty()),
        Err(mistake) => {
            assert!(mistake.message.contains("expected") || mistake.message.contains("unknown"));
            assert!(mistake.focus.is_none_or(|focus| text.contains(&focus)));
        }
    }
}

/// JSON against a message type, which the first byte chooses: what compiles, encodes to a message of that type, and to the
/// same one from the same seed.
pub fn fuzz_message(data: &[u8]) {
    let Some((&which, json)) = data.split_first() else {
        return;
    };
    let message = message(which.into());
    let Ok(json) = serde_json::from_slice(json) else {
        return;
    };
    let columns = Columns {
        names: vec!["a".to_owned()],
        rows: vec![vec!["1".to_owned()], vec!["true".to_owned()]].into(),
    };
    match Draft::compile(&message, &json, &columns) {
        Ok(draft) => {
            let bytes = || {
                let mut bytes = Vec::new();
                draft.encode(&mut Draw::first(1), &mut bytes);
                bytes
            };
            let read = DynamicMessage::decode(message, bytes().as_slice());
            assert!(read.is_ok(), "{json}: {read:?}");
            assert_eq!(bytes(), bytes());
        }
        Err(mistake) => assert!(!mistake.message.is_empty()),
    }
}

/// Any of the messages of protobuf itself and of the Greeter, which have every kind of field.
fn message(which: usize) -> MessageDescriptor {
    static MESSAGES: OnceLock<Vec<MessageDescriptor>> = OnceLock::new();
    let messages = MESSAGES.get_or_init(|| {
        let pool = description::decode(crate::DESCRIPTORS).expect("ours are right");
        pool.all_messages().collect()
    });
    messages[which % messages.len()].clone()
}

/// The sample of every message is one that compiles.
pub fn samples() -> Vec<(MessageDescriptor, String)> {
    let pool = description::decode(crate::DESCRIPTORS).expect("ours are right");
    pool.all_messages()
        .filter(|message| !message.is_map_entry())
        .map(|message| (message.clone(), sample::yaml(&message, 0)))
        .collect()
}
