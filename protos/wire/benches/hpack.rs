//! Decoding header blocks that no memo knows, and cutting DATA into messages.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wire::hpack::{Decoder, Encoder, Indexing, huffman};
use wire::message::{Deframer, MessageRules};
use wire::{FieldList, Message, Request, Template};

fn decode(c: &mut Criterion) {
    let mut request = Request::new("127.0.0.1:50051", "/helloworld.Greeter/SayHello");
    request.metadata = &[
        ("x-tenant", b"blue"),
        ("x-request-id", b"0b7e3f1a-5d0c-4c8e-9e61-2f1d7c3a9b42"),
    ];
    let template = Template::request(&request);
    let mut group = c.benchmark_group("hpack");
    let mut fields = FieldList::new();

    let mut literals = Vec::new();
    Encoder::new(Indexing::Stateless, true).encode(template.fields(), &mut literals);
    let mut decoder = Decoder::default();
    group.bench_function("decode a request, literals and Huffman code", |b| {
        b.iter(|| {
            decoder
                .decode(&literals, &mut fields)
                .expect("our own block")
        });
    });

    let (mut first, mut indices) = (Vec::new(), Vec::new());
    let mut encoder = Encoder::default();
    encoder.encode(template.fields(), &mut first);
    encoder.encode(template.fields(), &mut indices);
    decoder.decode(&first, &mut fields).expect("our own block");
    group.bench_function("decode a request, indices", |b| {
        b.iter(|| {
            decoder
                .decode(&indices, &mut fields)
                .expect("our own block")
        });
    });
    assert_eq!(&fields, template.fields());

    let text = b"0b7e3f1a-5d0c-4c8e-9e61-2f1d7c3a9b42 grpc-rust/1.0 (a user agent of some length)";
    let (mut coded, mut out) = (Vec::new(), Vec::new());
    huffman::encode(text, &mut coded);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("Huffman decode", |b| {
        b.iter(|| {
            out.clear();
            huffman::decode(&coded, &mut out)
        });
    });
    group.finish();
}

fn deframe(c: &mut Criterion) {
    const COUNT: u64 = 700;
    let rules = MessageRules {
        max_len: 1 << 20,
        compressed: false,
    };
    let message = Message::new(&[7; 16]);
    let frame = message.as_framed().repeat(COUNT as usize);
    let mut group = c.benchmark_group("messages of 16 bytes in a DATA frame");
    group.throughput(Throughput::Elements(COUNT));
    let mut deframer = Deframer::default();
    group.bench_function("deframe", |b| {
        b.iter(|| {
            let mut messages = 0;
            deframer
                .receive(&frame, rules, |piece| {
                    messages += u64::from(piece.is_last());
                })
                .expect("our own messages");
            assert_eq!(messages, COUNT);
        });
    });
    group.finish();
}

criterion_group!(benches, decode, deframe);
criterion_main!(benches);
