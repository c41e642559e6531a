//! The Greeter's JSON is protobuf's: prost-reflect reads what we write and writes what we read.

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use protos::helloworld::{HelloReply, HelloRequest, ReplyShape, When};
use protos::json;

fn by_reflection(name: &str) -> prost_reflect::MessageDescriptor {
    let pool = DescriptorPool::decode(protos::DESCRIPTORS).unwrap();
    pool.get_message_by_name(name).unwrap()
}

fn requests() -> Vec<HelloRequest> {
    let full = ReplyShape {
        size: Some(0),
        messages: Some(u32::MAX),
        when: When::Every.into(),
        every: 3,
        headers_at_once: true,
        status_code: 14,
        status_message: "say \"no\"\n\u{1}\u{fc}".to_owned(),
        trailers: [("x-a".to_owned(), "b".to_owned())].into(),
        stamps: true,
    };
    let names = ["", "world", "\u{e4}\u{1f600} \" \\ \t \u{7f} </script>"];
    let shapes = [None, Some(ReplyShape::default()), Some(full)];
    let request = |(name, reply): (&str, Option<ReplyShape>)| HelloRequest {
        name: name.to_owned(),
        reply,
    };
    let pairs = names
        .iter()
        .flat_map(|name| shapes.clone().map(|shape| (*name, shape)));
    pairs.map(request).collect()
}

#[test]
fn a_request_is_what_reflection_makes_of_it() {
    let kind = by_reflection("helloworld.HelloRequest");
    for request in requests() {
        let text = json::write_request(&request);
        let mut reader = serde_json::Deserializer::from_slice(&text);
        let read = DynamicMessage::deserialize(kind.clone(), &mut reader).unwrap();
        assert_eq!(read.encode_to_vec(), request.encode_to_vec(), "{request:?}");
        let theirs = serde_json::to_string(&read).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), theirs);
        assert_eq!(json::read_request(theirs.as_bytes()).unwrap(), request);
    }
}

#[test]
fn other_ways_to_write_it_are_read_too() {
    let text =
        br#" { "reply": { "headers_at_once": true, "when": 3, "size": null } , "name" : null } "#;
    let read = json::read_request(text).unwrap();
    let shape = read.reply.unwrap();
    assert_eq!(
        (shape.headers_at_once, shape.when, shape.size),
        (true, 3, None)
    );
    for wrong in [
        &b""[..],
        b"{",
        b"[]",
        b"{\"nome\":1}",
        b"{\"name\":1}",
        b"\x0a\x05world",
        b"{} {}",
    ] {
        assert!(json::read_request(wrong).is_err(), "{wrong:?}");
        assert!(json::read_reply(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_reply_is_what_reflection_makes_of_it() {
    let kind = by_reflection("helloworld.HelloReply");
    for message in ["", "x", "Hello, \u{e4}\"!", &"x".repeat(10_000)] {
        let mut text = Vec::new();
        let shown: Option<&dyn std::fmt::Display> = match message {
            "" => None,
            _ => Some(&message),
        };
        json::write_reply(shown, &mut text).unwrap();
        let reply = HelloReply {
            message: message.to_owned(),
        };
        let theirs = DynamicMessage::decode(kind.clone(), &reply.encode_to_vec()[..]).unwrap();
        assert_eq!(
            String::from_utf8(text.clone()).unwrap(),
            serde_json::to_string(&theirs).unwrap()
        );
        assert_eq!(json::read_reply(&text).unwrap(), message.len());
        if !message.contains('"') {
            assert_eq!(json::reply_len(message.len() as u64), text.len() as u64);
        }
    }
}

#[test]
fn a_content_type_says_json_by_its_suffix() {
    assert!(json::is_json(b"application/grpc+json"));
    assert!(json::is_json(b"application/grpc+json; charset=utf-8"));
    assert!(!json::is_json(b"application/grpc"));
    assert!(!json::is_json(b"application/grpc+jsonp"));
}
