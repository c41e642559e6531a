//! The examples of RFC 7541 appendix C, decoded and encoded.

use wire::FieldList;
use wire::hpack::{Decoder, Encoder, Indexing};

/// One header list and the block that the RFC gives for it.
type Example = (&'static [(&'static str, &'static str)], &'static str);

const REQUESTS: [&[(&str, &str)]; 3] = [
    &[
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
    ],
    &[
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
        ("cache-control", "no-cache"),
    ],
    &[
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ],
];

const RESPONSES: [&[(&str, &str)]; 3] = [
    &[
        (":status", "302"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("location", "https://www.example.com"),
    ],
    &[
        (":status", "307"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("location", "https://www.example.com"),
    ],
    &[
        (":status", "200"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
        ("location", "https://www.example.com"),
        ("content-encoding", "gzip"),
        (
            "set-cookie",
            "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ),
    ],
];

/// C.3 and C.5 are plain, C.4 and C.6 Huffman-coded.
const C_3: [&str; 3] = [
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
];
const C_4: [&str; 3] = [
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "8286 84be 5886 a8eb 1064 9cbf",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
];
const C_5: [&str; 3] = [
    "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e
     1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "4803 3330 37c1 c0bf",
    "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
     4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572
     7369 6f6e 3d31",
];
const C_6: [&str; 3] = [
    "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b
     97c8 e9ae 82ae 43d3",
    "4883 640e ffc1 c0bf",
    "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
     cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
];

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .bytes()
        .filter(u8::is_ascii_hexdigit)
        .map(|digit| (digit as char).to_digit(16).expect("a hexadecimal digit") as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn list(fields: &[(&str, &str)]) -> FieldList {
    let mut list = FieldList::new();
    for (name, value) in fields {
        list.push(name.as_bytes(), value.as_bytes());
    }
    list
}

/// Decodes the blocks one after the other on one connection, and says the table's size after each.
fn decoded(table: u32, examples: &[Example]) -> Vec<usize> {
    let mut decoder = Decoder::new(table, u32::MAX);
    let mut fields = FieldList::new();
    let mut sizes = Vec::new();
    for (expected, hex) in examples {
        decoder
            .decode(&bytes(hex), &mut fields)
            .expect("the RFC's own block");
        assert_eq!(fields, list(expected));
        sizes.push(decoder.table_size());
    }
    sizes
}

fn examples(
    lists: [&'static [(&'static str, &'static str)]; 3],
    blocks: [&'static str; 3],
) -> [Example; 3] {
    [0, 1, 2].map(|at| (lists[at], blocks[at]))
}

#[test]
fn c_2_representations() {
    assert_eq!(
        decoded(
            4096,
            &[(
                &[("custom-key", "custom-header")],
                "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"
            )]
        ),
        [55]
    );
    assert_eq!(
        decoded(
            4096,
            &[(
                &[(":path", "/sample/path")],
                "040c 2f73 616d 706c 652f 7061 7468"
            )]
        ),
        [0]
    );
    assert_eq!(
        decoded(
            4096,
            &[(
                &[("password", "secret")],
                "1008 7061 7373 776f 7264 0673 6563 7265 74"
            )]
        ),
        [0]
    );
    assert_eq!(decoded(4096, &[(&[(":method", "GET")], "82")]), [0]);
}

#[test]
fn c_3_and_c_4_requests() {
    assert_eq!(decoded(4096, &examples(REQUESTS, C_3)), [57, 110, 164]);
    assert_eq!(decoded(4096, &examples(REQUESTS, C_4)), [57, 110, 164]);
}

#[test]
fn c_5_and_c_6_responses_with_eviction() {
    assert_eq!(decoded(256, &examples(RESPONSES, C_5)), [222, 222, 215]);
    assert_eq!(decoded(256, &examples(RESPONSES, C_6)), [222, 222, 215]);
}

/// Our encoder makes the very blocks of the RFC where nothing is evicted.
#[test]
fn requests_are_encoded_as_in_c_3_and_c_4() {
    for (huffman, blocks) in [(false, C_3), (true, C_4)] {
        let mut encoder = Encoder::new(Indexing::Incremental, huffman);
        for (fields, hex) in examples(REQUESTS, blocks) {
            let mut out = Vec::new();
            encoder.encode(&list(fields), &mut out);
            assert_eq!(out, bytes(hex));
        }
    }
}

/// And what it makes of the responses comes back, whatever the table and the code.
#[test]
fn responses_survive_encoding() {
    for (indexing, huffman) in [
        (Indexing::Incremental, true),
        (Indexing::Incremental, false),
        (Indexing::Stateless, true),
    ] {
        let mut encoder = Encoder::new(indexing, huffman);
        let mut decoder = Decoder::default();
        let mut fields = FieldList::new();
        for round in 0..3 {
            for expected in RESPONSES {
                let mut out = Vec::new();
                encoder.encode(&list(expected), &mut out);
                decoder.decode(&out, &mut fields).expect("our own block");
                assert_eq!(fields, list(expected), "{round}");
            }
            encoder.set_peer_limit([0, 4096, 100][round]);
        }
    }
}
